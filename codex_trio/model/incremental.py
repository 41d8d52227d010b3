"""What a provider that keeps the last response on a connection need not be sent again.

Owns comparing a request with the one before it and what came of that. Does not own the connection (model/sockets.py).
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from codex_trio.model.long_events import LONGEST_TEXT
from codex_trio.model.request import ModelRequest
from codex_trio.util import decoding

_MADE_BY_MODEL = frozenset(
    {
        "reasoning",
        "function_call",
        "custom_tool_call",
        "web_search_call",
        "image_generation_call",
        "local_shell_call",
        "tool_search_call",
        "compaction",
    }
)
_SAME = (
    "model",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "instructions",
    "reasoning",
    "verbosity",
    "output_schema",
    "service_tier",
    "prompt_cache_key",
)
"""What must not have changed."""


class _SeenItem(msgspec.Struct):
    type: str = ""
    call_id: str | None = None


class _SeenResponse(msgspec.Struct):
    id: str | None = None


class _Seen(msgspec.Struct):
    type: str = ""
    item: _SeenItem | None = None
    response: _SeenResponse | None = None


class ModelExchange:
    """A request and the response to it, as far as it has come."""

    def __init__(self, request: ModelRequest) -> None:
        self.request = request
        self.response_id: str | None = None
        """Set once the response is whole."""
        self._calls: list[str | None] = []
        self._items = 0

    def note(self, event: bytes) -> None:
        """Note one event of the response."""
        if len(event) > LONGEST_TEXT:
            # Nor is it kept as it came.
            self._items = -1
            return
        try:
            seen = decoding.json_decoder(_Seen).decode(event)
        except msgspec.MsgspecError:
            return
        if seen.type == "response.output_item.done" and seen.item is not None:
            self._items += 1
            if seen.item.call_id is not None:
                self._calls.append(seen.item.call_id)
        elif seen.type == "response.completed" and seen.response is not None:
            self.response_id = seen.response.id or None

    def new_input(self, request: ModelRequest) -> Sequence[Any] | None:
        """Return what of the request's input the provider does not have; None when it has to be sent all of it."""
        before = self.request
        if self.response_id is None or any(getattr(before, name) != getattr(request, name) for name in _SAME):
            return None
        known = len(before.input)
        if len(request.input) < known or list(request.input[:known]) != list(before.input):
            return None
        since = request.input[known:]
        if not before.generates:
            return since
        answer = [item for item in since if _is_made_by_model(item)]
        calls = [_get(item, "call_id") for item in answer if _get(item, "call_id") is not None]
        # What the thread keeps otherwise than it came would be there twice, or under ids that the provider never gave.
        if len(answer) != self._items or calls != self._calls:
            return None
        return [item for item in since if not _is_made_by_model(item)]


def _is_made_by_model(item: Any) -> bool:
    kind = _get(item, "type")
    return kind in _MADE_BY_MODEL or (kind == "message" and _get(item, "role") == "assistant")


def _get(item: Any, name: str) -> Any:
    return cast("Mapping[str, Any]", item).get(name) if isinstance(item, dict) else None
