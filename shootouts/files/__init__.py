"""Media as files: who may have which, what has no row, what is damaged."""
