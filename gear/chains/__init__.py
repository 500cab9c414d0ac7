"""What a chain may be (grammar), what may come next (guidance), permutations, descriptions."""
