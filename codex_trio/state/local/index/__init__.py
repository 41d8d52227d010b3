"""The index of rollout files."""
