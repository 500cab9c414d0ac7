"""Tokens of programs: personal ones, and families of refresh tokens."""
