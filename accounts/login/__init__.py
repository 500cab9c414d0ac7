"""Ways in: passwords, two-factor login, the owner's token, limits of wrong guesses."""
