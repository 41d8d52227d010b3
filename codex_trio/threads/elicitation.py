"""Questions that clients put to users outside of the server, counted by thread: its clock stands meanwhile.

Owns the counts, which all clients share. Does not own what waits (util/pause.py).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from codex_trio.threads import errors
from codex_trio.threads.errors import ThreadError
from codex_trio.util.pause import Pause


class Elicitations:
    """See the module. Those of loaded threads; a count outlives the thread's unloading while it is not zero."""

    def __init__(self) -> None:
        self._pauses: dict[str, Pause] = {}
        self._loaded: set[str] = set()

    @contextmanager
    def running(self, thread_id: str) -> Generator[Pause]:
        """Provide the clock of a thread while it is loaded."""
        pause = self._pauses.setdefault(thread_id, Pause())
        self._loaded.add(thread_id)
        try:
            yield pause
        finally:
            self._loaded.discard(thread_id)
            if not pause.stops:
                del self._pauses[thread_id]

    def begin(self, thread_id: str) -> int:
        """Note that a question was put; how many there are. Raises ThreadError."""
        pause = self._pause(thread_id)
        pause.stop()
        return pause.stops

    def end(self, thread_id: str) -> int:
        """Note that a question was answered; how many there are. Raises ThreadError."""
        pause = self._pause(thread_id)
        if not pause.stops:
            raise ThreadError("out-of-band elicitation count is already zero")
        pause.start()
        return pause.stops

    def _pause(self, thread_id: str) -> Pause:
        if thread_id not in self._loaded:
            raise errors.not_found(thread_id)
        return self._pauses[thread_id]
