"""The model's view of a conversation: the response items of every request.

Owns their order, and the rule that calls and outputs come in pairs. Does not own storage (state/rollout) or context
text (engine/context.py). Used by the session and its turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

ResponseItem = dict[str, Any]

_OUTPUT_OF = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}
_CALL_OF = {output: call for call, output in _OUTPUT_OF.items()}
ABORTED = "aborted"

_KNOWN = frozenset(
    {
        "additional_tools",
        "agent_message",
        "compaction",
        "context_compaction",
        "custom_tool_call",
        "custom_tool_call_output",
        "function_call",
        "function_call_output",
        "image_generation_call",
        "local_shell_call",
        "message",
        "reasoning",
        "tool_search_call",
        "tool_search_output",
        "web_search_call",
    }
)


class ModelHistory:
    """Response items in the order in which the model sees them."""

    def __init__(self, items: Iterable[ResponseItem] = ()) -> None:
        self._items = list(items)

    @property
    def items(self) -> Sequence[ResponseItem]:
        """Everything remembered."""
        return self._items

    def extend(self, items: Iterable[ResponseItem]) -> None:
        self._items.extend(items)

    def for_request(self) -> list[ResponseItem]:
        """What a request may carry: every call answered, no answer without a call.

        A call whose output was lost (the process was killed) counts as aborted: providers refuse unpaired items. An
        output without a call id is the client's own: it answers none.
        """
        answered = {item.get("call_id") for item in self._items if item.get("type") in _CALL_OF}
        called = {item.get("call_id") for item in self._items if item.get("type") in _OUTPUT_OF}
        request: list[ResponseItem] = []
        for item in self._items:
            kind = item.get("type")
            if kind in _CALL_OF and item.get("call_id") and item["call_id"] not in called:
                continue
            request.append(item)
            if kind in _OUTPUT_OF and item.get("call_id") not in answered:
                request.append({"type": _OUTPUT_OF[kind], "call_id": item.get("call_id"), "output": ABORTED})
        return request


def is_known(item: ResponseItem) -> bool:
    """Whether an item that a client brings is of a kind that providers take."""
    return item.get("type") in _KNOWN


def output_item(call: ResponseItem, output: Any, *, item_id: str) -> ResponseItem:
    """The item that answers a call of the model; `output` is text or content parts."""
    prefix = "ctco" if call["type"] == "custom_tool_call" else "fco"
    return {
        "type": _OUTPUT_OF[call["type"]],
        "id": f"{prefix}_{item_id}",
        "call_id": call["call_id"],
        "output": output,
    }


def message_item(role: str, texts: Iterable[str], *, item_id: str) -> ResponseItem:
    """A message of the user or of the developer."""
    return {
        "type": "message",
        "id": f"msg_{item_id}",
        "role": role,
        "content": [{"type": "input_text", "text": text} for text in texts],
    }


def texts_of(item: ResponseItem, key: str = "content") -> list[str]:
    """The texts in an item's parts; `key` names the list of parts."""
    parts: list[Any] = item.get(key) or []
    texts: list[Any] = [part.get("text") or part.get("refusal") for part in parts if isinstance(part, dict)]  # pyright: ignore[reportUnknownMemberType]  # decoded JSON
    return [text for text in texts if isinstance(text, str)]
