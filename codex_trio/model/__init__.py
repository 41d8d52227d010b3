"""Responses API client."""
