"""Threads that work for other threads: sub-agents, and what the tools for them reach."""
