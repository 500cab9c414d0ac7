"""SQLite as GTS opens it: write-ahead log, immediate transactions, owner-only files."""
