"""Ids of items and calls that are unique in a thread, whatever a provider numbers anew in each response.

Owns which ids are taken, and the form in which ids may be sent back. Does not own the items.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from codex_trio.domain.ids import uuid7
from codex_trio.engine.response_items import ResponseItem

MAX_LENGTH = 64
"""Of an id that providers take."""

_SENDABLE = re.compile(r"[a-z]+_[A-Za-z0-9_-]+")
_PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "web_search_call": "ws",
    "image_generation_call": "ig",
    "tool_search_call": "tsc",
}
_CALL_PREFIX = "call"


class ItemIds:
    """The ids that a thread's items have."""

    def __init__(self) -> None:
        self._shown: set[str] = set()
        """Ids under which clients see items: those of messages and the like, and of calls."""
        self._sent: set[str] = set()

    def note(self, items: Iterable[ResponseItem]) -> None:
        """Note the ids of items that are part of the thread."""
        for item in items:
            self._shown.update(filter(None, (item.get("call_id"), item.get("id"))))
            self._sent.update(filter(None, (item.get("id"),)))

    def pick(self, kind: str, wanted: Any, *, besides: Collection[str] = ()) -> str:
        """Return an id for an item that clients see: the wanted one where it is free, and not among `besides`."""
        if _is_usable(wanted) and wanted not in self._shown and wanted not in besides:
            return wanted
        return f"{_PREFIXES[kind]}_{uuid7()}"

    def is_free(self, call_id: str) -> bool:
        """Return whether a call that the provider names so is known by that name."""
        return _is_usable(call_id) and call_id not in self._shown

    def name_call(self, call: ResponseItem) -> ResponseItem:
        """Return the call, under a call id (clients see it by that one) and an id that are its own."""
        call_id = call.get("call_id") or call.get("id")
        if not isinstance(call_id, str) or not self.is_free(call_id):
            call_id = f"{_CALL_PREFIX}_{uuid7()}"
        named = {**call, "call_id": call_id}
        if named.get("id") in self._sent:
            named["id"] = f"{_PREFIXES[call['type']]}_{uuid7()}"
        return named


def is_sendable(item: ResponseItem) -> bool:
    """Return whether providers take the item's id: one of theirs, or of that form; those of other
    gateways are refused.
    """
    item_id = item.get("id")
    if not isinstance(item_id, str) or len(item_id) > MAX_LENGTH or not _SENDABLE.fullmatch(item_id):
        return False
    prefix = _PREFIXES.get(item["type"])
    return prefix is None or item_id.startswith(f"{prefix}_")


def _is_usable(wanted: Any) -> bool:
    return isinstance(wanted, str) and 0 < len(wanted) <= MAX_LENGTH and wanted.isprintable()
