"""Plugins: bundles of skills, MCP servers, hooks and apps, and the marketplaces that they come from."""
