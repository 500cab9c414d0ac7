"""Handlers of the jobs of shootouts."""
