"""What a realtime server is still to be told, within bounds.

Owns the order and the size. Does not own the connection (model/realtime.py).
"""

from __future__ import annotations

from collections import deque

import msgspec

from codex_trio.engine.realtime.protocol import Event
from codex_trio.util.bell import Bell

MAX_WAITING = 16 * 1024 * 1024
"""How many bytes may wait to be sent."""

_EVENT_BYTES = 1000
"""What an event that waits counts beside its text."""


class TooFarBehind(Exception):
    """The realtime server does not take what it is sent."""


class VoiceOutbox:
    """Events that wait to be sent, encoded."""

    def __init__(self) -> None:
        self._events: deque[bytes] = deque()
        self._size = 0
        self._news = Bell()

    def put(self, *events: Event) -> None:
        """Add events, all or none; never waits. Raises TooFarBehind."""
        encoded = [msgspec.json.encode(event) for event in events]
        size = sum(len(data) + _EVENT_BYTES for data in encoded)
        if self._size + size > MAX_WAITING:
            raise TooFarBehind(
                f"the realtime server does not keep up; at most {MAX_WAITING >> 20} MiB may wait to be sent"
            )
        self._size += size
        self._events += encoded
        self._news.ring()

    async def take(self) -> bytes:
        """Return the next event, once there is one."""
        while not self._events:
            await self._news.wait()
        data = self._events.popleft()
        self._size -= len(data) + _EVENT_BYTES
        return data
