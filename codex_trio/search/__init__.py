"""Finding files by parts of their names."""
