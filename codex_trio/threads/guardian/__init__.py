"""Automatic review of approval requests for loaded threads."""
