"""The picture of the structure in ``docs/architecture.md``: what rooms are for and import.

A room is a folder of an app, or a module right in it. The words are the first line of a room's
docstring, the arrows are the imports, and rooms stand above those that they import.
"""
