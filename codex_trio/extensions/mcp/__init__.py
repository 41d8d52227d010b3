"""Servers of the Model Context Protocol: settings, sessions over stdio and HTTP, and the pool that threads share."""
