"""Logging in to MCP servers by OAuth 2.1: who to ask, the login itself, tokens and where they are kept."""
