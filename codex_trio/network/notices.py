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
        news = self.news(refusal.message)
        if news is not None:
            self._waiting.append(news)
            await self.flush()

    def news(self, message: str) -> str | None:
        """Return what is to be said because of a message; None when it was said, or enough was."""
        if message in self._known or len(self._known) > _MOST:
            return None
        self._known.add(message)
        return message if len(self._known) <= _MOST else _MORE

    def tell_with(self, say: Say) -> None:
        """Say what there is by `say` from now on."""
        self._say = say

    async def flush(self) -> None:
        """Say what has not been said."""
        while self._waiting and self._say is not None:
            await self._say(self._waiting.pop(0))
