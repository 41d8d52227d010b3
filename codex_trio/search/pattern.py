"""What a query asks for: parts divided by spaces, of which a path must match every one.

Pure. `^start`, `end$`, `'whole`, `!not`; a backslash takes a space or one of these as it is.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from codex_trio.search.characters import fold, plain, visible

Kind: TypeAlias = Literal["fuzzy", "inside", "start", "end", "whole"]

_PARTS = re.compile(r"(?:\\\s|\S)+")


class Atom(msgspec.Struct, frozen=True):
    """One part of a query. `needle` is folded, and has accents only where `keeps_accents`."""

    needle: str
    kind: Kind
    negated: bool
    keeps_accents: bool


class Query(msgspec.Struct, frozen=True):
    """`name` is set where it is nothing but one plain word: then names of files count more than their folders."""

    parts: tuple[Atom, ...]
    name: str | None


def parse_query(text: str) -> Query:
    """Return what a query asks for."""
    parts = tuple(part for part in map(_part, _PARTS.findall(text)) if part.needle)
    return Query(parts, _single_word(text.strip(), parts))


def _single_word(text: str, parts: tuple[Atom, ...]) -> str | None:
    if len(parts) != 1 or parts[0].kind != "fuzzy" or parts[0].negated or "/" in text or "\\" in text:
        return None
    return parts[0].needle


def _part(text: str) -> Atom:
    kind: Kind = "fuzzy"
    negated = text.startswith("!")
    rest = text[1:] if negated else text[1:] if text.startswith("\\!") else text
    if rest.startswith("^"):
        kind, rest = "start", rest[1:]
    elif rest.startswith("'"):
        kind, rest = "inside", rest[1:]
    elif rest.startswith(("\\^", "\\'")):
        rest = rest[1:]
    if rest.endswith("\\$"):
        rest = rest[:-2] + "$"
    elif rest.endswith("$"):
        kind, rest = "whole" if kind == "start" else "end", rest[:-1]
    if negated and kind == "fuzzy":
        kind = "inside"
    needle = fold(visible(re.sub(r"\\(\s)", r"\1", rest)))
    return Atom(plain(needle) if plain(needle) == needle else needle, kind, negated, plain(needle) != needle)
