"""The one way to a connection: judged, looked up once, judged again by its addresses, and made.

Owns that order, and that whoever watches hears of a refusal. Does not own the verdicts (`judging`) or how programs ask
for connections (`http_front`, `socks_front`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import trio

from codex_trio.network.dialing import Dialer, Unreachable, connected
from codex_trio.network.judging import HostAttempt, HostJudge, ListedHosts, Refusal, unreachable

Tell = Callable[[Refusal], Awaitable[None]]


class HostRefused(Exception):
    """The connection is not made."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class Opener(Protocol):
    """Opens connections, or says why not."""

    async def open(self, attempt: HostAttempt) -> trio.SocketStream:
        """Return a connection. Raises HostRefused."""
        ...


class ClosedGate:
    """Opens none, and says `why`."""

    def __init__(self, why: str) -> None:
        self._why = why

    async def open(self, attempt: HostAttempt) -> trio.SocketStream:
        await trio.lowlevel.checkpoint()
        raise HostRefused(unreachable(attempt, self._why))


class HostGate:
    """Opens the connections of one command.

    Args:
        listed: what lists and rules say.
        judge: decides what these leave open; None refuses it.
        tell: is told of each refusal.
        dialer: makes the connections.
    """

    def __init__(
        self,
        listed: ListedHosts,
        judge: HostJudge | None,
        tell: Tell | None,
        dialer: Dialer,
    ) -> None:
        self._listed = listed
        self._judge = judge
        self._tell = tell
        self._dialer = dialer

    async def open(self, attempt: HostAttempt) -> trio.SocketStream:
        """Return a connection. Raises HostRefused."""
        refusal = await self._judged(attempt)
        if refusal is None:
            try:
                addresses = await self._dialer.addresses(attempt.host, attempt.port)
                refusal = self._listed.address_refusal(attempt, addresses)
                if refusal is None:
                    return await connected(self._dialer, addresses, attempt.port)
            except Unreachable as error:
                refusal = unreachable(attempt, str(error))
        if refusal.is_told and self._tell is not None:
            await self._tell(refusal)
        raise HostRefused(refusal)

    async def _judged(self, attempt: HostAttempt) -> Refusal | None:
        verdict = self._listed.verdict(attempt)
        if verdict == "allow":
            return None
        if verdict != "ask":
            return verdict
        if self._judge is None:
            return self._listed.unlisted(attempt, ", and nobody can be asked about it here")
        return await self._judge.judge(attempt, self._listed)
