"""A shootout as a file: out, in again, and rendered again to compare."""
