"""When all that lives is looked through for garbage: while clients ask for nothing, not in the midst of their requests.

Only cycles need that; everything else goes at once. With a thousand threads loaded one look stops the process for half
a second, and Python has one after a few hundred turns. What is young is looked through as ever. For a process of its
own: the settings are those of the interpreter.
"""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from typing import Any

import trio

YOUNG = (1000, 10)
"""How many objects come to be before the new ones are looked through, and how many such looks before those a little
older are."""

_NEVER = 1_000_000

DUE = 10
OVERDUE = 200
"""How many looks at those a little older make it worthwhile to look at everything, and how many make it necessary."""

QUIET_SECONDS = 1.0
"""For how long clients have asked for nothing when there is time for it."""


async def collect_when_quiet(quiet: Callable[[float], Awaitable[None]]) -> None:
    """Do so until cancelled. `quiet` returns once clients have asked for nothing for so many seconds."""
    before = gc.get_threshold()
    watch = _Watch()
    gc.callbacks.append(watch.note)
    gc.set_threshold(*YOUNG, _NEVER)
    try:
        while True:
            await watch.due.wait()
            with watch.patience:
                await quiet(QUIET_SECONDS)
            watch.due, watch.patience = trio.Event(), trio.CancelScope()
            gc.collect()
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(watch.note)


class _Watch:
    """Tells the event loop what becomes due, from whichever thread the interpreter looks for garbage in."""

    def __init__(self) -> None:
        self.due = trio.Event()
        self.patience = trio.CancelScope()
        self._token = trio.lowlevel.current_trio_token()

    def note(self, phase: str, info: dict[str, Any]) -> None:
        """Called by the interpreter around each look."""
        if phase != "stop" or info["generation"] != 1:
            return
        looks = gc.get_count()[2]
        if looks >= OVERDUE:
            self._token.run_sync_soon(self._hurry, idempotent=True)
        elif looks >= DUE:
            self._token.run_sync_soon(self._set_due, idempotent=True)

    def _set_due(self) -> None:
        self.due.set()

    def _hurry(self) -> None:
        self.due.set()
        self.patience.cancel()
