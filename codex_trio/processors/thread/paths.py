"""Checking paths from requests."""

from __future__ import annotations

from pathlib import Path

from codex_trio.rpc.errors import invalid_request


def parse_path(text: str, *, field: str) -> Path:
    """The path. Raises RpcError when no file can have it."""
    if "\0" in text:
        raise invalid_request(f"`{field}` must not contain a zero byte")
    return Path(text)
