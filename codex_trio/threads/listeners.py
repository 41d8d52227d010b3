"""Several who hear what one session does: the thread that it belongs to, and what goes along with the thread.

Owns the order: the thread is told first, so that clients know what others then act upon.
"""

from __future__ import annotations

from collections.abc import Callable

from codex_trio.engine.events import Event
from codex_trio.engine.session.services import Listener


class Listeners:
    """A `Listener`; those that come after the first only hear, and never wait."""

    def __init__(self, first: Listener, *others: Callable[[Event], None]) -> None:
        self._first = first
        self._others = others

    def emit(self, event: Event) -> None:
        self._first.emit(event)
        for listen in self._others:
            listen(event)

    async def ready(self) -> None:
        await self._first.ready()
