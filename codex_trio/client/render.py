"""A turn as a person wants to read it, while it streams.

Owns the text form of notifications. Does not own the connection or where text goes. Used by `codex-trio exec` and by
the examples.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from codex_trio.client.messages import Notification

MAX_OUTPUT_LINES = 20
"""Of a command's output; the head is cut, since what failed stands at the end."""

MAX_LIVE_LINES = 200
"""Of a command's output while it runs; what comes after them is shown at its end."""

BOLD, DIM, RED, GREEN, CYAN, RESET = "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[36m", "\033[0m"


_NO_SUCH_TOOL = "unsupported call: "
"""How the answer to a call of a tool begins that the model was not offered."""

_STOPPED = -1
"""The exit code of a command that was ended with its turn."""

_SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-Za-z]")
"""Colours, cursor movements, titles and links."""

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What does something to a terminal instead of being shown, line ends and tabs excepted; so does bidirectional text."""


def visible(text: str) -> str:
    """Return a text that a terminal only shows: nobody whose words these are may move its cursor or write to its
    clipboard.
    """
    return _CONTROLS.sub(_picture, text.replace("\r\n", "\n"))


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\\u{code:04x}"


def plain_output(text: str) -> list[str]:
    """Return the lines of a command's output without its colours; of a line written over and over, its last state."""
    return [line.rstrip("\r").rpartition("\r")[2] for line in _SEQUENCES.sub("", text).split("\n")]


class TurnPrinter:
    """Writes one thread's notifications as text; `write` gets pieces, not lines.

    What commands write is shown while they run where `live` is true, else at their end.
    """

    def __init__(self, write: Callable[[str], None], *, color: bool, live: bool = False) -> None:
        self._write = write
        self._color = color
        self._live = live
        self._running: dict[str, _Running] = {}
        self._calls: dict[str, tuple[str, str]] = {}
        """Names and words of what the model has called, by call id, as far as nothing else has shown it."""
        self._streaming: str | None = None
        self._streamed: set[str] = set()
        self._latest: str | None = None

    def show(self, message: Notification) -> None:
        """Write a notification; those that say nothing to a person are passed over."""
        params = message.params
        match message.method:
            case "item/agentMessage/delta":
                self._stream(params["itemId"], "codex", params["delta"], CYAN)
            case "item/reasoning/summaryTextDelta":
                self._stream(params["itemId"], "thinking", params["delta"], DIM)
            case "item/started":
                self._started(params["item"])
            case "item/commandExecution/outputDelta" if self._live:
                self._output_delta(params["itemId"], params["delta"])
            case "item/completed":
                self._completed(params["item"])
            case "turn/plan/updated":
                self._plan(params)
            case "rawResponseItem/completed":
                self._raw(params["item"])
            case "error":
                self.line(f"error: {params['error']['message']}", RED)
                if details := params["error"].get("additionalDetails"):
                    self.line(f"  {details}", DIM)
            case "warning":
                self.line(f"warning: {params['message']}", RED)
            case "configWarning":
                self.line(f"warning: {params['summary']} {params.get('details') or ''}".rstrip(), RED)
            case "mcpServer/startupStatus/updated" if params["status"] == "failed":
                self.line(f"warning: {params['error']}", RED)
            case _:
                pass

    def line(self, text: str, style: str = "") -> None:
        """Write whole lines, after ending whatever was being streamed."""
        self.end_line()
        self._write(self._styled(text, style) + "\n")

    def end_line(self) -> None:
        """End whatever was being streamed."""
        if self._streaming is not None:
            self._write("\n")
            self._streaming = None

    def diff(self, diff: str) -> None:
        """Write a unified diff."""
        for text in diff.removesuffix("\n").split("\n") if diff else ():
            style = GREEN if text.startswith("+") else RED if text.startswith("-") else DIM
            self.line(text, style)

    def usage(self, token_usage: dict[str, Any]) -> None:
        """Write what a turn cost."""
        total = token_usage["total"]
        self.line(
            f"tokens used: {total['totalTokens']} (input {total['inputTokens']}, of which cached "
            f"{total['cachedInputTokens']}; output {total['outputTokens']}, of which reasoning "
            f"{total['reasoningOutputTokens']})",
            DIM,
        )

    def _stream(self, item_id: str, speaker: str, text: str, style: str) -> None:
        if self._streaming != item_id:
            self.line(speaker, BOLD + style if self._color else "")
            self._streaming = item_id
            self._streamed.add(item_id)
        self._write(self._styled(text, style if style == DIM else ""))

    def _raw(self, item: dict[str, Any]) -> None:
        """Write of a call that became no item, as one refused or misspelt, what the model is told about it."""
        match item:
            case {"type": "function_call" | "custom_tool_call", "call_id": call_id, "name": name}:
                self._calls[call_id] = (name, _call_text(name, item))
            case {"type": "function_call_output" | "custom_tool_call_output", "call_id": call_id} if (
                call_id in self._calls
            ):
                name, call = self._calls.pop(call_id)
                answer = _output_text(item["output"]).strip()
                if name in _SHOWN_CALLS or answer.startswith(_NO_SUCH_TOOL):
                    self.line(f"refused: {call}", BOLD)
                    self._output(plain_output(answer)[:MAX_OUTPUT_LINES])
            case _:
                pass

    def _started(self, item: dict[str, Any]) -> None:
        self._calls.pop(item["id"], None)
        match item["type"]:
            case "commandExecution":
                self._running[item["id"]] = _Running(item)
                self._command(item)
            case "fileChange":
                for change in item["changes"]:
                    self.line(f"patch: {change['kind']['type']} {change['path']}", BOLD)
            case "agentMessage" if item["text"]:
                self._stream(item["id"], "codex", item["text"], CYAN)
            case _:
                pass

    def _completed(self, item: dict[str, Any]) -> None:
        self._calls.pop(item["id"], None)
        match item["type"]:
            case "commandExecution":
                if self._latest != item["id"]:
                    # Commands run side by side: whose output this is must be said again.
                    self._command(item)
                running = self._running.pop(item["id"], None)
                self._rest_of_output(item, running)
                self.line(f"  {_outcome(item)}", GREEN if item["status"] == "completed" else RED)
            case "fileChange":
                for change in item["changes"]:
                    self.diff(_as_diff(change))
                self.line(f"  {item['status']}", GREEN if item["status"] == "completed" else RED)
            case "agentMessage":
                self._spoken(item, "codex", item["text"], CYAN)
            case "reasoning":
                self._spoken(item, "thinking", "\n".join(item["summary"]), DIM)
            case "imageView":
                self.line(f"looked at {item['path']}", BOLD)
            case "webSearch":
                self.line(f"searched the web: {item.get('query') or ''}", BOLD)
            case _:
                pass

    def _spoken(self, item: dict[str, Any], speaker: str, text: str, style: str) -> None:
        """Write what came whole instead of in pieces. Ids may come again, as models choose them."""
        if text and item["id"] not in self._streamed:
            self._stream(item["id"], speaker, text, style)
        self._streamed.discard(item["id"])
        self.end_line()

    def _command(self, item: dict[str, Any]) -> None:
        self.line(f"$ {item['command']}", BOLD)
        self.line(f"  in {item['cwd']}", DIM)
        self._latest = item["id"]

    def _output(self, lines: list[str]) -> None:
        if len(lines) > MAX_OUTPUT_LINES:
            self.line(f"  ... {len(lines) - MAX_OUTPUT_LINES} earlier lines", DIM)
        for text in lines[-MAX_OUTPUT_LINES:]:
            self.line(f"  {text}", DIM)

    def _output_delta(self, item_id: str, delta: str) -> None:
        running = self._running.get(item_id)
        if running is None or running.shown > MAX_LIVE_LINES:
            return
        lines, running.begun = _whole_lines(running.begun + delta)
        if lines and self._latest != item_id:
            self._command(running.item)
        for text in lines[: MAX_LIVE_LINES - running.shown]:
            self.line(f"  {text}", DIM)
        running.shown += len(lines)
        if running.shown > MAX_LIVE_LINES:
            self.line("  ... more follows", DIM)

    def _rest_of_output(self, item: dict[str, Any], running: _Running | None) -> None:
        """Write what of a command's output was not shown while it ran."""
        if running is not None and 0 < running.shown <= MAX_LIVE_LINES:
            lines = plain_output(running.begun) if running.begun else []
        else:
            output = item.get("aggregatedOutput") or ""
            lines = plain_output(output.removesuffix("\n")) if output else []
        self._output(lines)

    def _plan(self, params: dict[str, Any]) -> None:
        marks = {"completed": "[x]", "inProgress": "[>]", "pending": "[ ]"}
        self.line("plan", BOLD)
        for step in params["plan"]:
            self.line(f"  {marks.get(step['status'], '[ ]')} {step['step']}")

    def _styled(self, text: str, style: str) -> str:
        text = visible(text)
        return f"{style}{text}{RESET}" if self._color and style else text


_SHOWN_CALLS = frozenset({"apply_patch", "exec_command", "shell", "shell_command"})
"""Tools whose calls become items once they are let through; other tools say for themselves what they do."""


def _call_text(name: str, call: dict[str, Any]) -> str:
    arguments = call.get("arguments", "")
    try:
        command = msgspec.json.decode(arguments)["cmd"] if name == "exec_command" else name
    except (msgspec.DecodeError, KeyError, TypeError):
        return f"{name} {arguments}"
    return str(command)


def _output_text(output: Any) -> str:
    if isinstance(output, str):
        return output
    parts = cast("list[dict[str, Any]]", output) if isinstance(output, list) else []
    return "\n".join(str(part["text"]) for part in parts if "text" in part)


@dataclass
class _Running:
    """A command that runs: lines shown of its output so far, and the line that has only begun."""

    item: dict[str, Any]
    shown: int = 0
    begun: str = ""


def _whole_lines(text: str) -> tuple[list[str], str]:
    whole, newline, begun = text.rpartition("\n")
    return (plain_output(whole) if newline else []), begun


def _outcome(item: dict[str, Any]) -> str:
    """Return how a command ended, in a few words."""
    code, duration = item.get("exitCode"), item.get("durationMs")
    if code == _STOPPED:
        parts = ["interrupted"]
    else:
        parts = [item["status"]] if code is None else [item["status"], f"exit code {code}"]
    if duration is not None and item["status"] != "declined":
        parts.append(_seconds(duration / 1000))
    return ", ".join(parts)


def _seconds(duration: float) -> str:
    if duration < 60:
        return f"{duration:.1f} s"
    return f"{int(duration) // 60} min {int(duration) % 60} s"


def _as_diff(change: dict[str, Any]) -> str:
    """Return what a change did, line by line: of an added or deleted file the server tells the text alone."""
    sign = {"add": "+", "delete": "-"}.get(change["kind"]["type"])
    if sign is None or not change["diff"]:
        return change["diff"]
    return "".join(f"{sign}{line}\n" for line in change["diff"].removesuffix("\n").split("\n"))
