"""Tone 3000: its API, what of it GTS shows and fetches, and a stand-in for working offline."""
