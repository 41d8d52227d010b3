"""How many clients of a listener there may be, and how many that have not yet been let in.

Owns the bounds, which leave descriptors for the work of those who are in, and who has to go when too many wait at the
door: the one that has been there the longest, once it has had time for its handshake. Does not own the handshake, nor
who passes it. Used by the listeners.
"""

import logging
import resource
from collections.abc import Generator
from contextlib import contextmanager

import msgspec
import trio
import trio.abc

from codex_trio.util.bell import Bell
from codex_trio.util.close_reason import CloseReason

_log = logging.getLogger(__name__)

HANDSHAKE_PATIENCE_SECONDS = 0.5
"""How long a client has for its handshake while others wait to be heard: most send it with their first packet."""

FULL = CloseReason(1013, "the server has as many clients as its limit of open files allows; try again later")
"""Told to a client beyond the bound; the code is that of "try again later"."""


class AdmissionLimits(msgspec.Struct, frozen=True):
    """The bounds of one listener."""

    waiting: int
    """Connections that have not been let in. More stay in the kernel's queue."""
    clients: int
    """Those that have."""


def limits_of_descriptors() -> AdmissionLimits:
    """Bound that leave a quarter of the process's descriptors, or enough of them, for threads and what they run."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        descriptors = 1 << 20
    share = max(1, min(128, descriptors // 4))
    return AdmissionLimits(waiting=share, clients=max(1, descriptors - 2 * share))


class Arrival:
    """A connection that has not been let in yet."""

    def __init__(self) -> None:
        self.time = trio.current_time()
        self.scope = trio.CancelScope()


class Admission:
    """Counts connections on their way in. Each listener has one."""

    def __init__(self, limits: AdmissionLimits | None = None) -> None:
        self._limits = limits or limits_of_descriptors()
        self._waiting: dict[Arrival, None] = {}
        self._left = Bell()
        self._clients = 0

    @contextmanager
    def arrival(self) -> Generator[Arrival]:
        """Provide a connection that waits to be let in, which `let_in` ends; cancelled when it is to make room."""
        arrival = Arrival()
        self._waiting[arrival] = None
        try:
            with arrival.scope:
                yield arrival
        finally:
            self._leave(arrival)

    @contextmanager
    def let_in(self, arrival: Arrival) -> Generator[CloseReason | None]:
        """Count the arrival as a client as long as the block lasts.

        Gives why it cannot be one, if there are too many.
        """
        self._leave(arrival)
        self._clients += 1
        try:
            yield FULL if self._clients > self._limits.clients else None
        finally:
            self._clients -= 1

    async def room(self) -> None:
        """Wait until one more may wait; see to it that there is room before long."""
        while len(self._waiting) >= self._limits.waiting:
            oldest = next(iter(self._waiting))
            patience = oldest.time + HANDSHAKE_PATIENCE_SECONDS - trio.current_time()
            if patience <= 0:
                _log.info("%d connections wait to be let in: closed the oldest", len(self._waiting))
                oldest.scope.cancel()
                self._leave(oldest)
                continue
            with trio.move_on_after(patience):
                await self._left.wait()

    def _leave(self, arrival: Arrival) -> None:
        self._waiting.pop(arrival, None)
        self._left.ring()


class AdmittingListener(trio.abc.Listener[trio.SocketStream]):
    """A listener that accepts when there is room."""

    def __init__(self, listener: trio.SocketListener, admission: Admission) -> None:
        self._listener = listener
        self._admission = admission

    async def accept(self) -> trio.SocketStream:
        """Return the next connection. Raises like `trio.SocketListener.accept`."""
        await self._admission.room()
        return await self._listener.accept()

    async def aclose(self) -> None:
        """Close the listener."""
        await self._listener.aclose()
