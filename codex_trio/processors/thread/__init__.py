"""The methods about threads."""
