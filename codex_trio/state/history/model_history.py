"""What the model has seen: the response items that a resumed thread goes on from.

Owns how stored response items, compactions and rollbacks add up to the list that the next model request starts with.
Does not own turns (spans.py) or what a request adds around them (engine). Fed by the reader when a thread is opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from codex_trio.state.rollout import events, preview
from codex_trio.state.rollout.lines import UNDECODABLE, Compacted, ResponseItem, StoredLine

# Bookkeeping of the process that wrote the item, which no model request carries.
_INTERNAL_KEYS = ("internal_chat_message_metadata_passthrough",)
# Kinds that older releases stored among the items though they are not for the model.
_DROPPED_TYPES = frozenset({"ghost_snapshot"})
SUMMARY_TAG = "<conversation_summary>"
"""How the message begins that stands for what was summed up."""

_SUMMARY_PREFIXES = (SUMMARY_TAG, "Another language model started to solve this problem and produced a summary")
"""The same, and that of the established server."""

# How messages begin that are sent in the user's name without being the user's: context, notices, command reports.
_CONTEXT_PREFIXES = (
    "<environment_context>",
    "<user_instructions>",
    "# AGENTS.md instructions",
    "<turn_aborted>",
    "<user_shell_command>",
    "<skill>",
    "<subagent_notification>",
    "<user_action>",
    "<codex_internal_context",
    "<goal_context>",
    "<hook_prompt ",
    *_SUMMARY_PREFIXES,
)


class ModelHistoryBuilder:
    """Collects response items; decodes them only when asked for."""

    def __init__(self) -> None:
        self._items: list[ResponseItem] = []
        self.window = 0
        """How many times the history has been replaced by a summary."""

    def apply(self, line: StoredLine) -> None:
        """Take one more line into account."""
        payload = line.payload
        if isinstance(payload, ResponseItem):
            self._items.append(payload)
        elif isinstance(payload, Compacted):
            self._compact(payload)
        elif isinstance(payload, events.ThreadRolledBack):
            self._roll_back(payload.num_turns)

    def items(self) -> list[dict[str, Any]]:
        """Return the items, oldest first, as the model takes them; those that cannot be decoded are left out."""
        decoded = (_decode(item) for item in self._items)
        return [_without_internals(item) for item in decoded if item is not None]

    def _compact(self, compacted: Compacted) -> None:
        self.window = self.window + 1 if compacted.window_number is None else compacted.window_number
        if compacted.replacement_history is not None:
            self._items = [ResponseItem.of(item) for item in compacted.replacement_history]
            return
        kept = [item for item in self._items if is_from_user(_decode(item))]
        summary = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": compacted.message}],
        }
        self._items = [*kept, ResponseItem.of(summary)]

    def _roll_back(self, num_turns: int) -> None:
        """Forget everything from the num_turns-th last message of the user on: of files that name no turns."""
        for index in range(len(self._items) - 1, -1, -1):
            if num_turns <= 0:
                return
            if is_from_user(_decode(self._items[index])):
                num_turns -= 1
                del self._items[index:]
        if num_turns > 0:
            self._items.clear()


def first_words(items: Iterable[dict[str, Any]]) -> str:
    """Return the text of the first message that the user wrote; '' when there is none."""
    for item in items:
        if is_from_user(item):
            parts: list[dict[str, Any]] = item.get("content") or []
            text = preview.of_content({**part, "type": "text"} for part in parts if part.get("type") == "input_text")
            if text:
                return text
    return ""


def _decode(item: ResponseItem) -> dict[str, Any] | None:
    try:
        decoded = item.item()
    except UNDECODABLE:
        return None
    kind = decoded.get("type")
    return decoded if isinstance(kind, str) and kind not in _DROPPED_TYPES else None


def _without_internals(item: dict[str, Any]) -> dict[str, Any]:
    for key in _INTERNAL_KEYS:
        item.pop(key, None)
    return item


def is_summary(item: dict[str, Any]) -> bool:
    """Return whether the item stands for what was summed up."""
    match item:
        case {"type": "message", "role": "user", "content": [{"type": "input_text", "text": str(text)}, *_]}:
            return text.startswith(_SUMMARY_PREFIXES)
        case {"type": "compaction"}:
            return True
        case _:
            return False


def is_from_user(item: dict[str, Any] | None) -> bool:
    """Return whether the item is a message that the user wrote."""
    match item:
        case {"type": "message", "role": "user", "content": [{"type": "input_text", "text": str(text)}, *_]}:
            return not text.lstrip().startswith(_CONTEXT_PREFIXES)
        case {"type": "message", "role": "user"}:
            return True
        case _:
            return False
