"""The document of the API: operation names, examples, error answers."""
