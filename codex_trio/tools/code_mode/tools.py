"""The tools `exec` and `wait`: a script that calls the other tools, and what it says later.

Owns what the model is told of them and of a script's output. Does not own how scripts run (cells.py).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.execution.errors import ScriptProcessEnded
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.code_mode.cells import Cell, Cells, Heard, NestedFailure, NestedTool, TooManyCells
from codex_trio.tools.code_mode.pragma import parse_script
from codex_trio.tools.code_mode.results import value_of
from codex_trio.tools.context import ToolContext
from codex_trio.tools.picture_form import PictureProblem
from codex_trio.tools.pictures import ModelPictures, omitted
from codex_trio.tools.registry import Tool
from codex_trio.tools.truncate import fit_joined, fit_parts, token_estimate
from codex_trio.util.fair_lock import FairLock

_log = logging.getLogger(__name__)

EXEC_YIELD_MS = 30_000
WAIT_YIELD_MS = 10_000
LONGEST_YIELD_MS = 300_000

FAILED = "Script failed"

_NOTICE_TOKENS = 64
"""What a notice takes beside its text, so that there are not too many either."""

_GRAMMAR = r"""
start: options_line? SOURCE
options_line: OPTIONS NEWLINE
OPTIONS: /[ \t]*\/\/ @exec:[^\r\n]*/
NEWLINE: /\r?\n/
SOURCE: /[\s\S]+/
"""

_INTRODUCTION = """\
Runs a script in JavaScript that calls your other tools.
- Send the source text itself: no JSON, no quotes, no code fence. It is the body of an async function in strict mode.
- `tools` has a function for each tool, as in `await tools.exec_command({ cmd: "ls" })`; it takes an object, or text \
where the declaration says so, and gives an object or text. A call that does not work throws its reason.
- Calls run side by side where you do not await one before the next: use `Promise.all`.
- There is no Node, no console, no import, no file system and no network, but for what the tools reach.
- A first line `// @exec: {"yield_time_ms": 30000, "max_output_tokens": 10000}` sets how long to wait for the script \
before you hear what it has said so far, and how much of that you get; these are the defaults.
- A script that still runs then goes on, and you get a cell ID for `wait`. When it is through, calls that it did not \
await are not waited for.

Beside `tools`:
- `text(value)` adds to the output; what is no string is written as JSON. Nothing else of a script reaches you.
- `image(url)` adds a picture: a data URL, or an object with `image_url` as tools give it. `generatedImage(result)`: \
the same with its hint. `audio(url)` adds sound.
- `store(key, value)` keeps a JSON value for later scripts of this thread; `load(key)` gives it, or undefined.
- `notify(value)` tells you something at once, while the script runs. `yield_control()` ends your wait for it.
- `exit()` ends the script. `setTimeout(callback, ms)` and `clearTimeout(id)` are there; a timer keeps no script alive.
- `ALL_TOOLS` lists all tools as `{ name, description }`, also those that are not declared below."""

_WAIT_SPEC: dict[str, Any] = {
    "type": "function",
    "name": "wait",
    "description": (
        "Waits for a script that `exec` left running, and returns what it has said since. Its output is the last one "
        "when it says that the script is over; else wait again."
    ),
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {
            "cell_id": {"type": "string", "description": "The script, as `exec` named it."},
            "yield_time_ms": {"type": "number", "description": "How long to wait, in ms. Default 10000."},
            "max_tokens": {"type": "number", "description": "How much output to return. Default 10000."},
            "terminate": {"type": "boolean", "description": "True ends the script instead of waiting for it."},
        },
        "required": ["cell_id"],
        "additionalProperties": False,
    },
}


class Scripts(Protocol):
    """What the two tools share in one turn."""

    @property
    def cells(self) -> Cells: ...

    @property
    def nested(self) -> Sequence[NestedTool]: ...

    @property
    def specs_of_nested(self) -> Mapping[str, Mapping[str, Any]]: ...

    @property
    def pictures(self) -> ModelPictures: ...

    def nested_tool(self, name: str) -> tuple[str | None, Tool]: ...


class CellArguments(msgspec.Struct):
    """Arguments of `wait`."""

    cell_id: str
    yield_time_ms: float = WAIT_YIELD_MS
    max_tokens: float | None = None
    terminate: bool = False


class Exec:
    """Runs scripts; see the module."""

    parallel = True

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._lock = FairLock()

    @property
    def spec(self) -> dict[str, Any]:
        declared = [f"### `{tool.name}`\n{tool.description}" for tool in self._scripts.nested]
        return {
            "type": "custom",
            "name": "exec",
            "description": "\n\n".join([_INTRODUCTION, *declared]),
            "format": {"type": "grammar", "syntax": "lark", "definition": _GRAMMAR},
        }

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        started = time.monotonic()
        script = parse_script(call.arguments)
        nested = NestedCalls(self._scripts, context, self._lock)
        try:
            cell = self._scripts.cells.start(script.code, nested)
        except (ScriptProcessEnded, TooManyCells) as problem:
            raise ToolFailure(f"exec failed: {problem}") from None
        heard = await cell.heard(_seconds(script.yield_time_ms, EXEC_YIELD_MS))
        return _told(self._scripts.cells, cell, heard, started, _budget(script.max_output_tokens, context))


class Wait:
    """Waits for scripts; see the module."""

    spec = _WAIT_SPEC
    parallel = True

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        started = time.monotonic()
        arguments = decode_arguments(call.arguments, CellArguments)
        cells = self._scripts.cells
        cell = cells.find(arguments.cell_id)
        if cell is None:
            return _described(FAILED, started, [_error(f"exec cell {arguments.cell_id} not found")])
        if arguments.terminate:
            cell.terminate()
        heard = await cell.heard(_seconds(arguments.yield_time_ms, WAIT_YIELD_MS))
        return _told(cells, cell, heard, started, _budget(arguments.max_tokens, context))


class NestedCalls:
    """The calls of one script, in the turn that it began in."""

    def __init__(self, scripts: Scripts, context: ToolContext, lock: FairLock) -> None:
        self._scripts = scripts
        self._context = context
        self._lock = lock
        self._noticed = 0
        """How many tokens of notices the model was told of."""

    @property
    def listed(self) -> Sequence[NestedTool]:
        return self._scripts.nested

    async def call(self, name: str, value: Any) -> Any:
        try:
            namespace, tool = self._scripts.nested_tool(name)
            call = _nested_call(tool.spec, namespace, value)
            async with self._lock.join(shared=tool.parallel):
                return value_of(await tool.run(call, self._context))
        except ToolFailure as failure:
            raise NestedFailure(str(failure)) from None
        except RolloutWriteError:
            raise
        except Exception as error:
            _log.exception("tool %s broke", name)
            raise NestedFailure(f"{name} failed: {error}") from error

    async def notify(self, cell_id: str, text: str) -> None:
        budget = _budget(None, self._context)
        if self._noticed >= budget:
            raise NestedFailure(f"notify() has told you {budget} tokens, which is all it may: use text()")
        (part,) = fit_parts([{"type": "input_text", "text": text}], max_tokens=budget - self._noticed)
        self._noticed += token_estimate(part["text"]) + _NOTICE_TOKENS
        await self._context.log.context_message(f"The script of cell {cell_id} says: {part['text']}")

    async def picture(self, url: str) -> dict[str, Any]:
        try:
            return await self._scripts.pictures.of_url(url)
        except PictureProblem as problem:
            return omitted(problem)


def _nested_call(spec: Mapping[str, Any], namespace: str | None, value: Any) -> ToolCall:
    """Return a script's call as the tool takes it. Raises ToolFailure for a value of the wrong kind."""
    call_id, name = f"exec-{uuid7()}", spec["name"]
    if spec["type"] == "custom":
        if not isinstance(value, str):
            raise ToolFailure(f"tool `{name}` expects a string input")
        return ToolCall(call_id=call_id, name=name, arguments=value, namespace=namespace, kind="custom")
    if value is not None and not isinstance(value, dict):
        raise ToolFailure(f"tool `{name}` expects a JSON object for arguments")
    return ToolCall(call_id=call_id, name=name, arguments=_json(value or {}), namespace=namespace)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _told(cells: Cells, cell: Cell, heard: Heard, started: float, budget: int) -> ToolOutput:
    """Return what the model is told of a script."""
    if heard.state == "running":
        state = f"Script running with cell ID {cell.id}"
    else:
        state = f"Script {heard.state}"
        cells.forget(cell)
    parts = [*heard.parts, *([] if heard.error is None else [_error(heard.error)])]
    return _described(state, started, fit_joined(parts, max_tokens=budget))


def _described(state: str, started: float, parts: Sequence[dict[str, Any]]) -> ToolOutput:
    head = f"{state}\nWall time {time.monotonic() - started:.1f} seconds\nOutput:\n"
    return ToolOutput(content=[{"type": "input_text", "text": head}, *parts])


def _error(problem: str) -> dict[str, Any]:
    return {"type": "input_text", "text": f"Script error:\n{problem}"}


def _seconds(milliseconds: float | None, default: float) -> float:
    wanted = default if milliseconds is None else milliseconds
    return min(max(wanted, 0), LONGEST_YIELD_MS) / 1000


def _budget(tokens: float | None, context: ToolContext) -> int:
    limit = context.model.tool_output_token_limit
    return limit if tokens is None else max(0, min(int(tokens), limit))
