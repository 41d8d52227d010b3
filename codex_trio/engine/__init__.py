"""The agent loop, free of wire types."""
