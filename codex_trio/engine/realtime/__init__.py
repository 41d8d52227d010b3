"""Talking with a thread by voice: what a realtime server is told, and what it says."""
