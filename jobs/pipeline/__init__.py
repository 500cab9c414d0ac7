"""Sound and picture of a shootout, in pure Python: no Django, no Celery, no Channels.

Arrays are float32 with shape ``(channels, frames)`` everywhere inside this package.
"""
