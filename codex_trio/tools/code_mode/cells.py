"""Scripts that run, called cells: what they say, the tools that they call, and how long anybody waits for them.

Owns one turn's cells and the processes that they run in: they end with the turn. What scripts keep for later ones
outlives it. Does not own the messages and processes (execution/scripts), or what the model is told (tools.py).
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Literal, Protocol, TypeAlias

import msgspec
import trio

from codex_trio.execution.errors import ScriptProcessEnded
from codex_trio.util.bell import Bell

_log = logging.getLogger(__name__)

OUTPUT_BYTES = 16 * 1024 * 1024
"""What a script may say before anybody has heard it."""

PART_BYTES = 512
"""What a piece of output or a kept value takes beside its text."""

_COUNTED = f", where each piece counts {PART_BYTES} more than it has"

CALLS_AT_ONCE = 256

CELLS_AT_ONCE = 64
"""How many scripts of a turn may run or wait to be heard."""

STORED_BYTES = 16 * 1024 * 1024
"""What the scripts of a thread may keep altogether."""

END_SECONDS = 5.0

CellState: TypeAlias = Literal["running", "completed", "failed", "terminated"]


class ScriptEngine(Protocol):
    """A process that runs one script after the other."""

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message. Raises ScriptProcessEnded."""
        ...

    async def receive(self) -> dict[str, Any]:
        """Return the next message. Raises ScriptProcessEnded."""
        ...

    async def aclose(self) -> None:
        """End the process, whatever it does."""
        ...


class NestedTool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool under the name that scripts have for it, and what they read of it."""

    name: str
    description: str


class NestedFailure(Exception):
    """A call of a script did not work; the text is what the script is told."""


class TooManyCells(Exception):
    """No script can begin before others have ended and were heard."""


class NestedTools(Protocol):
    """What scripts can call."""

    @property
    def listed(self) -> Sequence[NestedTool]: ...

    async def call(self, name: str, value: Any) -> Any:
        """Return what a call gives, as JSON values. Raises NestedFailure."""
        ...

    async def notify(self, cell_id: str, text: str) -> None:
        """Tell the model something at once. Raises NestedFailure when it was told too much."""
        ...

    async def picture(self, url: str) -> dict[str, Any]:
        """Return the part that shows a picture to the model, or says why it cannot."""
        ...


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a cell has said since it was last heard."""

    state: CellState
    parts: list[dict[str, Any]]
    error: str | None = None


class StoredValues:
    """What the scripts of a thread keep for later ones: JSON texts by name."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._size = 0

    def keep(self, name: str, value: str) -> bool:
        """Keep a value; whether there was room for it."""
        former = self.values.get(name)
        others = self._size - (0 if former is None else _kept_size(name, former))
        size = others + _kept_size(name, value)
        if size > STORED_BYTES:
            return False
        self.values[name] = value
        self._size = size
        return True


def _kept_size(name: str, value: str) -> int:
    return len(name) + len(value) + PART_BYTES


class Cells:
    """The cells of one turn. `spawn` runs a task that outlives the call which started it.

    `start_process` raises ScriptProcessEnded.
    """

    def __init__(
        self,
        start_process: Callable[[], ScriptEngine],
        *,
        stored: StoredValues,
        numbers: itertools.count[int],
        spawn: Callable[[Callable[[], Awaitable[None]]], None],
    ) -> None:
        self._start_process = start_process
        self._stored = stored
        self._numbers = numbers
        self._spawn = spawn
        self._cells: dict[str, Cell] = {}
        self._running: set[Cell] = set()
        self._idle: list[ScriptEngine] = []
        self._is_closed = False

    def start(self, code: str, tools: NestedTools) -> Cell:
        """Run a script. Raises ScriptProcessEnded when no process can be started, TooManyCells."""
        if len(self._cells) >= CELLS_AT_ONCE:
            raise TooManyCells(
                f"{CELLS_AT_ONCE} scripts of this turn run or were not heard to their end: call `wait` for some of "
                f"them first, with `terminate` where they are not needed (cells {', '.join(self._cells)})"
            )
        process = self._idle.pop() if self._idle else self._start_process()
        cell = Cell(str(next(self._numbers)), process, tools=tools, stored=self._stored)
        self._cells[cell.id] = cell
        self._running.add(cell)
        self._spawn(partial(self._run, cell, code))
        return cell

    def find(self, cell_id: str) -> Cell | None:
        """Return a cell whose end nobody has heard of yet."""
        return self._cells.get(cell_id)

    def forget(self, cell: Cell) -> None:
        """Note that the model knows how a cell ended."""
        self._cells.pop(cell.id, None)

    async def aclose(self) -> None:
        """End all that runs."""
        self._is_closed = True
        for cell in self._running:
            cell.terminate()
        with trio.move_on_after(END_SECONDS):
            for cell in list(self._running):
                await cell.over.wait()
        while self._idle:
            await self._idle.pop().aclose()

    async def _run(self, cell: Cell, code: str) -> None:
        is_reusable = False
        try:
            is_reusable = await cell.run(code)
        except Exception:
            _log.exception("the script of cell %s broke", cell.id)
            cell.fail("it broke; the server's log says why")
        finally:
            # Whoever ends the thread cancels this task too.
            with trio.CancelScope(shield=True):
                if is_reusable and not self._is_closed:
                    self._idle.append(cell.process)
                else:
                    await cell.process.aclose()
            self._running.discard(cell)
            cell.over.set()


class Cell:
    """One script. `over` is set when nothing of it runs any more."""

    def __init__(self, cell_id: str, process: ScriptEngine, *, tools: NestedTools, stored: StoredValues) -> None:
        self.id = cell_id
        self.process = process
        self.over = trio.Event()
        self._tools = tools
        self._stored = stored
        self._state: CellState = "running"
        self._error: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._size = 0
        self._open_calls = 0
        self._wants_yield = False
        self._news = Bell()
        self._scope = trio.CancelScope()

    def terminate(self) -> None:
        """End the script, whatever it does; what it has called is cancelled."""
        if self._state == "running":
            self._state = "terminated"
        self._scope.cancel()
        self._news.ring()

    def fail(self, error: str) -> None:
        """Note that the script has ended by a fault."""
        self._end("failed", error)

    async def heard(self, seconds: float) -> Heard:
        """Return what the script has said once it ends or wants to be heard, at the latest after so long."""
        with trio.move_on_after(seconds):
            while self._state == "running" and not self._wants_yield:
                await self._news.wait()
        self._wants_yield = False
        parts, self._parts, self._size = self._parts, [], 0
        return Heard(state=self._state, parts=parts, error=self._error)

    async def run(self, code: str) -> bool:
        """Run the script to its end; whether its process can run another one.

        What it has called and not waited for goes on until it ends by itself.
        """
        with self._scope:
            begin = {
                "type": "begin",
                "code": code,
                "tools": [msgspec.to_builtins(tool) for tool in self._tools.listed],
                "values": self._stored.values,
            }
            is_reusable = False
            async with trio.open_nursery() as nursery:
                try:
                    await self.process.send(begin)
                    is_reusable = await self._listen(nursery)
                except ScriptProcessEnded as ended:
                    self._end("failed", str(ended))
            return is_reusable and not self._scope.cancel_called
        return False

    async def _listen(self, nursery: trio.Nursery) -> bool:
        while True:
            message = await self.process.receive()
            match message["type"]:
                case "call":
                    await self._begin_call(nursery, message)
                case "text":
                    self._say({"type": "input_text", "text": message["text"]})
                case "image":
                    self._say(await self._tools.picture(message["url"]))
                case "audio":
                    self._say({"type": "input_text", "text": NO_AUDIO})
                case "store":
                    if not self._stored.keep(message["key"], message["value"]):
                        self._end("failed", f"store() has room for {STORED_BYTES} characters in all{_COUNTED}")
                        return False
                case "notify":
                    try:
                        await self._tools.notify(self.id, message["text"])
                    except NestedFailure as failure:
                        self._end("failed", str(failure))
                        return False
                case "yield":
                    self._wants_yield = True
                    self._news.ring()
                case _:
                    error = message.get("error")
                    self._end("completed" if error is None else "failed", error)
                    # One that has not answered all calls would take what comes for answers to the next script's.
                    return self._open_calls == 0
            if self._size > OUTPUT_BYTES:
                self._end("failed", f"the script said more than {OUTPUT_BYTES} characters at once{_COUNTED}")
                return False

    def _say(self, part: dict[str, Any]) -> None:
        self._parts.append(part)
        self._size += len(part.get("text") or part.get("image_url") or "") + PART_BYTES

    def _end(self, state: CellState, error: str | None) -> None:
        if self._state == "running":
            self._state, self._error = state, error
        self._news.ring()

    async def _begin_call(self, nursery: trio.Nursery, message: dict[str, Any]) -> None:
        if self._open_calls >= CALLS_AT_ONCE:
            error = f"more than {CALLS_AT_ONCE} calls are open at once: await some first"
            await self.process.send({"type": "result", "id": message["id"], "error": error})
            return
        self._open_calls += 1
        nursery.start_soon(self._call, message)

    async def _call(self, message: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"type": "result", "id": message["id"]}
        try:
            answer["value"] = await self._tools.call(message["name"], message["input"])
        except NestedFailure as failure:
            answer["error"] = str(failure)
        finally:
            self._open_calls -= 1
        if self._state == "running":
            try:
                await self.process.send(answer)
            except ScriptProcessEnded:
                # Whoever listens to it says so.
                return


NO_AUDIO = "audio content omitted because you do not support audio input"
