"""Who is told when the connection to an environment begins, or is lost with all that ran there."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import msgspec


class ConnectionChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the connection to an environment. A cut that is mended changes nothing."""

    environment_id: str
    is_connected: bool


class ConnectionNews:
    def __init__(self) -> None:
        self._listeners: list[Callable[[ConnectionChange], None]] = []

    def tell(self, change: ConnectionChange) -> None:
        """Tell all who listen."""
        for listener in list(self._listeners):
            listener(change)

    @contextmanager
    def heard(self, listener: Callable[[ConnectionChange], None]) -> Generator[None]:
        """Have a listener told until the block ends."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)
