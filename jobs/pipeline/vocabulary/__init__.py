"""The words of GTS as data, each defined once: gear, slots, options, themes, video sizes.

Models, forms, serializers, the shootout file, pages and the tables of the docs are made from it.
It imports nothing else of ours, so everything may import it.
"""
