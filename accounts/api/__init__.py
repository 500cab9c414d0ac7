"""The API of accounts, and the key that makes a repeated request harmless."""
