"""The state database: an index of what the files say, and the few facts that no file holds."""
