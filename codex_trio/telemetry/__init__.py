"""Logs on standard error."""
