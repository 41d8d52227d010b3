"""Sandbox policies and the ways to enforce them on Linux."""
