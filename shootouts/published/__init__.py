"""What a published shootout shows, read from its manifest alone."""
