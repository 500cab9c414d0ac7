"""Files of captures: what is accepted, inspected, named and kept once by content."""
