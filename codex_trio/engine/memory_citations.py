"""What a model says of the memories that its answer rests on: a block in its text, which clients get apart from it.

Owns the block's form (that of 0.169.0) and how it is kept out of what streams. Does not own memories. Pure.
"""

from __future__ import annotations

import re
from typing import Any

OPENING = "<oai-mem-citation>"
CLOSING = "</oai-mem-citation>"

_BLOCK = re.compile(rf"{OPENING}(.*?)(?:{CLOSING}|\Z)", re.DOTALL)
_CLOSED = re.compile(rf"{OPENING}(.*?){CLOSING}", re.DOTALL)
_ENTRIES = re.compile(r"<citation_entries>(.*?)</citation_entries>", re.DOTALL)
_THREADS = re.compile(r"<rollout_ids>(.*?)</rollout_ids>", re.DOTALL)
_ENTRY = re.compile(r"(?P<path>.+):(?P<first>[0-9]{1,9})-(?P<last>[0-9]{1,9})\|note=\[(?P<note>.*)\]")


class CitationFilter:
    """Lets the text of a message through as it streams, but for citations."""

    def __init__(self) -> None:
        self._held = ""
        self._is_inside = False

    def feed(self, delta: str) -> str:
        """Take the next piece of a message; return what of it is shown."""
        if not self._is_inside and not self._held and "<" not in delta:
            return delta
        text, self._held = self._held + delta, ""
        shown: list[str] = []
        while True:
            tag = CLOSING if self._is_inside else OPENING
            before, found, after = text.partition(tag)
            if not found:
                break
            if not self._is_inside:
                shown.append(before)
            self._is_inside = not self._is_inside
            text = after
        begun = _begun(text, CLOSING if self._is_inside else OPENING)
        if not self._is_inside:
            shown.append(text[: len(text) - begun])
        self._held = text[len(text) - begun :]
        return "".join(shown)

    def finish(self) -> str:
        """Return what was held back and is text after all: the message is whole."""
        held, self._held = self._held, ""
        return "" if self._is_inside else held


def without_citations(text: str) -> tuple[str, dict[str, Any] | None]:
    """Return the text of a whole message without citations, and what they say, in the form of rollouts."""
    if OPENING not in text:
        return text, None
    entries: list[dict[str, Any]] = []
    threads: dict[str, None] = {}
    for block in _CLOSED.findall(text):
        for part in _ENTRIES.findall(block):
            entries += [_entry(found) for line in part.splitlines() if (found := _ENTRY.fullmatch(line.strip()))]
        for part in _THREADS.findall(block):
            threads.update(dict.fromkeys(line.strip() for line in part.splitlines() if line.strip()))
    citation = {"entries": entries, "rolloutIds": [*threads]} if entries or threads else None
    return _BLOCK.sub("", text), citation


def _entry(found: re.Match[str]) -> dict[str, Any]:
    return {
        "path": found["path"],
        "lineStart": int(found["first"]),
        "lineEnd": int(found["last"]),
        "note": found["note"],
    }


def _begun(text: str, tag: str) -> int:
    """Return how many characters at the end of a text may be the beginning of a tag."""
    longest = min(len(tag) - 1, len(text))
    return next((size for size in range(longest, 0, -1) if tag.startswith(text[-size:])), 0)
