"""Events that are longer than what any model says, shortened before anything of them is decoded.

Decoding holds the whole process for as long as it takes, and so does encoding what was decoded, for the rollout and for
clients: milliseconds for each million characters. Owns how much of an event's texts is kept, and how many values an
event may have. Does not own what events mean (`events`). What providers make, pictures and sealed content, may be as
long as an event: it is plain text, which costs little. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

LARGE = 256 * 1024
"""Events of more bytes are looked at, in a thread."""

LONGEST_TEXT = 1024 * 1024
"""As many bytes the texts of an event may have together: models cannot say half as much in one response."""

MOST_STRUCTURE = 128 * 1024
"""As many bytes of an output item may be no text: brackets, commas and numbers."""

MOST_STRUCTURE_OF_OTHERS = 1024 * 1024
"""The same for events without an item, most of which is passed over."""

_KEPT = 128 * 1024
"""What is kept of a text that is too long."""

_SHORT = 1024
"""Texts up to this are names, ids and the like."""

_PIECE = 64 * 1024
_BACKSLASH, _QUOTE = b'\\"'
_IN_TEXT = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_ESCAPE_BYTES = 16
_MADE = re.compile(rb'"(?:result|encrypted_content|image_url|partial_image_b64)"\s*:\s*\Z')
_MADE_KEYS = frozenset({"result", "encrypted_content", "image_url"})
_HIGH_HALF = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")


class Shortened(NamedTuple):
    """An event without the bytes that were left out of it. `structure` is how many bytes are part of no text."""

    data: bytes
    left_out: int
    structure: int


def shortened(data: bytes, *, longest: int = LONGEST_TEXT, kept_size: int = _KEPT) -> Shortened:
    """Return an event, the text of JSON, with as much of its texts as there is room for; of one that has none, the
    beginning.
    """
    pieces: list[bytes] = []
    copied = at = in_texts = left_out = 0
    room = longest
    while (start := data.find(b'"', at) + 1) > 0:
        end = _end_of_text(data, start)
        if end < 0 or start - in_texts > MOST_STRUCTURE_OF_OTHERS:
            break
        at = end + 1
        size = end - start
        in_texts += size
        if size > _SHORT and _is_made(data, start, end):
            continue
        if size <= max(room, _SHORT):
            room = max(room - size, 0)
            continue
        kept = _whole_characters(data, start, start + min(room, kept_size))
        pieces += (data[copied:kept], _note(end - kept).encode())
        left_out += end - kept
        room -= kept - start
        copied = end
    if pieces:
        pieces.append(data[copied:])
    return Shortened(b"".join(pieces) if pieces else data, left_out, len(data) - in_texts)


def shortened_item(item: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Return an output item that was put together from pieces, and how many characters were left out of it."""
    room = _Room()
    return room.fit(item), room.left_out


class _Room:
    """What the texts of one item may still hold."""

    def __init__(self) -> None:
        self.left_out = 0
        self._left = LONGEST_TEXT

    def fit(self, value: Any) -> Any:
        """Return a value with no more text than there is room for."""
        match value:
            case str():
                return self._fit_text(value)
            case list():
                return [self.fit(each) for each in cast("list[Any]", value)]
            case dict():
                fields = cast("dict[str, Any]", value)
                return {key: each if key in _MADE_KEYS else self.fit(each) for key, each in fields.items()}
            case _:
                return value

    def _fit_text(self, text: str) -> str:
        if len(text) <= max(self._left, _SHORT):
            self._left = max(self._left - len(text), 0)
            return text
        kept = min(self._left, _KEPT)
        self._left -= kept
        self.left_out += len(text) - kept
        return text[:kept] + _note(len(text) - kept)


def _note(left_out: int) -> str:
    return f"…{left_out} bytes truncated…"


def _end_of_text(data: bytes, start: int) -> int:
    """Return where the quote is that ends the text which begins there; -1 without any."""
    at = start
    while at < len(data):
        # A piece at a time: a match holds the process too.
        found = _IN_TEXT.match(data, at, at + _PIECE)
        end = at if found is None else found.end()
        if end < len(data) and data[end] == _QUOTE:
            return end
        if end == at:
            break
        at = end
    return -1


def _is_made(data: bytes, start: int, end: int) -> bool:
    """Return whether a text is no text of the model's: plain characters in a field for what providers make."""
    if not _MADE.search(data, max(start - 64, 0), start - 1):
        return False
    return data.find(b"\\", start, end) < 0 and data[start:end].isascii()


def _whole_characters(data: bytes, start: int, end: int) -> int:
    """Return the last place up to `end` at which a text may be cut."""
    escape = data.find(b"\\", max(end - _ESCAPE_BYTES, start), end)
    if escape < 0:
        while end > start and data[end] & 0xC0 == 0x80:
            end -= 1
        return end
    after = escape + 1
    while after < end and data[after] == _BACKSLASH:
        after += 1
    while escape > start and data[escape - 1] == _BACKSLASH:
        escape -= 1
    # Two of them are a character.
    cut = after - (after - escape) % 2
    return cut - 6 if cut - start >= 6 and _HIGH_HALF.search(data, cut - 6, cut) else cut
