"""Hooks: commands of the user that run at set moments of a thread's work."""
