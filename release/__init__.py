"""How a version of GTS is released: docs/releasing.md. Nothing that runs imports this."""
