"""Search of gear: words, what is indexed, SQLite's and PostgreSQL's ways."""
