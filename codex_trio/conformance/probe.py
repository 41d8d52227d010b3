"""A client that remembers everything and waits for things, for scenarios.

Owns the log of a connection and the waits on it; every wait is bounded and its failure shows what came instead. Talks
through `codex_trio.client`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import trio

from codex_trio.client.connection import AppServerClient, thread_of
from codex_trio.client.errors import AppServerError, ServerGone
from codex_trio.client.messages import ServerRequest
from codex_trio.client.process import SpawnedServer
from codex_trio.client.turns import Input, as_input, turn_of
from codex_trio.util.bell import Bell

if TYPE_CHECKING:
    from codex_trio.conformance.in_memory import ServerInMemory

Message = dict[str, Any]
Side = Literal["client", "server"]
Answerer = Callable[[Message], Any]
"""Gives the result for a server request's message."""

WAIT_SECONDS = 30.0
"""A machine that does much else answers late; whoever waits in vain has failed anyway."""


class Waited(AssertionError):
    """Something expected did not come in time."""


class Refused(AssertionError):
    """The server refused a request that the scenario needs."""


@dataclass(frozen=True)
class FinishedTurn:
    """A turn that has ended: its messages from `turn/start`'s reply on, in order."""

    id: str
    messages: list[Message]

    @property
    def methods(self) -> list[str]:
        """The methods of the notifications and requests, in order."""
        return [message["method"] for message in self.messages if "method" in message]

    @property
    def final(self) -> dict[str, Any]:
        """The Turn object of `turn/completed`."""
        return self.messages[-1]["params"]["turn"]

    @property
    def status(self) -> str:
        return self.final["status"]

    @property
    def error(self) -> Any:
        return self.final["error"]

    def of(self, *methods: str) -> list[dict[str, Any]]:
        """Return the params of the messages with one of these methods."""
        return [message["params"] for message in self.messages if message.get("method") in methods]

    def started(self, kind: str) -> list[dict[str, Any]]:
        """Return items of a type as `item/started` gave them."""
        return [params["item"] for params in self.of("item/started") if params["item"]["type"] == kind]

    def items(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return items (of a type) as `item/completed` gave them."""
        found = [params["item"] for params in self.of("item/completed")]
        return found if kind is None else [item for item in found if item["type"] == kind]

    @property
    def text(self) -> str:
        """The text of the last agent message; '' when there is none."""
        messages = self.items("agentMessage")
        return messages[-1]["text"] if messages else ""


class Probe:
    """A connection under observation."""

    def __init__(self, server: "SpawnedServer | ServerInMemory", log: "Log") -> None:
        self.server = server
        self.client: AppServerClient = server.client
        self.log = log

    async def initialize(self, name: str, *, experimental: bool, opt_out: Collection[str]) -> None:
        """Introduce the client. Raises Refused, or Waited when the server does not answer."""
        try:
            with trio.move_on_after(WAIT_SECONDS):
                await self.client.initialize(name, "1.0", experimental=experimental, opt_out=opt_out)
                return
        except AppServerError as error:
            raise Refused(f"initialize was refused: {error}") from error
        except ServerGone as gone:
            raise Waited(f"the server ended before it answered `initialize`: {gone}") from gone
        raise Waited(f"no answer to `initialize` within {WAIT_SECONDS:g} s\nstderr:\n{self.server.stderr[-2000:]}")

    async def request(self, method: str, params: Any = None) -> Any:
        """Return a request's result. `params=None` sends `{}`."""
        try:
            return await self._bounded(method, {} if params is None else params)
        except AppServerError as error:
            raise Refused(f"{method} was refused: {error}") from error

    async def refusal(self, method: str, params: Any = None) -> AppServerError:
        """Return the error of a request that has to be refused. `params=None` sends `{}`."""
        try:
            result = await self._bounded(method, {} if params is None else params)
        except AppServerError as error:
            return error
        raise AssertionError(f"{method} was not refused but answered with {result}")

    async def exchange(self, message: Message | bytes) -> Message:
        """Send an envelope as it is and return the next reply, whatever its id."""
        self.log.skip()
        await self.send(message)
        return await self.next(lambda reply: "method" not in reply, "a reply")

    async def send(self, message: Message | bytes) -> None:
        """Send an envelope, or any line, as it is."""
        await self.client.send_raw(message if isinstance(message, bytes) else msgspec.json.encode(message))

    async def next(
        self,
        wanted: Callable[[Message], bool],
        what: str,
        *,
        seconds: float = WAIT_SECONDS,
        answer: Answerer | None = None,
    ) -> Message:
        """Return the next message of the server that satisfies `wanted`; those before it count as seen.

        Server requests on the way are answered by `answer`, if given.
        """
        passed: list[Message] = []
        with trio.move_on_after(seconds):
            while (message := await self.log.take()) is not None:
                passed.append(message)
                if answer is not None and "method" in message and "id" in message:
                    await self.respond(message, answer(message))
                if wanted(message):
                    return message
        seen = "\n".join(f"  {shorten(message)}" for message in passed) or "  nothing"
        how = "before the server ended" if self.log.ended else f"within {seconds:g} s"
        raise Waited(f"no {what} {how}; instead came:\n{seen}\nstderr:\n{self.server.stderr[-2000:]}")

    async def until(
        self,
        method: str,
        *,
        thread_id: str | None = None,
        where: Callable[[Any], bool] | None = None,
        seconds: float = WAIT_SECONDS,
    ) -> Message:
        """Return the next notification or server request of a method (of a thread, with params that
        satisfy `where`).
        """

        def wanted(message: Message) -> bool:
            if message.get("method") != method:
                return False
            params = message.get("params")
            return (thread_id is None or thread_of(params) == thread_id) and (where is None or where(params))

        return await self.next(wanted, method, seconds=seconds)

    async def respond(self, request: Message, result: Any) -> None:
        """Answer a server request, rightly or not."""
        await self.client.respond_unchecked(ServerRequest(request["id"], request["method"], request["params"]), result)

    async def refuse(self, request: Message, text: str, *, code: int = -32603) -> None:
        """Answer a server request with an error."""
        await self.client.refuse(ServerRequest(request["id"], request["method"], request["params"]), text, code=code)

    async def nothing_more(self, *, seconds: float = 0.1) -> None:
        """Check that the server says nothing: not before a request sent now is answered, nor for a while after."""
        before = len(self.log.from_server)
        await self._bounded("thread/loaded/list", {})
        await trio.sleep(seconds)
        extra = self.log.from_server[before:]
        assert [shorten(message) for message in extra[:-1]] == []
        self.log.skip()

    async def start_thread(self, **params: Any) -> dict[str, Any]:
        """Start a thread and return its Thread object."""
        return (await self.request("thread/start", params))["thread"]

    async def start_turn(self, thread_id: str, user_input: Input = "go", **overrides: Any) -> str:
        """Start a turn and return its id."""
        params = {"threadId": thread_id, "input": as_input(user_input), **overrides}
        return (await self.request("turn/start", params))["turn"]["id"]

    async def run_turn(
        self, thread_id: str, user_input: Input = "go", *, answer: Answerer | None = None, **overrides: Any
    ) -> FinishedTurn:
        """Run a turn to its end. Server requests are answered by `answer`."""
        self.log.skip()
        turn_id = await self.start_turn(thread_id, user_input, **overrides)
        return await self.finish_turn(turn_id, answer=answer)

    async def finish_turn(
        self, turn_id: str, *, answer: Answerer | None = None, seconds: float = WAIT_SECONDS
    ) -> FinishedTurn:
        """Wait for a turn's end and gather its messages from the start of the log."""

        def ends(message: Message) -> bool:
            return message.get("method") == "turn/completed" and turn_of(message["params"]) == turn_id

        last = await self.next(ends, f"end of turn {turn_id}", answer=answer, seconds=seconds)
        messages = self.log.from_server
        # The reply is the start: a turn that is too quick for its reply would otherwise lose its first messages.
        first = next(index for index, message in enumerate(messages) if is_start_of(message, turn_id))
        return FinishedTurn(turn_id, messages[first : messages.index(last) + 1])

    async def _bounded(self, method: str, params: Any) -> Any:
        with trio.move_on_after(WAIT_SECONDS):
            return await self.client.request(method, params)
        raise Waited(f"no answer to {method} within {WAIT_SECONDS:g} s\nstderr:\n{self.server.stderr[-2000:]}")


class Log:
    """Every message of a connection in order. Filled by the client's observer."""

    def __init__(self) -> None:
        self.entries: list[tuple[Side, Any]] = []
        self.from_server: list[Message] = []
        self.ended = False
        self._next = 0
        self._news = Bell()

    def observe(self, side: Side, message: Any) -> None:
        """Append a message."""
        self.entries.append((side, message))
        if side == "server":
            self.from_server.append(message)
            self._news.ring()

    async def watch_end(self, closed: trio.Event) -> None:
        """Wait for the connection's end and tell whoever waits for a message."""
        await closed.wait()
        self.ended = True
        self._news.ring()

    async def take(self) -> Message | None:
        """Return the server's next message that was not taken or skipped yet; None when there will be none."""
        while self._next >= len(self.from_server):
            if self.ended:
                return None
            await self._news.wait()
        message = self.from_server[self._next]
        self._next += 1
        return message

    async def grows(self) -> bool:
        """Wait until more has come from the server than now; False when nothing more will."""
        if not self.ended:
            await self._news.wait()
        return not self.ended

    def skip(self) -> None:
        """Count everything received so far as seen."""
        self._next = len(self.from_server)

    def methods(self) -> list[str]:
        """Return the methods of everything that the server sent, in order; replies as `reply`."""
        return [message.get("method", "reply") for message in self.from_server]


def is_start_of(message: Message, turn_id: str) -> bool:
    """Return whether a message is the reply to the `turn/start` of a turn, or anything of that turn."""
    match message:
        case {"result": {"turn": {"id": found}}}:
            return found == turn_id
        case {"method": _, "params": params}:
            return turn_of(params) == turn_id
        case _:
            return False


def shorten(message: Message, *, limit: int = 300) -> str:
    """Return a message as one short line, for failure reports."""
    line = msgspec.json.encode(message).decode()
    return line if len(line) <= limit else f"{line[:limit]}... ({len(line)} characters)"


def statuses(messages: Iterable[Message]) -> list[Any]:
    """Return the statuses that `thread/status/changed` notifications tell, in order."""
    return [message["params"]["status"] for message in messages if message.get("method") == "thread/status/changed"]


def without(methods: Sequence[str], *left_out: str) -> list[str]:
    """Return a list of methods without some of them."""
    return [method for method in methods if method not in left_out]
