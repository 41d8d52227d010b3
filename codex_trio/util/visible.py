"""Text whose every character is seen: what would move, hide or turn around what is shown stands there as its code."""

from __future__ import annotations

import re

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Controls but for line ends and tabs, direction marks, and what takes no room unless pictures are made of it."""


def has_unseen(text: str) -> bool:
    """Return whether a text holds characters that are not seen where it is shown."""
    return _UNSEEN.search(text) is not None


def with_unseen(text: str) -> str:
    r"""Return a text in which characters that are not seen stand as `\uXXXX`, as JSON and programs write them."""
    return _UNSEEN.sub(_code, text)


def _code(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    # As JSON does: in two halves.
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
