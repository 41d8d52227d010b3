"""What a rollout says, read the slow and simple way, to judge those who read it fast.

JSON in, JSON out: every line is decoded, every turn is held, and what is looked for is searched from the beginning.
Nothing of the package is used, so that no fault can be on both sides. Keys that are null count as absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from call_oracle import CallTraces, Json, file_url

LATER = 1 << 62
"""No line has that ordinal."""


class Line(NamedTuple):
    """A line that counts, and its place in the whole thread, the lines that a fork goes on from included."""

    place: int
    kind: str
    payload: Any
    inherited: bool


class Item:
    def __init__(self, content: Json, place: int, *, traced: bool) -> None:
        self.content = content
        self.place = place
        self.times: tuple[Any, Any] = (None, None)
        self.traced = traced
        """Whether the file did not store it, and only holds the call that it came from."""


class Turn:
    def __init__(self, turn_id: str, place: int) -> None:
        self.id = turn_id
        self.place = place
        self.items: list[Item] = []
        self.status = "in_progress"
        self.root: str | None = None
        self.error: Json | None = None
        self.began: int | None = None
        self.ended: tuple[Any, Any] = (None, None)
        self.has_start = False
        self.is_placed = False
        """Whether a line of its own was seen, not only items of it."""

    def item(self, item_id: str) -> Item | None:
        return next((item for item in self.items if item.content.get("id") == item_id), None)


# --- from files to lines ---------------------------------------------------------------------------------------------

Locate = Callable[[str, frozenset[Path]], Path | None]


def read_lines(path: Path, locate: Locate | None = None, *, until: int = LATER) -> list[Line]:
    """Return the lines of a thread, those first that it goes on from."""
    lines: list[Line] = []
    _add_lines(lines, path, locate, until=until, bytes_that_count=None, seen=frozenset({path}), inherited=False)
    return lines


def _add_lines(
    lines: list[Line],
    path: Path,
    locate: Locate | None,
    *,
    until: int,
    bytes_that_count: int | None,
    seen: frozenset[Path],
    inherited: bool,
) -> None:
    decoded = _decoded(path.read_bytes()[:bytes_that_count])
    base = _meta_in(decoded).get("history_base")
    source = None if base is None or locate is None else locate(base["thread_id"], seen)
    if base is not None and source is not None:
        end = min(until, base["end_ordinal_exclusive"])
        size = base.get("end_byte_offset")
        _add_lines(lines, source, locate, until=end, bytes_that_count=size, seen=seen | {source}, inherited=True)
    for line in decoded:
        own = line.get("ordinal")
        if _is_accepted_input(line):
            # It takes no place of its own.
            lines.append(Line(_next_place(lines), line["type"], line["payload"], inherited))
            continue
        place = _next_place(lines) if own is None else max(own, _next_place(lines))
        if place >= until:
            return
        lines.append(Line(place, line["type"], line["payload"], inherited))


def _decoded(data: bytes) -> list[Json]:
    return [line for line in map(_decode, data.split(b"\n")) if line is not None]


def _meta_in(decoded: list[Json]) -> Json:
    """Return what a file's thread is: the first line that says so."""
    return next(line["payload"] for line in decoded if line["type"] == "session_meta")


def _decode(raw: bytes) -> Json | None:
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) and "payload" in line and isinstance(line.get("type"), str) else None


def _is_accepted_input(line: Json) -> bool:
    return line["type"] == "event_msg" and line["payload"].get("type") == "codex_trio_input_accepted"


def _next_place(lines: list[Line]) -> int:
    """Return the place of the next line that takes one."""
    for line in reversed(lines):
        if not _is_accepted_input({"type": line.kind, "payload": line.payload}):
            return line.place + 1
    return 0


# --- from lines to turns ---------------------------------------------------------------------------------------------


class Reading:
    """What lines add up to. The methods are named after the lines that they read."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.facts: Json = {}
        self.model: list[Json] = []
        self._current: Turn | None = None
        self._rolled_back: set[str] = set()
        self._accepted: list[tuple[Turn, Json]] = []
        self._traces = CallTraces(self._shows_trace)
        self._numbers_used = 0
        self._place = 0
        self._model_before: dict[int, list[Json]] = {}

    def read(self, meta: Json, lines: list[Line], *, cut_short_before: int) -> Json:
        """Return all that the lines tell; what began before that place and has no end was cut short."""
        self._is(meta)
        for line in lines:
            self._place = line.place
            self._model_before.setdefault(line.place, list(self.model))
            if line.kind == "event_msg":
                method = getattr(self, line.payload["type"], None)
                if method is not None:
                    method(line.payload)
            elif line.kind in ("turn_context", "response_item", "compacted"):
                getattr(self, line.kind)(line.payload)
            elif line.kind == "session_meta" and not line.inherited:
                self.session_meta(line.payload)
        self.facts["next_ordinal"] = _next_place(lines)
        return without_nulls(
            {"facts": self.facts, "turns": self._told_turns(cut_short_before), "model": self._told_model()}
        )

    def _told_turns(self, cut_short_before: int) -> list[Json]:
        told: list[Json] = []
        missed = [(turn, event) for turn, event in self._accepted if turn.place < cut_short_before]
        for turn in self.turns:
            is_over = turn.status == "in_progress" and turn.place < cut_short_before
            items = [self._told_item(item, cut_short_before) for item in turn.items]
            for number, (other, event) in enumerate(missed):
                if other is turn:
                    at = event["accepted_at_ms"]
                    place = self.facts["next_ordinal"] + number
                    items.append({"item": event["item"], "ordinal": place, "started_at_ms": at, "completed_at_ms": at})
            told.append(
                {
                    "id": turn.id,
                    "ordinal": turn.place,
                    "status": "interrupted" if is_over else turn.status,
                    "root_turn_id": turn.root,
                    "error": turn.error,
                    "started_at": turn.began,
                    "completed_at": turn.ended[0],
                    "duration_ms": turn.ended[1],
                    "items": items,
                }
            )
        return told

    def _told_item(self, item: Item, cut_short_before: int) -> Json:
        content = item.content
        if item.traced and content.get("status") == "in_progress" and item.place < cut_short_before:
            content = {**content, "status": "failed"}
        started, completed = item.times
        return {"item": content, "ordinal": item.place, "started_at_ms": started, "completed_at_ms": completed}

    # --- the thread ---

    def _is(self, meta: Json) -> None:
        self.facts["meta"] = meta
        self._traces.tools = [tool["name"] for tool in meta.get("dynamic_tools") or []]
        self._traces.cwd = meta["cwd"]

    def session_meta(self, meta: Json) -> None:
        known = self.facts["meta"]
        if meta["id"] == known["id"]:
            made = ("history_mode", "history_base", "dynamic_tools", "forked_from_id", "forked_from_ordinal_exclusive")
            self.facts["meta"] = {**meta, **{key: known.get(key) for key in made}}

    def turn_context(self, context: Json) -> None:
        self.facts["turn_context"] = context
        self._traces.cwd = context["cwd"]

    def thread_settings_applied(self, event: Json) -> None:
        self.facts["settings"] = event["thread_settings"]

    def thread_goal_updated(self, event: Json) -> None:
        goal = self.facts["goal"] = event.get("goal")
        if goal is not None and not self.facts.get("preview"):
            # A thread may begin with one.
            self.facts["preview"] = _preview([{"type": "text", "text": goal.get("objective", "")}])

    def token_count(self, event: Json) -> None:
        if event.get("info") is not None:
            turn = self._current or (self.turns[-1] if self.turns else None)
            self.facts["token_usage"] = event["info"]
            self.facts["token_usage_turn_id"] = None if turn is None else turn.id
        if event.get("rate_limits") is not None:
            self.facts["rate_limits"] = event["rate_limits"]

    # --- turns ---

    def _turn(self, turn_id: str | None) -> Turn | None:
        return next((turn for turn in self.turns if turn.id == turn_id), None)

    def _add_turn(self, turn_id: str) -> Turn:
        turn = Turn(turn_id, self._place)
        self.turns.append(turn)
        return turn

    def _place_turn(self, turn: Turn) -> None:
        """Put a turn of which only items were known where the first line of its own is."""
        if not turn.is_placed:
            self.turns.remove(turn)
            self.turns.append(turn)
            turn.place = self._place
            turn.is_placed = True

    def task_started(self, event: Json) -> None:
        turn = self._turn(event["turn_id"]) or self._add_turn(event["turn_id"])
        self._place_turn(turn)
        turn.status, turn.began, turn.root = "in_progress", event.get("started_at"), event.get("root_turn_id")
        turn.has_start = True
        self._current = turn
        self._rolled_back.discard(turn.id)

    def _end(self, event: Json) -> Turn | None:
        """Return the turn that an event ends: the one that it names or, if nobody knows it, the one that runs."""
        turn_id = event.get("turn_id")
        turn = self._turn(turn_id)
        if turn is not None:
            self._place_turn(turn)
        elif turn_id not in self._rolled_back:
            turn = self._current
        if turn is None:
            return None
        if turn is self._current:
            self._current = None
        turn.root = event.get("root_turn_id") or turn.root
        turn.began = event["started_at"] if event.get("started_at") is not None else turn.began
        turn.ended = (event.get("completed_at"), event.get("duration_ms"))
        self._accepted = [(other, input_) for other, input_ in self._accepted if other is not turn]
        return turn

    def task_complete(self, event: Json) -> None:
        turn = self._end(event)
        if turn is None:
            return
        if event.get("error") is not None:
            turn.status, turn.error = "failed", event["error"]
        elif turn.status == "in_progress":
            turn.status = "completed"

    def turn_aborted(self, event: Json) -> None:
        turn = self._end(event)
        if turn is not None:
            turn.status, turn.error = "interrupted", None

    def error(self, event: Json) -> None:
        if self._current is not None:
            self._current.status = "failed"
            self._current.error = {key: event.get(key) for key in ("message", "codex_error_info")}

    def thread_rolled_back(self, event: Json) -> None:
        gone = self.turns[-event["num_turns"] :] if event["num_turns"] > 0 else []
        if gone and not gone[0].id.startswith("rollout-"):
            self.model = list(self._model_before[gone[0].place])
        else:
            self._roll_model_back(event["num_turns"])
        for _ in range(event["num_turns"]):
            if self.turns:
                self._rolled_back.add(self.turns.pop().id)
        self._current = None
        self._accepted = [(turn, input_) for turn, input_ in self._accepted if turn in self.turns]
        # From now on the items that have ids of their own are counted too (0.131.0).
        self._numbers_used = sum(not item.traced for turn in self.turns for item in turn.items)

    # --- items of today ---

    def item_completed(self, event: Json) -> None:
        if event["turn_id"] in self._rolled_back:
            return
        turn = self._turn(event["turn_id"]) or self._add_turn(event["turn_id"])
        item = self._put(turn, event["item"])
        item.times = (event.get("started_at_ms"), event.get("completed_at_ms"))
        self._accepted = [
            (other, input_) for other, input_ in self._accepted if input_["item"]["id"] != item.content["id"]
        ]

    def codex_trio_input_accepted(self, event: Json) -> None:
        turn = self._turn(event["turn_id"])
        if turn is not None and turn.status == "in_progress" and turn.item(event["item"]["id"]) is None:
            self._accepted.append((turn, event))

    def _put(self, turn: Turn, content: Json, *, traced: bool = False) -> Item:
        """Leave an item where it was first told of, as it was last told of."""
        item = turn.item(content.get("id", ""))
        if item is None:
            item = Item(content, self._place, traced=traced)
            turn.items.append(item)
        item.content = content
        if content["type"] == "UserMessage" and not self.facts.get("preview"):
            self.facts["preview"] = _preview(content["content"])
        return item

    # --- items of older releases ---

    def _number(self) -> str:
        self._numbers_used += 1
        return f"item-{self._numbers_used}"

    def _turn_at_hand(self) -> Turn:
        if self._current is None:
            self._current = self._add_turn(f"rollout-{self._place}")
            self._current.status = "completed"
            self._current.is_placed = True
        return self._current

    def user_message(self, event: Json) -> None:
        if event.get("item_id") is not None:
            return
        if self._current is not None and not self._current.has_start:
            self._current = None
        content: list[Json] = []
        if event["message"]:
            content.append(
                {"type": "text", "text": event["message"], "text_elements": event.get("text_elements") or []}
            )
        content += [{"type": "image", "image_url": url} for url in event.get("images") or []]
        content += [{"type": "local_image", "path": path} for path in event.get("local_images") or []]
        turn = self._turn_at_hand()
        self._put(turn, {"type": "UserMessage", "id": self._number(), "content": content})

    def agent_reasoning(self, event: Json) -> None:
        self._reasoning(event, "summary_text")

    def agent_reasoning_raw_content(self, event: Json) -> None:
        self._reasoning(event, "raw_content")

    def _reasoning(self, event: Json, key: str) -> None:
        """Add to the reasoning that it follows, if it follows any."""
        if event.get("item_id") is not None or not event["text"]:
            return
        turn = self._turn_at_hand()
        stored = [item.content for item in turn.items if not item.traced]
        content = stored[-1] if stored else {}
        if content.get("type") != "Reasoning":
            content = {"type": "Reasoning", "id": self._number(), "summary_text": [], "raw_content": []}
        self._put(turn, {**content, key: [*content.get(key, []), event["text"]]})

    def _put_event(self, event: Json, kind: str, **content: Any) -> None:
        """Put the item that an event stands for into the turn that it names, or the one at hand."""
        if event.get("item_id") is not None:
            return
        turn = self._turn(event.get("turn_id")) or self._turn_at_hand()
        item_id = event.get("call_id") or self._number()
        self._put(turn, {"type": kind, "id": item_id, **content})

    def agent_message(self, event: Json) -> None:
        if event["message"]:
            kept = {key: event.get(key) for key in ("phase", "memory_citation")}
            self._put_event(event, "AgentMessage", content=[{"type": "Text", "text": event["message"]}], **kept)

    def patch_apply_end(self, event: Json) -> None:
        status = event.get("status") or ("completed" if event["success"] else "failed")
        kept = {key: event.get(key, "") for key in ("stdout", "stderr")}
        self._put_event(event, "FileChange", changes=event.get("changes", {}), status=status, **kept)

    def web_search_end(self, event: Json) -> None:
        self._put_event(event, "WebSearch", query=event["query"], action=event.get("action"))

    def context_compacted(self, event: Json) -> None:
        self._put_event(event, "ContextCompaction")

    def entered_review_mode(self, event: Json) -> None:
        kept = {key: event.get(key) for key in ("target", "user_facing_hint")}
        self._put_event(event, "EnteredReviewMode", **kept)

    def exited_review_mode(self, event: Json) -> None:
        self._put_event(event, "ExitedReviewMode", review_output=event.get("review_output"))

    def exec_command_end(self, event: Json) -> None:
        kept = {key: event.get(key) for key in ("process_id", "command", "exit_code", "duration")}
        status = event.get("status") or ("completed" if event["exit_code"] == 0 else "failed")
        self._put_event(
            event,
            "CommandExecution",
            cwd=file_url(event["cwd"]),
            parsed_cmd=event.get("parsed_cmd", []),
            source=event.get("source", "agent"),
            status=status,
            aggregated_output=event["aggregated_output"] or None,
            **kept,
        )

    # --- what the model was told, and the items that older releases left no other trace of ---

    def compacted(self, payload: Json) -> None:
        if payload.get("replacement_history") is not None:
            self.model = list(payload["replacement_history"])
            return
        summary = {"type": "input_text", "text": payload["message"]}
        self.model = [item for item in self.model if _is_from_user(item)]
        self.model.append({"type": "message", "role": "user", "content": [summary]})

    def _roll_model_back(self, count: int) -> None:
        """Take away the last messages of so many turns, with all that came after them."""
        for _ in range(count):
            while self.model and not _is_from_user(self.model.pop()):
                pass

    def _told_model(self) -> list[Json]:
        internal = "internal_chat_message_metadata_passthrough"
        told = [item for item in self.model if item.get("type") != "ghost_snapshot"]
        return [{key: item[key] for key in item if key != internal} for item in told]

    def response_item(self, item: Json) -> None:
        self.model.append(item)
        if self.facts["meta"].get("history_mode") == "paginated":
            return
        found = self._traces.item_of(item, self._place)
        if found is not None:
            self._put_trace(found)

    def _shows_trace(self, item_id: str) -> bool:
        items = [turn.item(item_id) for turn in self.turns]
        return any(item is not None and item.traced for item in items)

    def _put_trace(self, content: Json) -> None:
        """Put an item where the file does not store it itself."""
        for turn in self.turns:
            item = turn.item(content["id"])
            if item is not None and item.traced:
                item.content = content
                return
        if self._current is not None and self._current.item(content["id"]) is None:
            self._put(self._current, content, traced=True)


# --- words of older releases -----------------------------------------------------------------------------------------

_IN_THE_USERS_NAME = (
    "<environment_context>",
    "<user_instructions>",
    "# AGENTS.md instructions",
    "<turn_aborted>",
    "<user_shell_command>",
    "<skill>",
    "<subagent_notification>",
    "<user_action>",
)


def _is_from_user(item: Json) -> bool:
    if item.get("type") != "message" or item.get("role") != "user":
        return False
    text = item["content"][0].get("text", "") if item.get("content") else ""
    return not any(text.lstrip().startswith(beginning) for beginning in _IN_THE_USERS_NAME)


def _preview(content: list[Json]) -> str:
    text = "".join(part["text"] for part in content if part["type"] == "text")
    text = text.split("## My request for Codex:")[-1].strip()
    has_image = any(part["type"] in ("image", "local_image") for part in content)
    return text or ("[Image]" if has_image else "")


def without_nulls(value: Any) -> Any:
    """Return the value without the keys of objects that are null."""
    if isinstance(value, list):
        return [without_nulls(one) for one in value]
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return value


def read_thread(path: Path, locate: Locate | None = None, *, until: int = LATER, cut_short_before: int = LATER) -> Json:
    """Return all that the rollout in a file tells, as JSON: `facts`, `turns`, and the `model`'s history."""
    meta = _meta_in(_decoded(path.read_bytes()))
    return Reading().read(meta, read_lines(path, locate, until=until), cut_short_before=cut_short_before)
