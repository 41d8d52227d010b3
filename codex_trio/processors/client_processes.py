"""What `command/exec` and `process/spawn` have in common: the words for what is refused, and the way to a process.

Owns: checks of what both take, and finding a client's process by its id. Does not own params of one family alone.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import chain
from typing import Generic, Protocol, TypeVar, cast

import msgspec
import trio

from codex_trio.environments.local.client_processes import ClientProcesses
from codex_trio.execution.client_process import ClientProcess
from codex_trio.execution.errors import NotATerminal, SpawnError, StdinClosed, StdinNotOpen
from codex_trio.execution.launch import TerminalSize
from codex_trio.rpc.context import RequestContext
from codex_trio.rpc.errors import RpcError, internal_error, invalid_params, invalid_request
from codex_trio.rpc.resources import DuplicateResource
from codex_trio.util.base64_text import NotBase64, decode_base64

_LONG = 256 * 1024
"""Characters of input that are not worth a hop to a thread."""

Process = TypeVar("Process", bound=ClientProcess)


class WireSize(Protocol):
    """A terminal's size as clients give it."""

    rows: int
    cols: int


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """How a family speaks of what it runs."""

    start: str
    """The method that starts one."""
    write: str
    """The method that gives it input."""
    noun: str
    key: str
    """What its id is called."""
    own_id: str
    """The same, with whose id it is."""
    started: str
    """What it is called until it runs."""


class ProcessFamily(Generic[Process]):
    """The processes of one kind that clients have, by their ids."""

    def __init__(self, kind: type[Process], words: Words, *, new_processes: Callable[[], ClientProcesses]) -> None:
        self._kind = kind
        self._words = words
        self._new_processes = new_processes

    def processes(self, context: RequestContext) -> ClientProcesses:
        """Return what the client has running, of both families."""
        resources = context.connection.resources
        processes = resources.find(ClientProcesses, None)
        if processes is None:
            processes = self._new_processes()
            resources.own(None, processes)
        return processes

    async def start(
        self, process_id: Hashable, process: Process, context: RequestContext, *, on_closed: Callable[[], object]
    ) -> None:
        """Have a process run, and return when it does. Raises RpcError."""
        try:
            await context.connection.resources.start(process_id, process, on_closed=on_closed)
        except DuplicateResource:
            raise invalid_request(f"duplicate active {self._words.own_id}: {_quoted(process_id)}") from None
        except SpawnError as error:
            raise self.not_started(error) from error

    def not_started(self, error: Exception) -> RpcError:
        """Return what is answered when a process could not be started."""
        return internal_error(f"failed to spawn {self._words.started}: {error}")

    async def write(self, process_id: str, delta: str | None, context: RequestContext, *, close: bool) -> None:
        """Give a process input, and return when it has room for it. Raises RpcError."""
        if delta is None and not close:
            raise invalid_params(f"{self._words.write} requires deltaBase64 or closeStdin")
        process = self._find(process_id, context)
        try:
            data = await _decoded(delta or "")
        except NotBase64 as error:
            raise invalid_params(f"invalid deltaBase64: {error}") from error
        # It may never read: whoever would end it must not wait for that.
        context.leave_scope()
        try:
            await process.write(data, close=close)
        except StdinNotOpen:
            raise invalid_request(f"stdin streaming is not enabled for this {self._words.noun}") from None
        except StdinClosed:
            raise invalid_request("stdin is already closed") from None

    def resize(self, process_id: str, size: WireSize, context: RequestContext) -> None:
        """Give its terminal another size. Raises RpcError."""
        wanted = self.terminal_size(size)
        try:
            self._find(process_id, context).resize(wanted)
        except NotATerminal:
            raise invalid_request("failed to resize PTY: process is not attached to a PTY") from None

    def terminate(self, process_id: str, context: RequestContext) -> None:
        """Have it killed, without waiting for that. Raises RpcError."""
        self._find(process_id, context).terminate()

    def check_command(self, command: Sequence[str], env: Mapping[str, str | None] | None) -> None:
        """Raise RpcError for one that is none, or cannot be handed to any program."""
        if not command:
            raise invalid_request("command must not be empty")
        if not command[0]:
            raise internal_error(f"failed to spawn {self._words.started}: the name of the program is empty")
        variables = (text or "" for pair in (env or {}).items() for text in pair)
        if any("\0" in text for text in chain(command, variables)):
            raise internal_error(f"failed to spawn {self._words.started}: nul byte found in provided data")
        if (name := next((name for name in env or () if not name or "=" in name), None)) is not None:
            raise invalid_request(f"env has a variable named {name!r}: names are not empty, and hold no `=`")

    def check_size(self, size: WireSize | None, *, tty: bool) -> None:
        """Raise RpcError for the size of something that has none."""
        if size is not None and not tty:
            raise invalid_params(f"{self._words.start} size requires tty: true")

    def terminal_size(self, size: WireSize | None) -> TerminalSize:
        """Return the size, or the usual one. Raises RpcError."""
        if size is None:
            return TerminalSize()
        if not size.rows or not size.cols:
            raise invalid_params(f"{self._words.noun} size rows and cols must be greater than 0")
        return TerminalSize(rows=size.rows, cols=size.cols)

    def seconds(self, milliseconds: int) -> float:
        """Return a limit of time. Raises RpcError."""
        if milliseconds < 0:
            raise invalid_params(f"{self._words.start} timeoutMs must be non-negative, got {milliseconds}")
        return milliseconds / 1000

    def _find(self, process_id: str, context: RequestContext) -> Process:
        process = context.connection.resources.find(self._kind, process_id)
        if process is None or not process.is_running:
            raise invalid_request(f"no active {self._words.noun} for {self._words.key} {_quoted(process_id)}")
        return process


def encoded_output(data: bytes) -> str:
    """Return a piece of output as its notification has it: JSON already, as nothing in base64 is escaped there."""
    # There are no other readers of a notification than its encoder, which copies this without a look.
    return cast("str", msgspec.Raw(b'"%b"' % binascii.b2a_base64(data, newline=False)))


async def _decoded(delta: str) -> bytes:
    """Return input. Raises NotBase64."""
    if len(delta) <= _LONG:
        return decode_base64(delta)
    return await trio.to_thread.run_sync(decode_base64, delta, abandon_on_cancel=True)


def _quoted(process_id: Hashable) -> str:
    return json.dumps(process_id, ensure_ascii=False)
