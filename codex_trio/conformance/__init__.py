"""A pytest plugin and scenarios that judge any app-server."""
