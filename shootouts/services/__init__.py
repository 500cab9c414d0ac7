"""Every write of shootouts, one transaction each."""
