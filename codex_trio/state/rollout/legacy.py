"""Rollout lines of older releases: their events as items, and what can be recovered of items they did not store.

Owns the translation between the older events and today's items, both ways. Does not own turns or numbering
(state/history).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeAlias, cast
from urllib.parse import quote

import msgspec

from codex_trio.domain import items
from codex_trio.state.rollout import events
from codex_trio.state.rollout.lines import UNDECODABLE, ResponseItem
from codex_trio.util import decoding
from codex_trio.util.loose_json import table_of

ItemEvent: TypeAlias = (
    events.AgentMessageEvent
    | events.PatchApplyEndEvent
    | events.WebSearchEndEvent
    | events.McpToolCallEndEvent
    | events.ImageGenerationEndEvent
    | events.ContextCompactedEvent
    | events.EnteredReviewModeEvent
    | events.ExitedReviewModeEvent
    | events.ExecCommandEndEvent
)
ITEM_EVENTS: tuple[type, ...] = (
    events.AgentMessageEvent,
    events.PatchApplyEndEvent,
    events.WebSearchEndEvent,
    events.McpToolCallEndEvent,
    events.ImageGenerationEndEvent,
    events.ContextCompactedEvent,
    events.EnteredReviewModeEvent,
    events.ExitedReviewModeEvent,
    events.ExecCommandEndEvent,
)


def file_url(path: str) -> str:
    """Return the `file://` URL of an absolute path, as items carry working directories."""
    return "file://" + quote(path, safe="/~!$&'()*+,;=:@-._")


# --- events to items -------------------------------------------------------------------------------------------------


def user_content(event: events.UserMessageEvent) -> list[dict[str, Any]]:
    """Return the input parts of an older user message."""
    content: list[dict[str, Any]] = []
    if event.message:
        content.append({"type": "text", "text": event.message, "text_elements": event.text_elements or []})
    content += [{"type": "image", "image_url": url} for url in event.images or ()]
    content += [{"type": "local_image", "path": path} for path in event.local_images or ()]
    return content


def to_item(event: ItemEvent, number: Callable[[], str]) -> items.TurnItem | None:
    """Return the item that an older event stands for; `number` gives the id of those that have none of their own."""
    match event:
        case events.AgentMessageEvent(message=message):
            if not message:
                return None
            text = [items.AgentText(text=message)]
            return items.AgentMessage(
                id=number(), content=text, phase=event.phase, memory_citation=event.memory_citation
            )
        case events.PatchApplyEndEvent():
            return items.FileChange(
                id=event.call_id,
                changes=event.changes,
                status=event.status or ("completed" if event.success else "failed"),
                stdout=event.stdout,
                stderr=event.stderr,
            )
        case events.WebSearchEndEvent():
            return items.WebSearch(id=event.call_id, query=event.query, action=event.action)
        case events.ContextCompactedEvent():
            return items.ContextCompaction(id=number())
        case events.EnteredReviewModeEvent():
            return items.EnteredReviewMode(id=number(), target=event.target, user_facing_hint=event.user_facing_hint)
        case events.ExitedReviewModeEvent():
            return items.ExitedReviewMode(id=number(), review_output=event.review_output)
        case _:
            return _tool_item(event)


def _tool_item(
    event: events.McpToolCallEndEvent | events.ImageGenerationEndEvent | events.ExecCommandEndEvent,
) -> items.TurnItem:
    if isinstance(event, events.ExecCommandEndEvent):
        return items.CommandExecution(
            id=event.call_id,
            process_id=event.process_id,
            command=event.command,
            cwd=file_url(event.cwd),
            parsed_cmd=event.parsed_cmd,
            source=event.source,
            status=event.status or ("completed" if event.exit_code == 0 else "failed"),
            aggregated_output=event.aggregated_output or None,
            exit_code=event.exit_code,
            duration=event.duration,
        )
    if isinstance(event, events.ImageGenerationEndEvent):
        fields = msgspec.to_builtins(event)
        return items.Other(raw={**fields, "type": "ImageGeneration", "id": event.call_id})
    succeeded: Any = None
    failure: Any = None
    match event.result:
        case {"Ok": succeeded}:
            pass
        case {"Err": failure}:
            pass
        case _:
            pass
    match succeeded:
        case {"isError": True} | {"is_error": True}:
            is_error = True
        case _:
            is_error = False
    return items.McpToolCall(
        id=event.call_id,
        server=str(event.invocation.get("server", "")),
        tool=str(event.invocation.get("tool", "")),
        arguments=event.invocation.get("arguments"),
        status="failed" if failure is not None or is_error else "completed",
        result=table_of(succeeded) or None,
        error=None if failure is None else {"message": str(failure)},
        duration=event.duration,
    )


# --- items to events -------------------------------------------------------------------------------------------------


def mirror(item: items.TurnItem, *, turn_id: str) -> Sequence[events.Event]:
    """Return the events by which releases that know no whole items see this one; none for kinds they never stored."""
    match item:
        case items.UserMessage(content=content):
            texts = [part for part in content if part.get("type") == "text"]
            return [
                events.UserMessageEvent(
                    message="".join(str(part.get("text", "")) for part in texts),
                    images=[str(part.get("image_url", "")) for part in content if part.get("type") == "image"],
                    local_images=[str(part.get("path", "")) for part in content if part.get("type") == "local_image"],
                    text_elements=texts[0].get("text_elements") or [] if len(texts) == 1 else [],
                    item_id=item.id,
                )
            ]
        case items.AgentMessage():
            return [events.AgentMessageEvent(message=item.text, phase=item.phase, item_id=item.id)]
        case items.Reasoning():
            return [
                *(events.AgentReasoningEvent(text=text, item_id=item.id) for text in item.summary_text),
                *(events.AgentReasoningRawEvent(text=text, item_id=item.id) for text in item.raw_content),
            ]
        case items.FileChange(status=status) if status != "in_progress":
            return [
                events.PatchApplyEndEvent(
                    call_id=item.id,
                    turn_id=turn_id,
                    stdout=item.stdout or "",
                    stderr=item.stderr or "",
                    success=status == "completed",
                    changes=item.changes,
                    status=status,
                    item_id=item.id,
                )
            ]
        case items.WebSearch():
            return [events.WebSearchEndEvent(call_id=item.id, query=item.query, action=item.action, item_id=item.id)]
        case items.ContextCompaction():
            return [events.ContextCompactedEvent(item_id=item.id)]
        case items.EnteredReviewMode():
            return [
                events.EnteredReviewModeEvent(
                    target=item.target, user_facing_hint=item.user_facing_hint, item_id=item.id
                )
            ]
        case items.ExitedReviewMode():
            return [events.ExitedReviewModeEvent(review_output=item.review_output, item_id=item.id)]
        case _:
            return []


# --- recovery --------------------------------------------------------------------------------------------------------

_EXEC_TOOLS = frozenset({"exec_command", "shell_command", "shell", "container.exec", "local_shell"})
_EXIT_CODE = re.compile(r"^(?:Process exited with code|Exit code:) (-?\d{1,9})\b", re.MULTILINE)
_RUNNING = re.compile(r"^Process running with session ID (\d+)", re.MULTILINE)
_WALL_TIME = re.compile(r"^Wall time: (\d{1,9}(?:\.\d{1,9})?) seconds", re.MULTILINE)
_ABORTED = re.compile(r"^aborted by user", re.MULTILINE)
_OUTPUT = "Output:\n"
_DECLINED = "rejected by user"
_HEAD_CHARACTERS = 2048
"""Within so many what a server says of a command is over, and its output begins."""

_USER_SHELL = re.compile(
    r"^<user_shell_command>\n<command>\n(?P<command>.*)\n</command>\n<result>\nExit code: (?P<code>-?\d{1,9})\n"
    r"Duration: (?P<seconds>\d{1,9}(?:\.\d{1,9})?) seconds\nOutput:\n"
    r"(?P<output>.*)\n</result>\n</user_shell_command>\s*$",
    re.DOTALL,
)


class _Call(msgspec.Struct):
    """The parts of a response item that say which tool ran with what, or what came of it."""

    type: str
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    namespace: str | None = None
    role: str = ""
    output: Any = None
    content: Any = None


_call_decoder = decoding.json_decoder(_Call)


class _Metadata(msgspec.Struct):
    exit_code: int | None = None
    duration_seconds: float | None = None


class _JsonResult(msgspec.Struct):
    """An output as the `shell` tool of old releases gave it to the model."""

    output: str
    metadata: _Metadata


_MOST_SECONDS = 1e9
_result_decoder = decoding.json_decoder(_JsonResult)
_arguments_decoder = decoding.json_decoder(dict[str, Any])


def tool_names(dynamic_tools: Iterable[dict[str, Any]] | None) -> frozenset[str]:
    """Return the names of the tools that the client offered."""
    return frozenset(str(tool["name"]) for tool in dynamic_tools or () if "name" in tool)


class _OpenCall(msgspec.Struct, frozen=True):
    """A tool call without its output yet, and the line that holds it."""

    call: _Call
    arguments: dict[str, Any]
    line: tuple[int, int]


class OpenCalls(msgspec.Struct):
    """What later response items may refer to: calls without outputs, and commands that still ran when last looked at.

    The commands are by session id.
    """

    pending: dict[str, _OpenCall] = msgspec.field(default_factory=dict[str, _OpenCall])
    running: dict[str, items.CommandExecution] = msgspec.field(default_factory=dict[str, items.CommandExecution])
    dynamic_tools: frozenset[str] = frozenset()
    cwd: str = ""


class Recovered(msgspec.Struct, frozen=True):
    """An item, and the lines that were new in making it what it is."""

    item: items.TurnItem
    lines: tuple[tuple[int, int], ...]


class CallRecovery:
    """Pairs tool calls with their outputs and gives the items that an older release would have shown live."""

    def __init__(self, state: OpenCalls) -> None:
        self._state = state

    def set_tools(self, names: frozenset[str]) -> None:
        """Note the tools that the client offers from now on."""
        self._state.dynamic_tools = names

    def set_cwd(self, cwd: str) -> None:
        """Note the folder that commands run in from now on."""
        self._state.cwd = cwd

    def forget(self, item_id: str) -> None:
        """Take no more output for the command with that id, which is not shown."""
        running = self._state.running
        self._state.running = {session: item for session, item in running.items() if item.id != item_id}

    def observe(self, payload: ResponseItem, *, ordinal: int, line: tuple[int, int]) -> Sequence[Recovered]:
        """Return the items that this response item, in that line, completes or changes."""
        try:
            call = _call_decoder.decode(payload.raw)
        except UNDECODABLE:
            return ()
        if call.type == "function_call":
            self._state.pending[call.call_id] = _OpenCall(call, _arguments(call.arguments), line)
            return ()
        if call.type == "function_call_output" and call.call_id in self._state.pending:
            made = self._state.pending.pop(call.call_id)
            item = self._item(made.call, made.arguments, call.output)
            return () if item is None else (Recovered(item, (made.line, line)),)
        if call.type == "message" and call.role == "user":
            return [Recovered(item, (line,)) for item in self._user_shell(call, ordinal)]
        return ()

    def _item(self, call: _Call, arguments: dict[str, Any], output: Any) -> items.TurnItem | None:
        if call.name in _EXEC_TOOLS:
            return self._command(call, arguments, _text(output))
        if call.name == "write_stdin":
            return self._more_output(arguments, _text(output))
        if call.name == "view_image":
            path = arguments.get("path")
            if not isinstance(path, str) or not isinstance(output, list):
                return None
            return items.ImageView(id=call.call_id, path=file_url(self._absolute(path)))
        if call.name in self._state.dynamic_tools:
            return items.DynamicToolCall(
                id=call.call_id,
                namespace=call.namespace,
                tool=call.name,
                arguments=arguments,
                status="completed",
                content_items=_content_items(output),
                success=True,
            )
        return None

    def _absolute(self, path: str) -> str:
        return str(PurePosixPath(self._state.cwd) / path)

    def _command(self, call: _Call, arguments: dict[str, Any], output: str) -> items.CommandExecution | None:
        declined = _DECLINED in output[:_HEAD_CHARACTERS].partition(_OUTPUT)[0]
        if output.startswith("exec_command failed") and not declined:
            return None  # It never started: nothing was shown for it.
        workdir = arguments.get("workdir")
        argv = _argv(arguments)
        if not argv:
            return None
        result = _result(output)
        item = items.CommandExecution(
            id=call.call_id,
            process_id=result.session_id,
            command=argv,
            cwd=file_url(self._absolute(workdir) if isinstance(workdir, str) and workdir else self._state.cwd),
            parsed_cmd=[items.UnknownCommand(cmd=argv[-1] if len(argv) == 3 else " ".join(argv))],
            source="agent" if declined else "unified_exec_startup",
            status="declined" if declined else result.status,
            aggregated_output=None if declined else result.output or None,
            exit_code=result.exit_code,
            duration=result.duration,
        )
        if item.process_id is not None:
            self._state.running[item.process_id] = item
        return item

    def _more_output(self, arguments: dict[str, Any], output: str) -> items.CommandExecution | None:
        item = self._state.running.get(str(arguments.get("session_id", "")))
        if item is None or item.process_id is None:
            return None
        result = _result(output)
        item = msgspec.structs.replace(item, aggregated_output=((item.aggregated_output or "") + result.output) or None)
        if result.exit_code is not None:
            item = msgspec.structs.replace(item, status=result.status, exit_code=result.exit_code)
            self._state.running.pop(item.process_id or "", None)
        else:
            self._state.running[item.process_id or ""] = item
        return item

    def _user_shell(self, call: _Call, ordinal: int) -> Sequence[items.TurnItem]:
        found = _USER_SHELL.match(_text(call.content))
        if found is None:
            return ()
        exit_code = int(found["code"])
        command = found["command"]
        return (
            items.CommandExecution(
                id=f"rollout-{ordinal}",
                command=["/bin/bash", "-lc", command],
                cwd=file_url(self._state.cwd),
                parsed_cmd=[items.UnknownCommand(cmd=command)],
                source="user_shell",
                status="completed" if exit_code == 0 else "failed",
                aggregated_output=found["output"] or None,
                exit_code=exit_code,
                duration=items.Duration.from_seconds(float(found["seconds"])),
            ),
        )


def _arguments(text: str) -> dict[str, Any]:
    try:
        return _arguments_decoder.decode(text)
    except UNDECODABLE:
        return {}


def _argv(arguments: dict[str, Any]) -> list[str]:
    command: Any = arguments.get("command", arguments.get("cmd"))
    if isinstance(command, list):
        return [str(word) for word in cast("list[Any]", command)]
    if not isinstance(command, str) or not command:
        return []
    shell: Any = arguments.get("shell") or "/bin/bash"
    return [str(shell), "-c" if arguments.get("login") is False else "-lc", command]


def _text(output: Any) -> str:
    if isinstance(output, str):
        return output
    if isinstance(output, list):
        parts = cast("list[Any]", output)
        return "".join(cast("dict[str, Any]", part).get("text", "") for part in parts if isinstance(part, dict))
    return ""


def _content_items(output: Any) -> list[dict[str, Any]]:
    if isinstance(output, str):
        return [{"type": "inputText", "text": output}]
    parts = cast("list[Any]", output) if isinstance(output, list) else []
    converted: list[dict[str, Any]] = []
    for part in parts:
        match part:
            case {"type": "input_text", "text": str(text)}:
                converted.append({"type": "inputText", "text": text})
            case {"type": "input_image", "image_url": str(url)}:
                converted.append({"type": "inputImage", "imageUrl": url})
            case _:
                continue
    return converted


class _Result(NamedTuple):
    """What an output says of its command."""

    output: str
    exit_code: int | None = None
    session_id: str | None = None
    duration: items.Duration | None = None
    was_aborted: bool = False

    @property
    def status(self) -> items.CommandStatus:
        """How the command ended. Of one that does not say it is only known that it did."""
        if self.session_id is not None:
            return "in_progress"
        return "failed" if self.exit_code or self.was_aborted else "completed"


def _result(output: str) -> _Result:
    if output.startswith('{"'):
        try:
            told = _result_decoder.decode(output)
        except UNDECODABLE:
            pass
        else:
            seconds = told.metadata.duration_seconds
            if seconds is not None and not 0 <= seconds < _MOST_SECONDS:
                seconds = None
            duration = None if seconds is None else items.Duration.from_seconds(seconds)
            return _Result(told.output, told.metadata.exit_code, None, duration)
    # What a command itself wrote, which may be long and say anything, comes after this.
    head, found, _ = output[:_HEAD_CHARACTERS].partition(_OUTPUT)
    code, session, seconds = _EXIT_CODE.search(head), _RUNNING.search(head), _WALL_TIME.search(head)
    return _Result(
        output[len(head) + len(_OUTPUT) :] if found else output,
        None if code is None else int(code.group(1)),
        None if session is None else session.group(1),
        None if seconds is None else items.Duration.from_seconds(float(seconds.group(1))),
        was_aborted=_ABORTED.search(head) is not None,
    )
