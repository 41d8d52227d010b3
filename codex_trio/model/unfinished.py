"""Output items that a stream never finishes: some providers send only deltas, or all items in the last event.

Owns: what is known of each item so far, and making whole items of it when the response ends.
Does not own: reading events, or what becomes of items. Pure and synchronous.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from codex_trio.model import events
from codex_trio.model.events import ResponseItem

_INPUT_OF = {"function_call": "arguments", "custom_tool_call": "input"}


class _Draft(msgspec.Struct):
    """An item as far as it has come. `item` is how it was announced, if it was."""

    kind: str
    item: ResponseItem | None = None
    pieces: list[str] = msgspec.field(default_factory=list[str])
    parts: dict[int, list[str]] = msgspec.field(default_factory=dict[int, list[str]])
    raw: list[str] = msgspec.field(default_factory=list[str])
    whole: dict[int, str] = msgspec.field(default_factory=dict[int, str])
    whole_parts: dict[int, str] = msgspec.field(default_factory=dict[int, str])
    whole_raw: dict[int, str] = msgspec.field(default_factory=dict[int, str])

    @property
    def has_text(self) -> bool:
        """Whether anything of the item itself has come."""
        return self.size > 0

    @property
    def has_deltas(self) -> bool:
        """Whether anything of it has come piece by piece."""
        return bool(self.pieces or self.parts or self.raw)

    @property
    def size(self) -> int:
        """Characters that have come of it."""
        wholes = [each.values() for each in (self.whole, self.whole_parts, self.whole_raw)]
        parts = [self.pieces, self.raw, *self.parts.values(), *wholes]
        return sum(len(piece) for pieces in parts for piece in pieces)

    @property
    def text(self) -> str:
        """The text of a message, or what a tool is called with."""
        return max("".join(self.pieces), _in_order(self.whole), key=len)

    @property
    def summary(self) -> list[str]:
        """The parts of a reasoning summary."""
        came = {index: "".join(part) for index, part in self.parts.items()}
        return [part for _index, part in sorted({**self.whole_parts, **came}.items())]

    @property
    def thoughts(self) -> str:
        """The reasoning itself."""
        return "".join(self.raw) or _in_order(self.whole_raw)


class UnfinishedItems:
    """The items of one response that have begun and are not done."""

    def __init__(self) -> None:
        # Words of a message come in great numbers, and nearly all for the same one.
        self._text_id: str | None = None
        self._text: list[str] = []
        self._drafts: dict[str, _Draft] = {}
        self._done_ids: set[str] = set()
        self._done_kinds: Counter[str] = Counter()
        self._done_texts: set[str] = set()

    @property
    def size(self) -> int:
        """Characters that have come in deltas of items that are not done."""
        return sum(draft.size for draft in self._drafts.values())

    def note(self, event: events.DirectEvent) -> None:
        """Take the next event of an item."""
        match event:
            case events.OutputTextDelta():
                self.note_text(event)
            case events.FunctionCallArgumentsDelta():
                self._draft(event.item_id, "function_call").pieces.append(event.delta)
            case events.CustomToolCallInputDelta():
                self._draft(event.item_id, "custom_tool_call").pieces.append(event.delta)
            case events.ReasoningSummaryTextDelta():
                parts = self._draft(event.item_id, "reasoning").parts
                parts.setdefault(event.summary_index, []).append(event.delta)
            case events.ReasoningTextDelta():
                self._draft(event.item_id, "reasoning").raw.append(event.delta)
            case events.OutputItemAdded():
                self._added(event.item)
            case events.OutputItemDone():
                self.done(event.item)
            case events.ReasoningSummaryPartAdded():
                pass

    def note_text(self, event: events.OutputTextDelta) -> None:
        """Take more text of a message."""
        if event.item_id != self._text_id:
            self._text = self._draft(event.item_id, "message").pieces
            self._text_id = event.item_id
        self._text.append(event.delta)

    def whole_text(self, event: events.WireTextDone) -> None:
        """Take the text of a finished part, which counts if its deltas did not come."""
        if not event.text or not self._wants("message", event.item_id):
            return
        if not event.item_id and event.text in self._done_texts:
            return
        whole = self._draft(event.item_id, "message").whole
        index = event.content_index
        if index is None:
            # Whoever counts no parts may still say each of them twice.
            index = next((known for known, text in whole.items() if text == event.text), len(whole))
        whole[index] = event.text

    def whole_part(self, event: events.WirePartDone) -> None:
        """The same for a part as a value."""
        part = event.part or {}
        text = part.get("text") or part.get("refusal")
        if not isinstance(text, str):
            return
        if part.get("type") == "reasoning_text":
            self.whole_thought(events.WireThoughtDone(text, event.content_index or 0, event.item_id))
        else:
            self.whole_text(events.WireTextDone(text, event.item_id, event.content_index))

    def whole_thought(self, event: events.WireThoughtDone) -> None:
        """Take a finished part of reasoning, which counts if its deltas did not come."""
        if event.text and self._wants("reasoning", event.item_id):
            draft = self._draft(event.item_id, "reasoning")
            (draft.whole_parts if event.is_summary else draft.whole_raw)[event.index] = event.text

    def whole_input(self, event: events.WireInputDone) -> None:
        """Take all that a tool is called with."""
        kind = "function_call" if event.kind == "arguments" else "custom_tool_call"
        if self._wants(kind, event.item_id):
            self._draft(event.item_id, kind).whole = {0: event.text}

    def done(self, item: ResponseItem) -> None:
        """Take an item that is whole."""
        kind = _kind(item)
        item_id = _id(item)
        self._text_id = None
        self._done_kinds[kind] += 1
        if kind == "message":
            self._done_texts.add(_text_of(item))
        if item_id:
            self._done_ids.add(item_id)
        own = self._drafts.pop(item_id, None)
        if own is None or not own.has_text:
            self._drop_twin(kind, _text_of(item), is_known=own is not None)

    def _drop_twin(self, kind: str, text: str, *, is_known: bool) -> None:
        """Drop the drafts of an item whose deltas went by other ids than the item: they say parts of it.

        An item that was never announced may also be what an announced one of its kind has become.
        """
        drafts = [(key, draft) for key, draft in self._drafts.items() if draft.kind == kind]
        parts = [key for key, draft in drafts if draft.has_text and draft.text in text]
        if not parts and not is_known:
            parts = [key for key, _draft in drafts[:1]]
        for key in parts:
            del self._drafts[key]

    def rest(self, output: Sequence[Any], *, calls: bool) -> list[ResponseItem]:
        """Return the items that were said but never done, given the response's own list of its output.

        Calls are left out unless `calls`: what a response was cut in should not be run.
        """
        found: list[ResponseItem] = []
        for item in self._undone(output):
            self.done(item)
            found.append(item)
        for item_id, draft in self._drafts.items():
            item = _finished(item_id, draft)
            if item is not None:
                found.append(item)
        self._drafts.clear()
        return [item for item in found if calls or _kind(item) not in _INPUT_OF]

    def _undone(self, output: Sequence[Any]) -> list[ResponseItem]:
        """Return the items of the output that did not come by themselves: told by their ids, else counted by kind."""
        items = [cast("ResponseItem", item) for item in output if isinstance(item, dict)]
        known = [item for item in items if _id(item) in self._done_ids]
        left = self._done_kinds - Counter(map(_kind, known))
        undone: list[ResponseItem] = []
        for item in items:
            if _id(item) in self._done_ids:
                continue
            kind = _kind(item)
            if left[kind] > 0:
                left[kind] -= 1
            else:
                undone.append(item)
        return undone

    def _draft(self, item_id: str, kind: str) -> _Draft:
        if not item_id:
            announced = [draft for draft in self._drafts.values() if draft.kind == kind and draft.item is not None]
            if announced:
                return announced[-1]
        draft = self._drafts.get(item_id)
        if draft is None or (draft.kind != kind and draft.item is None):
            draft = self._drafts[item_id] = _Draft(kind)
        return draft

    def _added(self, item: ResponseItem) -> None:
        item_id = _id(item)
        self._text_id = None
        if item_id and item_id not in self._done_ids:
            self._drafts[item_id] = _Draft(_kind(item), item)

    def _wants(self, kind: str, item_id: str) -> bool:
        """Return whether the whole of something may say what is not known yet."""
        if item_id:
            return item_id not in self._done_ids
        return not any(draft.kind == kind and draft.has_deltas for draft in self._drafts.values())


def _in_order(parts: dict[int, str]) -> str:
    return "".join(text for _index, text in sorted(parts.items()))


def _finished(item_id: str, draft: _Draft) -> ResponseItem | None:
    """Return the item that a draft amounts to; None when nothing was said."""
    begun = draft.item or {"type": draft.kind, **({"id": item_id} if item_id else {})}
    text = draft.text
    match draft.kind:
        case "message":
            if not text:
                return begun if _text_of(begun) else None
            return {"role": "assistant", **begun, "content": [{"type": "output_text", "text": text}]}
        case "reasoning":
            summary: list[Any] = [{"type": "summary_text", "text": part} for part in draft.summary]
            thought = [{"type": "reasoning_text", "text": draft.thoughts}] if draft.thoughts else []
            if not summary and not thought:
                return begun if begun.get("encrypted_content") else None
            return {**begun, "summary": summary, **({"content": thought} if thought else {})}
        case "function_call" | "custom_tool_call":
            key = _INPUT_OF[draft.kind]
            return {**begun, key: text or begun.get(key) or ""}
        case _:
            return None


def _text_of(item: ResponseItem) -> str:
    """Return what a draft's text would be for this item."""
    key = _INPUT_OF.get(_kind(item))
    if key is not None:
        return str(item.get(key))
    content = item.get("content")
    parts = cast("list[Any]", content) if isinstance(content, list) else []
    known = [cast("dict[str, Any]", part) for part in parts if isinstance(part, dict)]
    texts = [part.get("text") or part.get("refusal") for part in known]
    return "".join(text for text in texts if isinstance(text, str))


def _kind(item: ResponseItem) -> str:
    kind = item.get("type")
    return kind if isinstance(kind, str) else ""


def _id(item: ResponseItem) -> str:
    item_id = item.get("id")
    return item_id if isinstance(item_id, str) else ""
