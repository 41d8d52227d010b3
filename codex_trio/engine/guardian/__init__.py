"""Automatic review of approval requests: what the reviewing model is told, its verdict, and when enough was refused."""
