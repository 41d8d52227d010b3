"""Patches shown while the model still writes them.

Owns when there is something to show, and how much of it. Does not own the patch language
(tools/apply_patch/parser.py), or the item that shows a patch which is applied (tools/patch.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from codex_trio.domain.items import AddChange, Change, DeleteChange, UpdateChange
from codex_trio.engine.events import PatchPreviewed
from codex_trio.engine.item_ids import ItemIds
from codex_trio.engine.item_log import TurnLog
from codex_trio.model.events import CustomToolCallInputDelta
from codex_trio.tools.apply_patch.parser import AddHunk, DeleteHunk, Hunk, PatchError, PatchReader, UpdateHunk

FEATURE = "apply_patch_streaming_events"
TOOL = "apply_patch"

PACE_SECONDS = 0.5
"""How long clients are left with a state before they are shown the next one (0.171.0)."""

MOST_TEXT = 256 * 1024
MOST_LINES = 5_000
"""A longer patch is shown once it is whole: each state is shown as a whole, and reading it must keep nobody waiting."""


class _Preview:
    def __init__(self, provider_id: Any, call_id: str) -> None:
        self.provider_id = provider_id
        self.call_id = call_id
        self.reader: PatchReader | None = PatchReader()
        """None once what comes is no patch, or too long."""
        self.size = 0
        self.lines = 0
        self.has_news = False
        self.shown: Mapping[str, Change] = {}
        self.shown_at = float("-inf")


class PatchPreviews:
    """The patches that one response writes."""

    def __init__(self, log: TurnLog, ids: ItemIds) -> None:
        self._log = log
        self._ids = ids
        self._open: list[_Preview] = []

    def added(self, raw: Mapping[str, Any]) -> None:
        """Take an item that begins."""
        call_id = raw.get("call_id")
        if raw.get("type") != "custom_tool_call" or raw.get("name") != TOOL or raw.get("namespace"):
            return
        # Under another id it could not be told which patch it becomes.
        if isinstance(call_id, str) and self._ids.is_free(call_id) and self._find(raw) is None:
            self._open.append(_Preview(raw.get("id"), call_id))

    def more(self, event: CustomToolCallInputDelta) -> None:
        """Take more of what a tool is called with."""
        preview = self._find({"id": event.item_id, "call_id": event.call_id})
        if preview is None or preview.reader is None:
            return
        preview.size += len(event.delta)
        preview.lines += event.delta.count("\n")
        if preview.size > MOST_TEXT or preview.lines > MOST_LINES:
            preview.reader = None
            return
        try:
            preview.has_news = preview.reader.feed(event.delta) or preview.has_news
        except PatchError:
            # The call will say what is wrong.
            preview.reader = None
            return
        if preview.has_news and trio.current_time() - preview.shown_at >= PACE_SECONDS:
            self._show(preview, preview.reader)

    def done(self, raw: Mapping[str, Any]) -> None:
        """Take an item that is whole: what was not shown yet is now."""
        preview = self._find(raw)
        if preview is not None:
            self._open.remove(preview)
            if preview.reader is not None and preview.has_news:
                self._show(preview, preview.reader)

    def _find(self, raw: Mapping[str, Any]) -> _Preview | None:
        provider_id, call_id = raw.get("id"), raw.get("call_id")
        return next(
            (one for one in self._open if one.call_id == call_id or (provider_id and one.provider_id == provider_id)),
            None,
        )

    def _show(self, preview: _Preview, reader: PatchReader) -> None:
        preview.has_news = False
        changes = {hunk.path: _change_of(hunk) for hunk in reader.hunks()}
        if changes != preview.shown:
            preview.shown, preview.shown_at = changes, trio.current_time()
            self._log.emit(PatchPreviewed(turn_id=self._log.turn_id, item_id=preview.call_id, changes=changes))


def _change_of(hunk: Hunk) -> Change:
    match hunk:
        case AddHunk():
            return AddChange(content=hunk.content)
        case DeleteHunk():
            return DeleteChange(content="")
        case UpdateHunk():
            return UpdateChange(unified_diff=_diff_of(hunk), move_path=hunk.move_to)


def _diff_of(hunk: UpdateHunk) -> str:
    """Return the lines of an update; where they stand in the file is not known yet."""
    lines: list[str] = []
    for chunk in hunk.chunks:
        lines.append("@@" if chunk.context is None else f"@@ {chunk.context}")
        lines += [sign + text for sign, text in chunk.lines]
    return "".join(f"{line}\n" for line in lines)
