"""What is said in a command's output of hosts that it could not reach: each once, and not without end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from codex_trio.network.judging import Refusal

_MOST = 20
_MORE = "Network access was blocked to more hosts, which are not listed."

Say = Callable[[str], Awaitable[None]]


class HostNotices:
    """Those of one command, kept until it is known where they are to be said."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._waiting: list[str] = []
        self._say: Say | None = None

    async def add(self, refusal: Refusal) -> None:
        """Say that a connection was refused."""
        if refusal.message in self._known or len(self._known) > _MOST:
            return
        self._known.add(refusal.message)
        self._waiting.append(refusal.message if len(self._known) <= _MOST else _MORE)
        await self.flush()

    def tell_with(self, say: Say) -> None:
        """Say what there is by `say` from now on."""
        self._say = say

    async def flush(self) -> None:
        """Say what has not been said."""
        while self._waiting and self._say is not None:
            await self._say(self._waiting.pop(0))
