"""A DI track through a signal chain; levels; all takes in one file."""
