"""Pages of shootouts, DI tracks, comments, and where a shootout is put together."""
