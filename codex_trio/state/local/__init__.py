"""Threads kept as files under CODEX_HOME, with an index of them in SQLite."""
