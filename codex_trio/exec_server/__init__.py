"""Runs commands and changes files for an app-server elsewhere, over one small protocol."""
