"""Having the clients of a thread run their tools, in bounded time.

Owns how long a call may take, and for how long nobody may be there to answer it. Does not own the calls
(tools/dynamic.py) or their wire form (the clients' port).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from codex_trio.threads.clients import Clients, ThreadClients
from codex_trio.threads.live import LiveThread
from codex_trio.tools.dynamic import ClientToolAnswer, ClientToolCall, ClientToolFailed, dynamic_providers
from codex_trio.tools.registry import ToolProvider
from codex_trio.util.stoppable_clock import StoppableClock

CALL_SECONDS = 600.0
"""How long a client may take for a call, by the thread's clock: it stands while the client asks its user something."""

ALONE_SECONDS = 30.0
"""For how long no client may follow the thread: one that lost its connection resumes it and is asked again."""

_NO_ANSWER = f"the client gave no answer within {CALL_SECONDS:g} seconds; the call may have had effects"
_NOBODY = f"no client that could run the tool has been connected for {ALONE_SECONDS:g} seconds"


class ThreadClientTools:
    """The `ClientTools` of one thread. `unfollowed` returns once nobody has followed it for so many seconds."""

    def __init__(
        self,
        thread_id: str,
        *,
        clients: ThreadClients,
        followers: Clients,
        unfollowed: Callable[[float], Awaitable[None]],
        clock: StoppableClock,
    ) -> None:
        self._thread_id = thread_id
        self._clients = clients
        self._followers = followers
        self._unfollowed = unfollowed
        self._clock = clock

    async def call(self, call: ClientToolCall) -> ClientToolAnswer:
        outcome: ClientToolAnswer | ClientToolFailed | None = None

        async def ask() -> None:
            nonlocal outcome
            try:
                outcome = await self._clients.call_tool(self._thread_id, call, self._followers)
            except ClientToolFailed as failure:
                outcome = failure
            nursery.cancel_scope.cancel()

        async def limit() -> None:
            nonlocal outcome
            await self._clock.wait(trio.Event(), CALL_SECONDS)
            outcome = outcome or ClientToolFailed(_NO_ANSWER)
            nursery.cancel_scope.cancel()

        async def watch() -> None:
            nonlocal outcome
            await self._unfollowed(ALONE_SECONDS)
            outcome = outcome or ClientToolFailed(_NOBODY)
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            nursery.start_soon(limit)
            nursery.start_soon(watch)
        assert outcome is not None
        if isinstance(outcome, ClientToolFailed):
            raise outcome
        return outcome


def client_tools(live: LiveThread, clients: ThreadClients, clock: StoppableClock) -> list[ToolProvider]:
    """Return the providers of the tools that a thread's client brought along."""
    tools = ThreadClientTools(
        live.id, clients=clients, followers=live.subscribers, unfollowed=live.unfollowed, clock=clock
    )
    return dynamic_providers(live.recorder.meta.dynamic_tools, tools)
