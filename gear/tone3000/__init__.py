"""Tones of Tone 3000: its API, what GTS shows and fetches of it."""
