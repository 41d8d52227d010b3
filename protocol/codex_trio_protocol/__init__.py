"""The Codex app-server protocol as typed structs."""
