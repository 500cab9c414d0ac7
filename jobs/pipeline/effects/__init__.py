"""The built-in effects of a chain, as data (blocks) and as sound (processors)."""
