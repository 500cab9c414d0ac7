"""Pages of login and account."""
