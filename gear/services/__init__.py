"""Every write of gear and chains, one transaction each."""
