"""The model's view of a conversation: the response items of every request.

Owns their order, and the rules of a request: calls and outputs come in pairs, no id stands twice, pictures are labelled
as the model takes them. Does not own the form of items (engine/response_items.py), storage (state/rollout) or context
text (engine/context_messages.py). Used by the session and its turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, cast

from codex_trio.domain.ids import uuid7
from codex_trio.engine.item_ids import ItemIds, is_sendable
from codex_trio.engine.response_items import CALL_KINDS, ResponseItem, clean_all
from codex_trio.model.catalog import ModelInfo
from codex_trio.state.history.model_history import is_summary

_OUTPUT_OF = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
    # These are made elsewhere, by clients or other servers.
    "local_shell_call": "function_call_output",
    "tool_search_call": "tool_search_output",
}
_OUTPUTS = frozenset(_OUTPUT_OF.values())
_PAIRED = _OUTPUTS | frozenset(_OUTPUT_OF)
_MADE_BY_MODEL = frozenset({*_OUTPUT_OF, "reasoning", "web_search_call", "image_generation_call"})
ABORTED = "aborted"

NO_IMAGES = "image content omitted because this model does not take images"


class ModelHistory:
    """Response items in the order in which the model sees them."""

    def __init__(self, items: Iterable[ResponseItem] = ()) -> None:
        self._items: list[ResponseItem] = []
        self.ids = ItemIds()
        """The ids that are taken."""
        self.extend(items)

    @classmethod
    def of_known(cls, items: Sequence[ResponseItem]) -> ModelHistory:
        """Return the history of items that came from one, to be read alone."""
        history = cls()
        history._items = list(items)
        return history

    @property
    def items(self) -> Sequence[ResponseItem]:
        """Everything remembered."""
        return self._items

    def extend(self, items: Iterable[ResponseItem]) -> None:
        """Remember more. What no provider takes back is forgotten at once."""
        known = clean_all(items)
        self._items += known
        self.ids.note(known)

    def replace(self, items: Sequence[ResponseItem]) -> None:
        """Remember those instead. Ids that were taken stay taken."""
        self._items.clear()
        self.extend(items)

    @property
    def answered(self) -> int:
        """How many of the items, from the first on, a model has answered; the others it may never have read.

        A summary is an answer to all that it stands for.
        """
        for number in range(len(self._items) - 1, -1, -1):
            item = self._items[number]
            if item["type"] in _MADE_BY_MODEL or item.get("role") == "assistant" or is_summary(item):
                return number + 1
        return 0

    def for_request(self, model: ModelInfo) -> list[ResponseItem]:
        """Return what a request may carry: every call answered, no answer without a call, each id once.

        A call whose output was lost (the process was killed) counts as aborted: providers refuse unpaired items. An
        output without a call id is the client's own: it answers none.
        """
        pairs = _Pairs(self._items)
        request: list[ResponseItem] = []
        ids: set[str] = set()
        for number, item in enumerate(self._items):
            kind = item["type"]
            if kind == "message" and not item["content"]:
                continue
            if kind in CALL_KINDS or (kind in _PAIRED and "call_id" in item):
                call_id = pairs.ids.get(number)
                if call_id is None:
                    continue
                item = {**item, "call_id": call_id}
            request.append(_sendable(item, ids, model))
            if number in pairs.unanswered:
                request.append(_aborted(kind, item["call_id"]))
        return request


class _Pairs:
    """Which calls and outputs belong together, and under which call ids: `ids` by their place, unique for each pair.

    Older threads hold call ids that a provider gave again and again; the first call that waits is answered first.
    """

    def __init__(self, items: Sequence[ResponseItem]) -> None:
        self.ids: dict[int, str] = {}
        self.unanswered: set[int] = set()
        waiting: dict[str, deque[int]] = {}
        taken: set[str] = set()
        for number, item in enumerate(items):
            call_id, kind = item.get("call_id"), item["type"]
            if not isinstance(call_id, str):
                continue
            if kind in _OUTPUT_OF:
                self.ids[number] = _free(call_id, taken)
                self.unanswered.add(number)
                waiting.setdefault(call_id, deque()).append(number)
            elif kind in _OUTPUTS and waiting.get(call_id):
                call = waiting[call_id][0]
                if _OUTPUT_OF[items[call]["type"]] == kind:
                    waiting[call_id].popleft()
                    self.unanswered.discard(call)
                    self.ids[number] = self.ids[call]


def _free(call_id: str, taken: set[str]) -> str:
    """Return the call id, or one made from it, the same in every request, that no other call has."""
    made, number = call_id, 1
    while made in taken:
        number += 1
        made = f"{call_id[:48]}_{number}"
    taken.add(made)
    return made


def _sendable(item: ResponseItem, ids: set[str], model: ModelInfo) -> ResponseItem:
    """Return the item as this model's provider takes it; `ids` are those of the items before it."""
    if "id" in item:
        if is_sendable(item) and item["id"] not in ids:
            ids.add(item["id"])
        else:
            item = {name: value for name, value in item.items() if name != "id"}
    for name in ("content", "output"):
        parts = item.get(name)
        if isinstance(parts, list) and not model.image_detail_original:
            item = {**item, name: [_part_for(part, model) for part in cast("list[Any]", parts)]}
    return item


def _part_for(part: Any, model: ModelInfo) -> Any:
    if not isinstance(part, dict) or cast("dict[str, Any]", part).get("type") != "input_image":
        return cast("Any", part)
    if "image" not in model.input_modalities:
        return {"type": "input_text", "text": NO_IMAGES}
    image = cast("dict[str, Any]", part)
    return {**image, "detail": "high"} if image.get("detail") == "original" else image


def _aborted(call_kind: str, call_id: str) -> ResponseItem:
    kind = _OUTPUT_OF[call_kind]
    if kind == "tool_search_output":
        return _tool_search_output(call_id, [])
    return {"type": kind, "call_id": call_id, "output": ABORTED}


def _tool_search_output(call_id: str, tools: list[Any]) -> ResponseItem:
    kind = "tool_search_output"
    return {"type": kind, "call_id": call_id, "status": "completed", "execution": "client", "tools": tools}


def output_item(call: ResponseItem, output: Any) -> ResponseItem:
    """Return the item that answers a call of the model; `output` is text or content parts, of a search the tools.

    A search that did not work has found nothing: there is no place to say why.
    """
    if call["type"] == "tool_search_call":
        tools = cast("list[Any]", output) if isinstance(output, list) else []
        return {"id": f"tso_{uuid7()}", **_tool_search_output(call["call_id"], tools)}
    prefix = "ctco" if call["type"] == "custom_tool_call" else "fco"
    return {
        "type": _OUTPUT_OF[call["type"]],
        "id": f"{prefix}_{uuid7()}",
        "call_id": call["call_id"],
        "output": output,
    }


def message_item(role: str, texts: Iterable[str], *, item_id: str) -> ResponseItem:
    """Return a message of the user or of the developer."""
    return {
        "type": "message",
        "id": f"msg_{item_id}",
        "role": role,
        "content": [{"type": "input_text", "text": text} for text in texts],
    }
