"""Threads and turns through a client: start a thread, run a turn, read what came of it.

Owns the gathering of a turn's notifications into one result, and the interrupt when the caller is cancelled. Does not
answer approvals: register handlers with `AppServerClient.handle`.

    thread = await start_thread(client, cwd="/work", approvalPolicy="never")
    result = await thread.run("Fix the failing test.")
    print(result.text)
"""

import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Unpack

import trio
from codex_trio_protocol import table

from codex_trio.client.checks import check_params
from codex_trio.client.connection import AppServerClient, Subscription
from codex_trio.client.errors import AppServerError, ServerGone, TurnFailed
from codex_trio.client.messages import Notification, ServerRequest
from codex_trio.client.options import ThreadResumeOptions, ThreadStartOptions, TurnStartOptions

if TYPE_CHECKING:
    from codex_trio_protocol.base import JsonObject
    from codex_trio_protocol.v2.item import ThreadItem

Input = str | Sequence[dict[str, Any]]
"""What a user says: a text, or the protocol's input items."""

_INTERRUPT_SECONDS = 5.0


@dataclass
class TurnResult:
    """What a turn left behind, gathered from its notifications."""

    turn: dict[str, Any]
    """The protocol's Turn as the last notification about it gave it."""
    items: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Completed items in the order of their completion."""
    token_usage: dict[str, Any] | None = None
    """The protocol's ThreadTokenUsage after the last model response; None when no usage was reported."""
    diff: str | None = None
    """The unified diff of everything that patches changed; None when nothing was."""

    @property
    def status(self) -> str:
        """`completed`, `interrupted`, `failed` or `inProgress`."""
        return self.turn["status"]

    @property
    def text(self) -> str:
        """The final answer: the last message marked as such, else the last message without a mark, else ''."""
        messages = [item for item in self.items if item["type"] == "agentMessage"]
        final = [item for item in messages if item.get("phase") == "final_answer"]
        unmarked = [item for item in messages if item.get("phase") is None]
        chosen = final or unmarked
        return chosen[-1]["text"] if chosen else ""

    @property
    def typed_items(self) -> "list[ThreadItem | JsonObject]":
        """The items as protocol structs; one of a kind that this release does not know stays a JSON object."""
        from codex_trio_protocol.base import Open
        from codex_trio_protocol.v2.item import ThreadItem

        return table.convert(self.items, list[Open[ThreadItem]])

    def add(self, message: Notification) -> bool:
        """Take a notification of the turn's thread into account. True when it ends the turn."""
        params = message.params
        if turn_of(params) != self.turn["id"]:
            return False
        match message.method:
            case "turn/started":
                self.turn = params["turn"]
            case "item/completed":
                self.items.append(params["item"])
            case "thread/tokenUsage/updated":
                self.token_usage = params["tokenUsage"]
            case "turn/diff/updated":
                self.diff = params["diff"]
            case "turn/completed":
                self.turn = params["turn"]
                return True
            case _:
                pass
        return False


@dataclass(frozen=True)
class Thread:
    """A thread that this client has started or resumed."""

    client: AppServerClient
    id: str
    settings: dict[str, Any] = field(repr=False)
    """The whole result of `thread/start` or `thread/resume`."""

    async def run(self, user_input: Input, **overrides: Unpack[TurnStartOptions]) -> TurnResult:
        """Run a turn to its end and return what came of it.

        `overrides` are further params of `turn/start`, in wire spelling. Cancelling the caller interrupts the turn.
        Raises TurnFailed when the turn ended with an error, and InvalidMessage before it starts for params that the
        protocol does not have; an interrupted turn is returned like a completed one.
        """
        async with self.stream(user_input, **overrides) as running:
            async for _ in running:
                pass
        if running.result.status == "failed":
            raise TurnFailed(running.result.turn["error"])
        return running.result

    @contextlib.asynccontextmanager
    async def stream(self, user_input: Input, **overrides: Unpack[TurnStartOptions]) -> AsyncGenerator["RunningTurn"]:
        """Start a turn, to be iterated for the thread's notifications until the turn ends.

        Leaving the block before that interrupts the turn. Params are those of `run`.
        """
        with self.client.subscribe(thread_id=self.id, buffer_size=100_000) as messages:
            params = {"threadId": self.id, "input": as_input(user_input), **overrides}
            check_params("turn/start", params)
            started = await self.client.request("turn/start", params)
            running = RunningTurn(self, messages, TurnResult(turn=started["turn"]))
            try:
                yield running
            finally:
                if not running.ended:
                    # The caller is leaving, perhaps cancelled: the server should not work on for nobody.
                    with trio.move_on_after(_INTERRUPT_SECONDS, shield=True):
                        await running.interrupt()

    async def read(self, *, include_turns: bool = True) -> dict[str, Any]:
        """Return the thread as the server has it (the protocol's Thread)."""
        params = {"threadId": self.id, "includeTurns": include_turns}
        return (await self.client.request("thread/read", params))["thread"]


class RunningTurn:
    """A turn under way: iterate it for its thread's notifications; the last one is `turn/completed`."""

    def __init__(self, thread: Thread, messages: Subscription, result: TurnResult) -> None:
        self._thread = thread
        self._messages = messages
        self.result = result
        """What has come so far."""
        self.ended = False

    @property
    def id(self) -> str:
        """The turn's id."""
        return self.result.turn["id"]

    def __aiter__(self) -> "RunningTurn":
        return self

    async def __anext__(self) -> Notification:
        if self.ended:
            raise StopAsyncIteration
        message = await anext(self._messages)
        assert not isinstance(message, ServerRequest)
        self.ended = self.result.add(message)
        return message

    async def steer(self, user_input: Input) -> None:
        """Say more while the turn runs. Raises AppServerError when it has just ended."""
        params = {"threadId": self._thread.id, "expectedTurnId": self.id, "input": as_input(user_input)}
        check_params("turn/steer", params)
        await self._thread.client.request("turn/steer", params)

    async def interrupt(self) -> None:
        """Stop the turn. Does nothing when it has ended meanwhile."""
        with contextlib.suppress(AppServerError, ServerGone):
            params = {"threadId": self._thread.id, "turnId": self.id}
            await self._thread.client.request("turn/interrupt", params)


async def start_thread(client: AppServerClient, **params: Unpack[ThreadStartOptions]) -> Thread:
    """Start a thread with the params of `thread/start`, in wire spelling (`cwd`, `model`, `approvalPolicy`, ...).

    Raises InvalidMessage, before anything is sent, for params that the protocol does not have.
    """
    check_params("thread/start", params)
    result = await client.request("thread/start", params)
    return Thread(client, result["thread"]["id"], result)


async def resume_thread(client: AppServerClient, thread_id: str, **overrides: Unpack[ThreadResumeOptions]) -> Thread:
    """Resume a stored or running thread with the params of `thread/resume`, in wire spelling.

    Raises InvalidMessage, before anything is sent, for params that the protocol does not have.
    """
    params = {"threadId": thread_id, **overrides}
    check_params("thread/resume", params)
    result = await client.request("thread/resume", params)
    return Thread(client, thread_id, result)


def as_input(user_input: Input) -> list[dict[str, Any]]:
    """Return the protocol's input items for what a user says."""
    return [{"type": "text", "text": user_input}] if isinstance(user_input, str) else list(user_input)


def turn_of(params: Any) -> str | None:
    """Return the turn that a notification is about, or None."""
    match params:
        case {"turnId": str(turn_id)} | {"turn": {"id": str(turn_id)}}:
            return turn_id
        case _:
            return None
