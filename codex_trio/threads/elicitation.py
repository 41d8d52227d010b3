"""Questions that clients put to users outside of the server, counted by thread: its clock stands meanwhile.

Owns the counts, which all clients share. Does not own what waits (util/stoppable_clock.py).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from codex_trio.threads import errors
from codex_trio.threads.errors import ThreadError
from codex_trio.util.stoppable_clock import StoppableClock


class Elicitations:
    """The counts of loaded threads; a count outlives the thread's unloading while it is not zero."""

    def __init__(self) -> None:
        self._clocks: dict[str, StoppableClock] = {}
        self._loaded: set[str] = set()

    @contextmanager
    def running(self, thread_id: str) -> Generator[StoppableClock]:
        """Provide the clock of a thread while it is loaded."""
        clock = self._clocks.setdefault(thread_id, StoppableClock())
        self._loaded.add(thread_id)
        try:
            yield clock
        finally:
            self._loaded.discard(thread_id)
            if not clock.stops:
                del self._clocks[thread_id]

    def begin(self, thread_id: str) -> int:
        """Note that a question was put; how many there are. Raises ThreadError."""
        clock = self._clock(thread_id)
        clock.stop()
        return clock.stops

    def end(self, thread_id: str) -> int:
        """Note that a question was answered; how many there are. Raises ThreadError."""
        clock = self._clock(thread_id)
        if not clock.stops:
            raise ThreadError("out-of-band elicitation count is already zero")
        clock.start()
        return clock.stops

    def _clock(self, thread_id: str) -> StoppableClock:
        if thread_id not in self._loaded:
            raise errors.not_found(thread_id)
        return self._clocks[thread_id]
