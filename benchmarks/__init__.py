"""Side-by-side figures of two app-server commands."""
