"""Commands of shootouts."""
