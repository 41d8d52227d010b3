"""When a server process ends: on signals, with its client, and with the process that started it.

Owns what signals mean and the exit code. Does not own what ending consists of (`app.App` and `open_app` do).

A server that listens for clients drains on the first signal: no turn begins, those that run are waited for. The second
SIGINT or SIGTERM ends it at once, as the first one does where a single client owns the server (stdio). Either way turns
that still run are interrupted, their rollouts say so, and what they started is killed.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from codex_trio.server.app import App

_log = logging.getLogger(__name__)

_SIGNAL_BASE = 128
"""What shells add to the number of the signal that ended a program."""

_PATIENCE = 1
"""Signals that come while the process ends at once, and do not break into that: people press Ctrl-C twice."""


@contextmanager
def ending_signals() -> Generator[AsyncIterator[int]]:
    """Provide the signals that end a server, from now on instead of what they do by default.

    SIGHUP is left out where the process was started to ignore it, as `nohup` does.
    """
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    with trio.open_signal_receiver(*numbers) as signals:
        yield signals


class ServerEnding:
    """How one server process comes to its end.

    Args:
        signals: of `ending_signals`.
        drains: whether the first signal lets running turns finish; else it ends the server at once.
    """

    def __init__(self, signals: AsyncIterator[int], *, drains: bool) -> None:
        self.exit_code = os.EX_OK
        self._signals = signals
        self._drains = drains
        self._patience: int | None = None
        """Signals that are still overlooked; None before the end has begun."""

    async def serve(self, app: App, serve_clients: Callable[[App], Awaitable[None]]) -> None:
        """Serve until no client is left to come or the process is told to end. Clients are gone when it returns."""
        async with trio.open_nursery() as nursery:
            if self._drains:
                nursery.start_soon(self._drain_on_signal, app, nursery.cancel_scope)
            else:
                nursery.start_soon(self._stop_on_signal, nursery.cancel_scope)
                nursery.start_soon(_stop_with_parent, app, nursery.cancel_scope)
            await serve_clients(app)
            nursery.cancel_scope.cancel()
        self._begin_to_insist()

    async def _stop_on_signal(self, serving: trio.CancelScope) -> None:
        number = await anext(self._signals)
        if number != signal.SIGTERM:
            # SIGTERM is an ordinary end; of the others callers like to know.
            self.exit_code = _SIGNAL_BASE + number
        self._begin_to_insist()
        serving.cancel()

    async def _drain_on_signal(self, app: App, serving: trio.CancelScope) -> None:
        _log.info("%s: draining, %d turns run", signal.Signals(await anext(self._signals)).name, app.running_turns)
        if app.running_turns:
            turns = "a turn that runs" if app.running_turns == 1 else f"{app.running_turns} turns that run"
            print(f"Waiting for the end of {turns}; Ctrl-C once more ends at once.", file=sys.stderr, flush=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._drain, app, nursery.cancel_scope)
            async for number in self._signals:
                # Terminals and service managers repeat SIGHUP without meaning anything by it.
                if number != signal.SIGHUP:
                    _log.info("%s again: ending at once", signal.Signals(number).name)
                    nursery.cancel_scope.cancel()
                    break
        self._begin_to_insist()
        # All are gone already unless a second signal cut the drain short.
        await app.dismiss()
        serving.cancel()

    def _begin_to_insist(self) -> None:
        """End without order from now on when further signals come; the janitor kills what turns started.

        Plain handlers: they also work where the event loop does not.
        """
        if self._patience is None:
            self._patience = _PATIENCE
            signal.signal(signal.SIGINT, self._lose_patience)
            signal.signal(signal.SIGTERM, self._lose_patience)

    def _lose_patience(self, number: int, _frame: FrameType | None) -> None:
        assert self._patience is not None
        if not self._patience:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self._patience -= 1

    async def _drain(self, app: App, waiting: trio.CancelScope) -> None:
        await app.drain()
        waiting.cancel()


async def _stop_with_parent(app: App, serving: trio.CancelScope) -> None:
    """Whoever started the server is its client: without it nobody is left, though somebody may hold our stdin open."""
    await parent_gone()
    await app.dismiss()
    serving.cancel()


async def parent_gone() -> None:
    """Return when the process that started this one has ended; never where that cannot be found out.

    Not PR_SET_PDEATHSIG: that tells of the end of the thread that forked us.
    """
    parent = os.getppid()
    try:
        # The number of a parent outside of our namespace is 0, which is refused.
        process = os.pidfd_open(parent)
    except OSError:
        await trio.sleep_forever()
        return
    try:
        # Otherwise it has just ended, and its number may be another's.
        if os.getppid() == parent:
            await trio.lowlevel.wait_readable(process)
    finally:
        os.close(process)
