"""What a provider says is wrong, in whatever form it says so.

Owns: finding the message and code in the bodies and events of providers, gateways and web frameworks.
Does not own: what becomes of it (`failures`).
"""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

from codex_trio.model import lenient_json
from codex_trio.model.lenient_json import UnreadableJson
from codex_trio.util import decoding

MAX_QUOTED = 2000
"""More characters than this of an answer that is not understood are shown to nobody."""

MAX_MESSAGE = 16_000
"""More characters of a provider's own words are shown to nobody either."""

_WORDS = ("message", "Message", "detail", "msg", "error_description", "description", "title", "reason")
_INNER = ("error", "errors", "status_details", "response")
_MAX_DEPTH = 6

_UNSHOWN = re.compile(r"(?is)<!--.*?-->|<(script|style)\b.*?</\1\s*>|<[^>]*>")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SPACE = re.compile(r"\s+")


class ProviderError(msgspec.Struct, frozen=True, kw_only=True):
    """What is understood of a refusal. `status` is an HTTP status that stands in place of the code."""

    message: str | None = None
    code: str | None = None
    type: str | None = None
    plan_type: str | None = None
    resets_at: float | None = None
    misalignment: dict[str, Any] | None = None
    status: int | None = None

    @classmethod
    def read(cls, value: Any) -> ProviderError:
        """Return the error in a decoded JSON value: the error object itself, or what holds one.

        Fields of an unexpected type count as absent.
        """
        source = _error_object(value)
        known: dict[str, Any] = {}
        for field in msgspec.structs.fields(cls):
            try:
                known[field.name] = decoding.convert(source.get(field.name), field.type)
            except msgspec.ValidationError:
                continue
        message = _message(value, _MAX_DEPTH)
        known["message"] = None if message is None else bounded(message, MAX_MESSAGE)
        known["status"] = _status(source.get("code")) or _status(source.get("status"))
        return cls(**known)

    @classmethod
    def of_body(cls, body: bytes) -> ProviderError:
        """Return the error in the body of an answer; without any message when the body is no JSON object."""
        try:
            value = lenient_json.mended(lenient_json.decode(body))
        except UnreadableJson:
            return cls()
        return cls.read(value) if isinstance(value, dict) else cls()


def quoted(body: bytes) -> str:
    """Return what an answer that is not understood says, for people: a page without its markup, within bounds."""
    text = body[: 64 * MAX_QUOTED].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        import html

        bare = _SPACE.sub(" ", html.unescape(_UNSHOWN.sub(" ", text))).strip()
        text = bare or text
    return bounded(_CONTROL.sub("\ufffd", text))


def bounded(text: str, limit: int = MAX_QUOTED) -> str:
    """`text`, cut where it is longer than a message should be."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def _error_object(value: Any) -> dict[str, Any]:
    """Return the innermost object that says it is the error; an empty one when there is none."""
    if not isinstance(value, dict):
        return {}
    source = cast("dict[str, Any]", value)
    for key in _INNER:
        inner = source.get(key)
        if isinstance(inner, list) and inner:
            inner = cast("list[Any]", inner)[0]
        if isinstance(inner, dict) and (found := _error_object(inner)):
            return found
    return source


def _message(value: Any, depth: int) -> str | None:
    """Return the words in a value, looked for where providers and frameworks put them."""
    if isinstance(value, str):
        return value.strip() or None
    if depth == 0:
        return None
    if isinstance(value, list):
        found = [words for part in cast("list[Any]", value)[:8] if (words := _message(part, depth - 1))]
        return "; ".join(found) or None
    if not isinstance(value, dict):
        return None
    source = cast("dict[str, Any]", value)
    for key in (*_INNER, *_WORDS):
        if words := _message(source.get(key), depth - 1):
            return _with_upstream(words, source)
    return None


def _with_upstream(words: str, source: dict[str, Any]) -> str:
    """`words` and those of the provider behind a router, which has them in `metadata.raw`."""
    metadata = source.get("metadata")
    raw = cast("dict[str, Any]", metadata).get("raw") if isinstance(metadata, dict) else None
    return f"{words}: {bounded(raw)}" if isinstance(raw, str) and raw.strip() and raw not in words else words


def _status(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599 else None
