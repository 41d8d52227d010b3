"""A machine elsewhere, behind an exec-server."""
