"""Helpers that depend on nothing of this package."""
