"""Which product a server is, for plugins and skills that are for some products alone.

It follows from where its threads say they come from.
"""

from __future__ import annotations

CODEX = "codex"
_PRODUCTS = frozenset({CODEX, "chatgpt", "atlas"})
_OF_CODEX = frozenset({"vscode", "cli", "exec", "mcp", "app-server", "unknown"})


def product_of(source: str) -> str | None:
    """Return the product of a session source; None where it is one of which nothing is known."""
    word = source.strip().casefold()
    if word in _OF_CODEX:
        return CODEX
    return word if word in _PRODUCTS else None
