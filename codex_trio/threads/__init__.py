"""Loaded threads: their lives, subscribers, listing, history and projection to the wire."""
