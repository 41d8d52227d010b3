"""Credentials for model providers."""
