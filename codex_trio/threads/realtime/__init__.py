"""Talking with a thread by voice: sessions, and what of them clients hear."""
