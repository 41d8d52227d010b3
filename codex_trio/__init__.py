"""An independent Codex app-server built on Trio."""
