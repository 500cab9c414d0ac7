"""People: accounts, login, sessions, tokens, the audit trail, erasure."""
