"""The process: what it is built of, and the order in which it ends."""
