"""What a search sees in a path: characters without case and accents, and what a match at each of them is worth.

Pure. Characters are those that a person sees: marks that combine with a letter belong to it.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

BOUNDARY = 8
"""A character after one that ends a word, or one that ends a word."""
_START = 9
"""After a slash, and at the beginning."""
_CHANGE = 5
"""A capital after a small letter, a digit after none."""

_SPELLED = dict(zip("ßæœøłđðþħıŋŧƒ", "saooldd\u00fehintf", strict=True))
"""Letters that are none with an accent, and are found by another one all the same."""

_SPACE, _OTHER, _SLASH, _SMALL, _CAPITAL, _LETTER, _DIGIT = range(7)


def visible(text: str) -> str:
    """Return the characters of a text, each as one code point."""
    if text.isascii():
        return text
    return "".join(character for character in text if not unicodedata.combining(character) and character != "\u200d")


def fold(text: str) -> str:
    """Return visible characters without case, as many as before."""
    if text.isascii():
        return text.lower()
    return "".join(_folded(character) for character in text)


def plain(text: str) -> str:
    """Return folded characters without accents, as many as before."""
    if text.isascii():
        return text
    return "".join(_without_accent(character) for character in text)


class Bonuses(dict[str, int]):
    """What a match is worth beside itself, by the character before it and the character; see `bonus_at`."""

    def __missing__(self, pair: str) -> int:
        before, here = (_kind(character) for character in pair)
        bonus = self[pair] = _bonus(before, here)
        return bonus


def padded(text: str) -> str:
    """Return a path with what stands before its first character: the pair at a position is its key in `Bonuses`."""
    return "/" + text


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else character


@lru_cache(maxsize=4096)
def _without_accent(character: str) -> str:
    base = _SPELLED.get(character) or unicodedata.normalize("NFD", character)[0]
    # Only letters that Latin is written with: in other scripts marks make other letters.
    return base if base.isascii() else character


@lru_cache(maxsize=4096)
def _kind(character: str) -> int:
    if character == "/":
        return _SLASH
    if character.islower():
        return _SMALL
    if character.isupper():
        return _CAPITAL
    if character.isnumeric():
        return _DIGIT
    if character.isalpha():
        return _LETTER
    return _SPACE if character.isspace() else _OTHER


def _bonus(before: int, here: int) -> int:
    if here > _SLASH and before <= _SLASH:
        return _START if before == _SLASH else BOUNDARY
    if (before == _SMALL and here == _CAPITAL) or (before != _DIGIT and here == _DIGIT):
        return _CHANGE
    return BOUNDARY if here in (_SPACE, _OTHER) else 0
