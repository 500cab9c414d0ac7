"""Captures and impulse responses, and the signal chains that are made of them."""
