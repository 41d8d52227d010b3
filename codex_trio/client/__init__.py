"""A Trio client for any app-server."""
