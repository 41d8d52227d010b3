"""What the user is warned of in a thread."""

from __future__ import annotations

from collections.abc import Callable

from codex_trio.engine import events


class ThreadWarnings:
    """Tells the warnings of one thread."""

    def __init__(self, emit: Callable[[events.Event], None]) -> None:
        self._emit = emit
        self._told: set[str] = set()

    def tell(self, message: str) -> None:
        """Tell the user something that went wrong."""
        self._emit(events.ThreadWarning(message=message))

    def once(self, message: str) -> None:
        """Tell the user something that holds for the whole thread, the first time only."""
        if message not in self._told:
            self._told.add(message)
            self.tell(message)
