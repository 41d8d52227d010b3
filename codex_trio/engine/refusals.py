"""What of a history a provider refused a request for, if that can be left out.

Providers refuse a request for one item in it: a picture that they cannot read, or that the model has no eyes for, or
what another provider encrypted: its reasoning, or a summary. The item stays, and so would every later turn of the
thread fail. Owns finding such items by what the provider says, and what stands in their place. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from codex_trio.engine.response_items import ResponseItem
from codex_trio.model.errors import ModelError

LEFT_OUT = "image content omitted because the provider refused it"

_ABOUT_PICTURES = re.compile(r"image|picture|vision|visual|multi-?modal|mmproj", re.IGNORECASE)
_ABOUT_ENCRYPTION = re.compile(r"encrypted[ _-]?content", re.IGNORECASE)
_PARAMETER = re.compile(r'"param"\s*:\s*"(?!input|messages|content)\w')
_NOT_SENT = "error sending request"
_KINDS = frozenset({"other", "badRequest", "httpConnectionFailed", "internalServerError", "invalidPrompt"})
_WITHOUT_WORDS = frozenset({400, 413, 415, 422})
"""Statuses by which a provider may mean a picture that it does not speak of."""
_OF_OTHERS = frozenset({401, 403, 407, 408, 429})
_SEALED = frozenset({"reasoning", "compaction", "context_compaction"})
_MAX_QUOTED = 300


def without_refused(items: Sequence[ResponseItem], answered: int, error: ModelError) -> list[ResponseItem] | None:
    """Return the items without those that the provider refused; None when it refused none that can be left out.

    `answered` is how many of the items, from the first on, a model has answered: the others are the likelier cause.
    """
    if error.info.kind not in _KINDS or error.http_status in _OF_OTHERS or _NOT_SENT in error.message:
        return None
    # A provider's address may have any word in it.
    words = error.message.rpartition(", url: ")[0] or error.message
    text = {"type": "input_text", "text": f"{LEFT_OUT}: {_quoted(words)}"}

    def replaced(item: ResponseItem) -> ResponseItem:
        return _without_pictures(item, text)

    if _ABOUT_PICTURES.search(words):
        return _changed(items, answered, replaced) or _changed(items, 0, replaced)
    if _ABOUT_ENCRYPTION.search(words):
        kept = [item for item in items if item["type"] not in _SEALED]
        return kept if len(kept) < len(items) else None
    if error.http_status in _WITHOUT_WORDS and error.info.kind != "invalidPrompt" and not _PARAMETER.search(words):
        return _changed(items, answered, replaced)
    return None


def _changed(
    items: Sequence[ResponseItem], first: int, change: Callable[[ResponseItem], ResponseItem]
) -> list[ResponseItem] | None:
    """Return the items, those from `first` on changed; None when none was."""
    changed = [*items[:first], *map(change, items[first:])]
    return None if all(new is old for new, old in zip(changed, items, strict=True)) else changed


def _without_pictures(item: ResponseItem, text: dict[str, Any]) -> ResponseItem:
    for name in ("content", "output"):
        parts = item.get(name)
        if isinstance(parts, list) and any(map(_is_picture, cast("list[Any]", parts))):
            item = {**item, name: [text if _is_picture(part) else part for part in cast("list[Any]", parts)]}
    return item


def _is_picture(part: Any) -> bool:
    return isinstance(part, dict) and cast("dict[str, Any]", part).get("type") == "input_image"


def _quoted(words: str) -> str:
    """Return what the provider says, out of the JSON that it may have come in."""
    try:
        decoded = msgspec.json.decode(words, type=dict[str, dict[str, Any]])
        message = next((error["message"] for error in decoded.values() if isinstance(error.get("message"), str)), words)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        message = words
    return message if len(message) <= _MAX_QUOTED else f"{message[:_MAX_QUOTED]}…"
