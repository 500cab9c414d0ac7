"""Sessions of browsers: where they are kept, whose they are, how they end."""
