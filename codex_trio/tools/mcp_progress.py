"""How far a call of an MCP server's tool is, as its server tells it.

Owns the words, and that a server which tells very much costs clients little. Does not own who is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import trio

PAUSE_SECONDS = 0.2
"""What comes sooner after what was told last is passed over: the end of the call is told in any case."""

_MAX_MESSAGE = 2000


class CallProgress:
    """Passes on what a server tells of one call. `tell` gets a text for the user."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told_at: float | None = None

    def take(self, params: Mapping[str, Any]) -> None:
        """Take the params of a `notifications/progress`."""
        now = trio.current_time()
        if self._told_at is not None and now - self._told_at < PAUSE_SECONDS:
            return
        words = _words(params)
        if words:
            self._told_at = now
            self._tell(words)


def _words(params: Mapping[str, Any]) -> str:
    message = params.get("message")
    if isinstance(message, str) and message.strip():
        return message[:_MAX_MESSAGE]
    done, total = params.get("progress"), params.get("total")
    if not _is_number(done):
        return ""
    return f"{done:g} of {total:g}" if _is_number(total) else f"{done:g}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
