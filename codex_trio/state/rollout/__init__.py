"""Rollout files: one append-only line file a thread."""
