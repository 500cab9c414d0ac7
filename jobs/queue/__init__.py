"""Claiming, running, retrying, canceling and sweeping jobs; heartbeats, fair order."""
