"""What the rollout tests share: sample files, small threads, and turns in a form that is easy to compare."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec
from history_oracle import without_nulls

from codex_trio.domain import items
from codex_trio.domain.ids import uuid7
from codex_trio.state.history.recorder import RolloutRecorder
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.values import HistoryFacts, StoredItem, StoredTurn
from codex_trio.state.rollout.events import InputAccepted, ItemCompletedLine, TaskComplete, TaskStarted
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.rollout.lines import (
    Payload,
    ResponseItem,
    SessionMeta,
    StoredLine,
    encode_line,
    format_timestamp,
)
from codex_trio.state.rollout.paths import RolloutPaths

SAMPLES = Path(__file__).parent.parent / "data" / "rollouts"
CREATED_MS = 1_795_350_000_123
SOME_THREAD = "01a204c5-d161-79fc-8181-56ca2af0a7a1"


def meta(thread_id: str, **changes: Any) -> SessionMeta:
    """Return the metadata of a new thread."""
    fields: dict[str, Any] = {
        "id": thread_id,
        "session_id": thread_id,
        "timestamp": format_timestamp(CREATED_MS),
        "cwd": "/home/dev/work",
        "originator": "test",
        "cli_version": "0.169.0",
        "source": "vscode",
        "model_provider": "scripted",
        "history_mode": "paginated",
        **changes,
    }
    return SessionMeta(**fields)


def new_path(codex_home: Path, thread_id: str, *, created_ms: int = CREATED_MS) -> Path:
    return RolloutPaths(codex_home).new_path(thread_id, created_ms=created_ms)


def user_message(text: str) -> items.UserMessage:
    return items.UserMessage(id=uuid7(), content=[{"type": "text", "text": text, "text_elements": []}])


def agent_message(text: str) -> items.AgentMessage:
    return items.AgentMessage(id=uuid7(), content=[items.AgentText(text=text)], phase="final_answer")


def command(item_id: str, *, output: str = "hi\n", exit_code: int = 0) -> items.CommandExecution:
    return items.CommandExecution(
        id=item_id,
        process_id="4711",
        command=["/bin/bash", "-lc", "echo hi"],
        cwd="file:///home/dev/work",
        parsed_cmd=[items.UnknownCommand(cmd="echo hi")],
        source="unified_exec_startup",
        status="completed" if exit_code == 0 else "failed",
        aggregated_output=output,
        exit_code=exit_code,
        duration=items.Duration(secs=0, nanos=55_805),
    )


def patch(item_id: str) -> items.FileChange:
    return items.FileChange(
        id=item_id,
        changes={
            "/home/dev/work/new.txt": items.AddChange(content="hello\n"),
            "/home/dev/work/old.txt": items.DeleteChange(content="bye\n"),
            "/home/dev/work/a.txt": items.UpdateChange(
                unified_diff="@@ -1 +1 @@\n-a\n+b\n", move_path="/home/dev/work/b.txt"
            ),
        },
        status="completed",
        stdout="Success.\n",
        stderr="",
    )


def completed(thread_id: str, turn_id: str, item: items.TurnItem) -> ItemCompletedLine:
    return ItemCompletedLine(
        thread_id=thread_id, turn_id=turn_id, item=item, started_at_ms=CREATED_MS, completed_at_ms=CREATED_MS + 5
    )


def model_message(role: str, text: str) -> ResponseItem:
    kind = "output_text" if role == "assistant" else "input_text"
    return ResponseItem.of({"type": "message", "role": role, "content": [{"type": kind, "text": text}]})


def turn(thread_id: str, turn_id: str, asked: str, *more: items.TurnItem, answered: str = "done") -> list[Payload]:
    """Return the lines of a whole turn."""
    return [
        TaskStarted.root(turn_id, started_at=CREATED_MS // 1000, model_context_window=1000),
        model_message("user", asked),
        completed(thread_id, turn_id, user_message(asked)),
        *(completed(thread_id, turn_id, item) for item in more),
        completed(thread_id, turn_id, agent_message(answered)),
        model_message("assistant", answered),
        TaskComplete(
            turn_id=turn_id,
            last_agent_message=answered,
            started_at=CREATED_MS // 1000,
            completed_at=CREATED_MS // 1000 + 1,
            duration_ms=7,
        ),
    ]


def accepted(turn_id: str, text: str) -> InputAccepted:
    """Return the line of an input that a turn has yet to take up."""
    message = model_message("user", text).item()
    return InputAccepted(turn_id=turn_id, item=user_message(text), history=[message], accepted_at_ms=CREATED_MS)


class Kept(Protocol):
    """Whatever knows in which file it is, if it is in one."""

    @property
    def path(self) -> Path | None: ...


def file_of(kept: Kept) -> Path:
    """Return the file, which must be there or come."""
    assert kept.path is not None
    return kept.path


def asked(turns: list[StoredTurn]) -> list[str]:
    """Return what the user asked, turn by turn."""
    every = [stored.item for turn in turns for stored in turn.items]
    return [item.content[0]["text"] for item in every if isinstance(item, items.UserMessage)]


def is_user(item: items.TurnItem) -> bool:
    return isinstance(item, items.UserMessage)


def file_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file that are JSON."""
    decoded: list[dict[str, Any]] = []
    for line in path.read_bytes().split(b"\n"):
        try:
            decoded.append(json.loads(line))
        except ValueError:
            continue
    return decoded


# --- whole histories -------------------------------------------------------------------------------------------------


class ThreadHistory(HistoryFacts, kw_only=True):
    """A thread as its lines tell it."""

    turns: list[StoredTurn] = msgspec.field(default_factory=list[StoredTurn])

    def items(self) -> Iterable[tuple[StoredTurn, StoredItem]]:
        """Yield every item with its turn, in the order in which the items were first recorded."""
        pairs = [(turn, item) for turn in self.turns for item in turn.items]
        return sorted(pairs, key=lambda pair: pair[1].ordinal)


def everything(history: RolloutHistory) -> ThreadHistory:
    """Return all that a history tells, its turns read in full."""
    snapshots = [history.index.snapshot(turn) for turn in history.index.turns]
    turns = history.read_turns(snapshots, lambda items: items)
    for stored in (stored for turn in turns for stored in turn.items):
        if isinstance(stored.item, items.UnreadCommandExecution):
            stored.item = msgspec.json.decode(msgspec.json.encode(stored.item), type=items.CommandExecution)
    facts = {name: getattr(history.facts, name) for name in HistoryFacts.__struct_fields__}
    return ThreadHistory(turns=turns, **facts)


def as_json(history: RolloutHistory) -> dict[str, Any]:
    """Return all that a history tells, in the form of the oracle."""
    whole = everything(history)
    turns = [_turn_as_json(turn) for turn in whole.turns]
    facts = {name: getattr(history.facts, name) for name in HistoryFacts.__struct_fields__}
    encoded = msgspec.json.encode({"facts": facts, "turns": turns, "model": history.model_history()})
    return without_nulls(json.loads(encoded))


def _turn_as_json(turn: StoredTurn) -> dict[str, Any]:
    items = [{**msgspec.structs.asdict(one), "item": getattr(one.item, "raw", one.item)} for one in turn.items]
    return {**msgspec.structs.asdict(turn), "items": items}


def read(path: Path, **options: Any) -> ThreadHistory:
    """Return the thread in a file."""
    return everything(RolloutHistory.load(FileLines(path), **options))


async def reopen(path: Path, **options: Any) -> RolloutRecorder:
    """Return a recorder that goes on in a file."""
    return RolloutRecorder.open(RolloutHistory.load(FileLines(path), **options))


def encode(payloads: Iterable[Payload], *, first_ordinal: int | None = None) -> bytes:
    """Return lines, with ordinals from the first one on if there is one."""
    return b"".join(
        encode_line(
            StoredLine(payload, "2026-11-22T12:00:00.000Z", None if first_ordinal is None else first_ordinal + number)
        )
        for number, payload in enumerate(payloads)
    )


def history_of(*payloads: Payload) -> ThreadHistory:
    """Return what those lines add up to while the process that wrote them lives."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rollout-2026-11-22T12-00-00-{uuid7()}.jsonl"
        path.write_bytes(encode(payloads))
        history = RolloutHistory.load(FileLines(path))
        history.interrupted_before = 0
        return everything(history)


# --- turns in one form, whoever tells them ---------------------------------------------------------------------------


def told(turns: list[StoredTurn]) -> list[dict[str, Any]]:
    """Our turns, reduced to what `as_read` keeps of the wire's."""
    return [
        {
            "id": turn.id,
            "status": {"in_progress": "inProgress"}.get(turn.status, turn.status),
            "error": None if turn.error is None else turn.error.message,
            "times": (turn.started_at, turn.completed_at, turn.duration_ms),
            "items": [(stored.item.id, *_told_item(stored.item)) for stored in turn.items],
        }
        for turn in turns
    ]


def _told_item(item: items.TurnItem | items.UnreadCommandExecution) -> Iterator[Any]:
    match item:
        case items.UserMessage():
            yield "userMessage"
            yield [_told_input(part) for part in item.content]
        case items.AgentMessage():
            yield from ("agentMessage", item.text, item.phase)
        case items.Reasoning():
            yield from ("reasoning", item.summary_text, item.raw_content)
        case items.CommandExecution():
            yield from ("commandExecution", item.command[-1], item.status, item.aggregated_output, item.exit_code)
            yield None if item.duration is None else item.duration.milliseconds
        case items.FileChange():
            yield from ("fileChange", item.status, {path: _told_change(item.changes[path]) for path in item.changes})
        case items.ImageView():
            yield from ("imageView", item.path.removeprefix("file://"))
        case items.WebSearch():
            yield from ("webSearch", item.query)
        case items.DynamicToolCall():
            yield from ("dynamicToolCall", item.tool, item.arguments, item.status, item.content_items, item.success)
        case items.EnteredReviewMode():
            yield from ("enteredReviewMode", item.user_facing_hint)
        case items.ExitedReviewMode():
            yield from ("exitedReviewMode", (item.review_output or {}).get("overall_explanation"))
        case items.ContextCompaction():
            yield "contextCompaction"
        case _:
            yield item


def _told_input(part: dict[str, Any]) -> tuple[Any, ...]:
    return (part["type"].replace("_", "").lower(), part.get("text") or part.get("image_url") or part.get("path"))


def _told_change(change: items.Change) -> tuple[Any, ...]:
    match change:
        case items.UpdateChange(move_path=str(target)):
            return ("update", f"{change.unified_diff}\n\nMoved to: {target}", target)
        case items.UpdateChange():
            return ("update", change.unified_diff, None)
        case items.AddChange():
            return ("add", change.content, None)
        case items.DeleteChange():
            return ("delete", change.content, None)


def as_read(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the turns of a `thread/read` answer, in the form of `told`."""
    return [
        {
            "id": turn["id"],
            "status": turn["status"],
            "error": None if turn["error"] is None else turn["error"]["message"],
            "times": (turn["startedAt"], turn["completedAt"], turn["durationMs"]),
            "items": [(item["id"], *_read_item(item)) for item in turn["items"]],
        }
        for turn in turns
    ]


def _read_item(item: dict[str, Any]) -> Iterator[Any]:
    kind = item["type"]
    yield kind
    match kind:
        case "userMessage":
            yield [
                (part["type"].lower(), part.get("text") or part.get("url") or part.get("path"))
                for part in item["content"]
            ]
        case "agentMessage":
            yield from (item["text"], item["phase"])
        case "reasoning":
            yield from (item["summary"], item["content"])
        case "commandExecution":
            script = item["command"].removeprefix("/bin/bash -lc ").removeprefix("'").removesuffix("'")
            yield from (script, item["status"], item["aggregatedOutput"], item["exitCode"], item["durationMs"])
        case "fileChange":
            yield item["status"]
            yield {
                change["path"]: (change["kind"]["type"], change["diff"], change["kind"].get("move_path"))
                for change in item["changes"]
            }
        case "imageView":
            yield item["path"]
        case "webSearch":
            yield item["query"]
        case "dynamicToolCall":
            yield from (item["tool"], item["arguments"], item["status"], item["contentItems"], item["success"])
        case "enteredReviewMode" | "exitedReviewMode":
            yield item["review"]
        case _:
            return
