"""The video of a shootout: timeline, scenes, text, encoding, chapters."""
