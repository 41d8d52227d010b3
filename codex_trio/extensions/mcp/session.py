"""One conversation with a server: requests and their answers, what the server asks and tells.

Owns: matching answers to requests, time limits, telling the server of a request that nobody waits for any more, and
the handshake. Does not own: how messages travel (`stdio`, `http`), what a tool's result means.

Protocol source: Model Context Protocol, revision 2025-06-18.
"""

from __future__ import annotations

import itertools
import logging
import math
import re
import reprlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, cast

import msgspec
import trio

from codex_trio.extensions.mcp.errors import McpError, McpFailure, McpGone, McpTimeout
from codex_trio.model.lenient_json import TOO_DEEP, UnreadableJson, decode, is_too_deep, mended
from codex_trio.util.loose_json import table_of, tables_of
from codex_trio.util.visible import with_unseen
from codex_trio.version import PROTOCOL_RELEASE

_log = logging.getLogger(__name__)

REVISION = "2025-06-18"
_REVISIONS = ("2024-11-05", "2025-03-26", REVISION, "2025-11-25")
"""Those that begin with a greeting: what we use of them is the same in all."""

INITIALIZED = "notifications/initialized"
CANCELLED = "notifications/cancelled"
CLIENT = {"name": "codex-mcp-client", "title": "Codex", "version": PROTOCOL_RELEASE}
CAPABILITIES: Mapping[str, Any] = {"elicitation": {"form": {}, "url": {}}, "roots": {}}

_METHOD_NOT_FOUND = -32601
_MOST_CODES = 1 << 31
_INTERNAL = -32603
MAX_ITEMS = 10_000
"""The most that a server may list of a kind."""

MAX_VALUES = 1_000_000
"""The most values that a message may be made of, however few bytes they take: looking at each takes its time."""

_MAX_PAGES = 1000
_MAX_ASKED = 100
"""The most that a server may ask at once."""

MAX_UNASKED = 100_000
"""How many messages a server may send within `_UNASKED_SECONDS` that answer nothing, or are none."""

_UNASKED_SECONDS = 60.0
_CANCEL_SECONDS = 1.0
_MAX_ENVELOPE = 100
_READ_AT_ONCE = 128 << 10
_MAX_SHOWN = 64
_TOO_MANY = f"more than {MAX_VALUES} values"
_ANSWER_BEGINS = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,9})\s*,\s*"(?:result|error)"')
_ANSWER_ENDS = re.compile(rb'"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d{1,9})\s*\}\s*$')
"""The two forms in which servers' libraries write answers: what of them can be known without reading them."""


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel has where the answer to a request will not come: the request's id, and why."""

    request_id: Any
    problem: str


class McpChannel(Protocol):
    """Carries whole messages. One that cannot go on raises McpGone."""

    async def send(self, message: bytes) -> None: ...

    async def receive(self) -> bytes | Unanswered | None:
        """Return the next message; None at the end."""
        ...

    def agreed(self, revision: str) -> None:
        """Take note of the revision that the server speaks."""
        ...


class McpPeer(Protocol):
    """What a server may ask of us, and tell."""

    async def elicit(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have the user answer a question of the server's; return the result of `elicitation/create`."""
        ...

    def roots(self) -> list[dict[str, Any]]:
        """Return the folders that the server may look at."""
        ...

    def tools_changed(self) -> None:
        """Note that the server has other tools now."""
        ...

    def says(self, params: Mapping[str, Any]) -> None:
        """Take a line of the server's log."""
        ...


Progress = Callable[[Mapping[str, Any]], None]
"""Told of how far a request is: the params of `notifications/progress`."""


class ServerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of itself."""

    info: Mapping[str, Any]
    capabilities: Mapping[str, Any]
    instructions: str | None


class _Waiting:
    """A request whose answer has not come yet."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.result: Any = None
        self.failure: McpFailure | None = None
        self.done = trio.Event()
        self.limit = trio.CancelScope()


class McpSession:
    """Talks to one server; `run` reads what it says. Requests may be made side by side."""

    def __init__(self, channel: McpChannel, peer: McpPeer) -> None:
        self._channel = channel
        self._peer = peer
        self._ids = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._gone: McpGone | None = None
        self._asked = 0
        self._unasked = 0
        self._unasked_since = -math.inf
        self._answering: dict[str | int, trio.CancelScope] = {}
        """What the server has asked and may take back, by its ids."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Read until the server has closed its end; whoever waits for it then is told so."""
        gone = McpGone("connection closed")
        try:
            async with trio.open_nursery() as nursery:
                task_status.started()
                try:
                    while (message := await self._channel.receive()) is not None:
                        await self._take(message, nursery)
                except McpGone as error:
                    gone = error
                nursery.cancel_scope.cancel()
        finally:
            self._gone = gone
            for waiting in self._waiting.values():
                waiting.failure = waiting.failure or gone
                waiting.done.set()

    async def initialize(self, *, seconds: float) -> ServerFacts:
        """Greet the server. Raises McpFailure."""
        params = {"protocolVersion": REVISION, "capabilities": CAPABILITIES, "clientInfo": CLIENT}
        result = await self.request("initialize", params, seconds=seconds)
        self._channel.agreed(_known_revision(result.get("protocolVersion")))
        await self.notify(INITIALIZED)
        instructions = result.get("instructions")
        return ServerFacts(
            info=table_of(result.get("serverInfo")),
            capabilities=table_of(result.get("capabilities")),
            instructions=instructions if isinstance(instructions, str) else None,
        )

    async def request(
        self, method: str, params: Mapping[str, Any] | None, *, seconds: float, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Return the result of a request, an object. Time that the server waits for the user does not count.

        With `progress`, which must not raise, the server is asked to say how far it is. Raises McpFailure.
        """
        if self._gone is not None:
            raise self._gone
        number = next(self._ids)
        if progress is not None:
            meta = {} if params is None else table_of(params.get("_meta"))
            params = {**(params or {}), "_meta": {**meta, "progressToken": number}}
        waiting = self._waiting[number] = _Waiting(progress)
        waiting.limit.deadline = trio.current_time() + seconds
        try:
            with waiting.limit:
                await self._send({"id": number, "method": method, **({} if params is None else {"params": params})})
                await waiting.done.wait()
            if waiting.limit.cancelled_caught:
                await self._cancel(number)
                raise McpTimeout(f"timed out awaiting {method} after {seconds:g}s")
        except trio.Cancelled:
            await self._cancel(number)
            raise
        finally:
            del self._waiting[number]
        if waiting.failure is not None:
            raise waiting.failure
        if not isinstance(waiting.result, dict):
            raise McpFailure(f"the result of {method} is no object")
        return cast("dict[str, Any]", waiting.result)

    async def all_of(self, method: str, key: str, *, seconds: float) -> list[dict[str, Any]]:
        """Return the items of all pages of a list, which come in `seconds` altogether. Raises McpFailure."""
        items: list[dict[str, Any]] = []
        cursor: Any = None
        deadline = trio.current_time() + seconds
        for _ in range(_MAX_PAGES):
            params = {} if cursor is None else {"cursor": cursor}
            result = await self.request(method, params, seconds=max(0, deadline - trio.current_time()))
            items += tables_of(result.get(key))
            if len(items) > MAX_ITEMS:
                raise McpFailure(f"{method} lists more than {MAX_ITEMS} items")
            if not result.get("nextCursor") or result["nextCursor"] == cursor:
                return items
            cursor = result["nextCursor"]
        raise McpFailure(f"{method} has more than {_MAX_PAGES} pages")

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Tell the server something. Raises McpGone."""
        await self._send({"method": method, **({} if params is None else {"params": params})})

    async def _send(self, envelope: Mapping[str, Any]) -> None:
        await self._channel.send(msgspec.json.encode({"jsonrpc": "2.0", **envelope}))

    async def _cancel(self, number: int) -> None:
        """Tell the server that nobody waits for a request any more."""
        with trio.move_on_after(_CANCEL_SECONDS, shield=True):
            try:
                await self.notify(CANCELLED, {"requestId": number, "reason": "cancelled"})
            except McpFailure as failure:
                _log.debug("a cancelled request could not be told: %s", failure)

    async def _take(self, raw: bytes | Unanswered, nursery: trio.Nursery) -> None:
        if isinstance(raw, Unanswered):
            waiting = self._waiting.get(raw.request_id)
            if waiting is not None and not waiting.done.is_set():
                waiting.failure = McpFailure(raw.problem)
                waiting.done.set()
            return
        try:
            messages = await read_messages(raw)
        except UnreadableJson as error:
            _log.info("an MCP server sent what is no JSON (%s): %r", error, raw[:200])
            self._count_unasked()
            self._fail_unreadable(raw, error)
            return
        if not messages:
            self._count_unasked()
        for message in messages:
            self._take_message(message, nursery)

    def _fail_unreadable(self, raw: bytes, error: UnreadableJson) -> None:
        """Fail the request that an unreadable answer is for. Servers print other things too: nobody waits for those."""
        named = _ANSWER_BEGINS.match(raw) or _ANSWER_ENDS.search(raw, max(0, len(raw) - _MAX_ENVELOPE))
        waiting = None if named is None else self._waiting.get(int(named[1]))
        if waiting is not None and not waiting.done.is_set():
            waiting.failure = McpFailure(f"the answer is no JSON that can be read: {error}")
            waiting.done.set()

    def _take_message(self, message: dict[str, Any], nursery: trio.Nursery) -> None:
        method = message.get("method")
        if isinstance(method, str):
            if message.get("id") is not None:
                if self._asked >= _MAX_ASKED:
                    raise McpGone(f"the server has more than {_MAX_ASKED} requests open")
                self._asked += 1
                nursery.start_soon(self._answer, message)
            else:
                self._count_unasked()
                self._take_notification(method, table_of(message.get("params")))
            return
        waiting = self._waiting.get(message["id"]) if isinstance(message.get("id"), int) else None
        if waiting is None or waiting.done.is_set():
            self._count_unasked()
            return
        if "error" in message and (message["error"] is not None or "result" not in message):
            waiting.failure = _error(message["error"])
        else:
            waiting.result = message.get("result")
        waiting.done.set()

    def _count_unasked(self) -> None:
        """Note a message that answers nothing. Raises McpGone where reading them takes all of our time."""
        now = trio.current_time()
        if now - self._unasked_since >= _UNASKED_SECONDS:
            self._unasked_since, self._unasked = now, 0
        self._unasked += 1
        if self._unasked > MAX_UNASKED:
            raise McpGone(
                f"the server sent more than {MAX_UNASKED} messages that answer nothing within {_UNASKED_SECONDS:g}s"
            )

    def _take_notification(self, method: str, params: Mapping[str, Any]) -> None:
        match method:
            case "notifications/tools/list_changed":
                self._peer.tools_changed()
            case "notifications/cancelled":
                asked = params.get("requestId")
                if isinstance(asked, str | int) and asked in self._answering:
                    self._answering[asked].cancel()
            case "notifications/message":
                self._peer.says(params)
            case "notifications/progress":
                token = params.get("progressToken")
                waiting = self._waiting.get(token) if isinstance(token, int) else None
                if waiting is not None and waiting.progress is not None and not waiting.done.is_set():
                    waiting.progress(params)
            case _:
                return

    async def _answer(self, message: dict[str, Any]) -> None:
        try:
            await self._answer_one(message)
        finally:
            self._asked -= 1

    async def _answer_one(self, message: dict[str, Any]) -> None:
        method, params = message["method"], table_of(message.get("params"))
        answerers: dict[str, Callable[[], Awaitable[Mapping[str, Any]]]] = {
            "ping": _nothing,
            "roots/list": self._roots,
            "elicitation/create": lambda: self._elicit(params),
        }
        answer = answerers.get(method)
        try:
            if answer is None:
                raise McpError(_METHOD_NOT_FOUND, f"{method} is not supported")
            result = await self._until_taken_back(message["id"], answer())
            if result is None:
                return
            outcome: dict[str, Any] = {"result": result}
        except McpError as error:
            outcome = {"error": {"code": error.code, "message": error.message}}
        except Exception as error:
            _log.exception("a request of an MCP server could not be answered")
            outcome = {"error": {"code": _INTERNAL, "message": str(error)}}
        try:
            await self._send({"id": message["id"], **outcome})
        except McpFailure as failure:
            _log.debug("an MCP server could not be answered: %s", failure)

    async def _until_taken_back(
        self, request_id: object, answer: Awaitable[Mapping[str, Any]]
    ) -> Mapping[str, Any] | None:
        """Return an answer; None, which nobody is to hear of, where the server takes its request back meanwhile."""
        if not isinstance(request_id, str | int):
            return await answer
        with trio.CancelScope() as scope:
            self._answering[request_id] = scope
            try:
                return await answer
            finally:
                if self._answering.get(request_id) is scope:
                    del self._answering[request_id]
        return None

    async def _roots(self) -> Mapping[str, Any]:
        await trio.lowlevel.checkpoint()
        return {"roots": self._peer.roots()}

    async def _elicit(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask the user; the clocks of our own requests stand meanwhile."""
        begun = trio.current_time()
        stopped = [(waiting, waiting.limit.deadline - begun) for waiting in self._waiting.values()]
        stopped = [(waiting, left) for waiting, left in stopped if left != math.inf]
        for waiting, _ in stopped:
            waiting.limit.deadline = math.inf
        try:
            return await self._peer.elicit(params)
        finally:
            for waiting, left in stopped:
                waiting.limit.deadline = trio.current_time() + left


async def read_messages(raw: bytes) -> list[dict[str, Any]]:
    """Return the messages of a line, off the loop where that takes a while. Raises UnreadableJson."""
    if len(raw) <= _READ_AT_ONCE:
        return messages_of(raw)
    return await trio.to_thread.run_sync(messages_of, raw)


def messages_of(raw: bytes) -> list[dict[str, Any]]:
    """Return the messages of a line, which may be a batch. Raises UnreadableJson.

    Servers write NaN, and halves of surrogate pairs, as Python's `json` does: that is no reason to lose an answer.
    """
    try:
        decoded: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # This takes far longer, and so counts beforehand what might be values.
        if raw.count(b",") > MAX_VALUES:
            raise UnreadableJson(_TOO_MANY) from None
        decoded = mended(decode(raw))
    if _has_too_many_values(decoded):
        raise UnreadableJson(_TOO_MANY)
    if is_too_deep(decoded):
        raise UnreadableJson(TOO_DEEP)
    return tables_of(decoded if isinstance(decoded, list) else [decoded])


def _known_revision(given: Any) -> str:
    """Return the revision that a server answers with. Raises McpFailure for one that we do not speak."""
    if given in _REVISIONS:
        return given
    shown = with_unseen(given if isinstance(given, str) else msgspec.json.encode(given).decode())
    raise McpFailure(
        f"the server answers with the protocol's revision `{shown[:_MAX_SHOWN]}`, which this client does not speak; "
        f"it speaks {', '.join(_REVISIONS)}"
    )


def _has_too_many_values(decoded: Any) -> bool:
    containers: list[Any] = [[decoded]]
    count = 1
    while containers and count <= MAX_VALUES:
        container = containers.pop()
        inner = cast("dict[str, Any]", container).values() if isinstance(container, dict) else container
        found: list[Any] = [value for value in inner if isinstance(value, dict | list)]
        count += sum(map(len, found))
        containers += found
    return count > MAX_VALUES


async def _nothing() -> Mapping[str, Any]:
    await trio.lowlevel.checkpoint()
    return {}


def _error(value: Any) -> McpError:
    table = table_of(value)
    code, message = table.get("code"), table.get("message")
    return McpError(
        code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < _MOST_CODES else _INTERNAL,
        message if isinstance(message, str) else f"the server answered with what is no error: {reprlib.repr(value)}",
        table.get("data"),
    )
