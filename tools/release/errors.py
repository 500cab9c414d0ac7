class ReleaseError(Exception):
    """A release cannot be made; the text is for anyone who makes it."""
