"""The kinds of work that a session does, one a module."""
