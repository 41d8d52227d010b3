"""A turn as a person wants to read it, while it streams.

Owns the text form of notifications. Does not own the connection or where text goes. Used by `codex-trio exec` and by
the examples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from codex_trio.client.messages import Notification

MAX_OUTPUT_LINES = 20
"""Of a command's output; the head is cut, since what failed stands at the end."""

BOLD, DIM, RED, GREEN, CYAN, RESET = "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[36m", "\033[0m"


class TurnPrinter:
    """Writes one thread's notifications as text; `write` gets pieces, not lines."""

    def __init__(self, write: Callable[[str], None], *, color: bool) -> None:
        self._write = write
        self._color = color
        self._streaming: str | None = None
        self._streamed: set[str] = set()
        self._latest: str | None = None

    def show(self, message: Notification) -> None:
        """Writes a notification; those that say nothing to a person are passed over."""
        params = message.params
        match message.method:
            case "item/agentMessage/delta":
                self._stream(params["itemId"], "codex", params["delta"], CYAN)
            case "item/reasoning/summaryTextDelta":
                self._stream(params["itemId"], "thinking", params["delta"], DIM)
            case "item/started":
                self._started(params["item"])
            case "item/completed":
                self._completed(params["item"])
            case "turn/plan/updated":
                self._plan(params)
            case "error":
                self.line(f"error: {params['error']['message']}", RED)
                if details := params["error"].get("additionalDetails"):
                    self.line(f"  {details}", DIM)
            case "warning":
                self.line(f"warning: {params['message']}", RED)
            case "configWarning":
                self.line(f"warning: {params['summary']} {params.get('details') or ''}".rstrip(), RED)
            case _:
                pass

    def line(self, text: str, style: str = "") -> None:
        """Writes whole lines, after ending whatever was being streamed."""
        self.end_line()
        self._write(self._styled(text, style) + "\n")

    def end_line(self) -> None:
        """Ends whatever was being streamed."""
        if self._streaming is not None:
            self._write("\n")
            self._streaming = None

    def diff(self, diff: str) -> None:
        """Writes a unified diff."""
        for text in diff.splitlines():
            style = GREEN if text.startswith("+") else RED if text.startswith("-") else DIM
            self.line(text, style)

    def usage(self, token_usage: dict[str, Any]) -> None:
        """Writes what a turn cost."""
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

    def _started(self, item: dict[str, Any]) -> None:
        match item["type"]:
            case "commandExecution":
                self._command(item)
            case "fileChange":
                for change in item["changes"]:
                    self.line(f"patch: {change['kind']['type']} {change['path']}", BOLD)
            case "agentMessage" if item["text"]:
                self._stream(item["id"], "codex", item["text"], CYAN)
            case _:
                pass

    def _completed(self, item: dict[str, Any]) -> None:
        match item["type"]:
            case "commandExecution":
                if self._latest != item["id"]:
                    # Commands run side by side: whose output this is must be said again.
                    self._command(item)
                self._output(item.get("aggregatedOutput") or "")
                style = GREEN if item["status"] == "completed" else RED
                code = "" if item.get("exitCode") is None else f", exit code {item['exitCode']}"
                self.line(f"  {item['status']}{code}", style)
            case "fileChange":
                for change in item["changes"]:
                    self.diff(change["diff"])
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
        """Writes what came whole instead of in pieces. Ids may come again, as models choose them."""
        if text and item["id"] not in self._streamed:
            self._stream(item["id"], speaker, text, style)
        self._streamed.discard(item["id"])
        self.end_line()

    def _command(self, item: dict[str, Any]) -> None:
        self.line(f"$ {item['command']}", BOLD)
        self.line(f"  in {item['cwd']}", DIM)
        self._latest = item["id"]

    def _output(self, output: str) -> None:
        lines = output.splitlines()
        if len(lines) > MAX_OUTPUT_LINES:
            self.line(f"  ... {len(lines) - MAX_OUTPUT_LINES} earlier lines", DIM)
        for text in lines[-MAX_OUTPUT_LINES:]:
            self.line(f"  {text}", DIM)

    def _plan(self, params: dict[str, Any]) -> None:
        marks = {"completed": "[x]", "inProgress": "[>]", "pending": "[ ]"}
        self.line("plan", BOLD)
        for step in params["plan"]:
            self.line(f"  {marks.get(step['status'], '[ ]')} {step['step']}")

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{RESET}" if self._color and style else text
