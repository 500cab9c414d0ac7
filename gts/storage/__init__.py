"""Where media are: a folder or a bucket."""
