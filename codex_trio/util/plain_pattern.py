"""Regular expressions that somebody else wrote, matched without trying one way after the other.

Python's `re` may take years for `(a+)+$`. Here all places that a match may have reached are followed at once, as bits
of a number, so that time grows with the lengths of pattern and text alone. What cannot be matched so (looking around,
back references and their like) is refused, as the reference's engine refuses it. Owns the syntax beyond single
characters; these are left to `re`. Synchronous.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

MAX_PATTERN = 1024
MAX_TEXT = 4096
"""What comes after so many characters of a text is not looked at: names and paths are shorter."""

_MAX_WEIGHT = 10_000
_MAX_DEPTH = 50
_LOOP_WEIGHT = 16

_ITEM = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|0[0-7]{0,2}|[1-3][0-7]{2}|.)"
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]|.",
    re.DOTALL,
)
_COUNT = re.compile(r"(?:(?P<sign>[*+?])|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\})(?P<way>[?+]?)")
_GROUP = re.compile(r"\((?:\?(?::|P<\w+>|(?P<on>[a-zA-Z]*)(?:-[a-zA-Z]+)?(?P<end>[:)])))?")
_COMMENT = re.compile(r"\(\?#[^)]*\)")
_PLACES = frozenset(("^", "$", r"\A", r"\Z", r"\b", r"\B"))
_COUNTS = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class PatternRefused(Exception):
    """A pattern cannot be used. Its text says why, and what to do."""


class _Text:
    """A text, with what was found in it: at which places a single character, or a place such as `$`, is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[re.Pattern[str], int] = {}

    def places(self, what: re.Pattern[str]) -> int:
        """Return the places as bits."""
        found = self._found.get(what)
        if found is None:
            found = sum(1 << place for place in range(len(self._text) + 1) if what.match(self._text, place))
            self._found[what] = found
        return found


_Follow: TypeAlias = Callable[[_Text, int], int]
"""Returns where a part may end that begins at one of these places."""


class _Part(NamedTuple):
    follow: _Follow
    weight: int
    """About how many steps it takes."""


def pattern_problem(pattern: str) -> str | None:
    """Return why a pattern cannot be used."""
    try:
        _parsed(pattern)
    except PatternRefused as problem:
        return str(problem)
    return None


def occurs(pattern: str, text: str) -> bool:
    """Return whether a pattern matches somewhere in a text. Raises PatternRefused."""
    text = text[:MAX_TEXT]
    return _parsed(pattern)(_Text(text), (2 << len(text)) - 1) != 0


@lru_cache(maxsize=256)
def _parsed(pattern: str) -> _Follow:
    if len(pattern) > MAX_PATTERN:
        raise PatternRefused(f"longer than {MAX_PATTERN} characters")
    try:
        re.compile(pattern)
    except (re.error, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise PatternRefused(str(error) or "too large") from error
    part = _Parser(pattern).alternatives(depth=0, flags="")
    if part.weight > _MAX_WEIGHT:
        raise PatternRefused("its repetitions within repetitions take too many steps; write it with fewer of them")
    return part.follow


class _Parser:
    """Reads a pattern that `re` can compile."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def alternatives(self, *, depth: int, flags: str) -> _Part:
        """Read up to the end, or to the bracket that closes a group."""
        if depth > _MAX_DEPTH:
            raise PatternRefused(f"it has more than {_MAX_DEPTH} groups inside one another")
        ways: list[_Part] = []
        parts: list[_Part] = []
        while self._at < len(self._pattern) and self._pattern[self._at] != ")":
            if self._pattern[self._at] == "|":
                self._at += 1
                ways.append(_sequence(parts))
                parts = []
                continue
            part, flags = self._part(depth, flags)
            if part is not None:
                parts.append(self._counted(part))
        return _any_of([*ways, _sequence(parts)])

    def _part(self, depth: int, flags: str) -> tuple[_Part | None, str]:
        """Read a character, a place or a group; return the flags for what follows, too."""
        comment = _COMMENT.match(self._pattern, self._at)
        if comment is not None:
            self._at = comment.end()
            return None, flags
        if self._pattern[self._at] == "(":
            return self._group(depth, flags)
        item = self._take(_ITEM)[0]
        if re.fullmatch(r"\\[1-9]", item):
            raise PatternRefused("back references are not supported")
        what = re.compile(f"(?{flags}:{item})" if flags else item)
        return (_place(what) if item in _PLACES else _character(what)), flags

    def _group(self, depth: int, flags: str) -> tuple[_Part | None, str]:
        opened = self._take(_GROUP)
        if self._pattern[self._at : self._at + 1] == "?":
            raise PatternRefused("looking around, back references, conditions and atomic groups are not supported")
        if opened[0].find("-") > 0 or "x" in (opened["on"] or ""):
            raise PatternRefused("the flag x, and switching flags off, are not supported")
        inner = "".join(sorted({*flags, *(opened["on"] or "")}))
        if opened["end"] == ")":
            return None, inner
        part = self.alternatives(depth=depth + 1, flags=inner)
        self._at += 1
        return part, flags

    def _counted(self, part: _Part) -> _Part:
        """Return the part as often as what stands after it says."""
        count = _COUNT.match(self._pattern, self._at)
        if count is None or not (count["sign"] or count["least"] or count["comma"]):
            return part
        self._at = count.end()
        if count["way"] == "+":
            raise PatternRefused("possessive repetitions (such as `*+`) are not supported")
        if count["sign"]:
            return _repeated(part, *_COUNTS[count["sign"]])
        least = int(count["least"] or 0)
        most = int(count["most"]) if count["most"] else None if count["comma"] else least
        return _repeated(part, least, most)

    def _take(self, kind: re.Pattern[str]) -> re.Match[str]:
        found = kind.match(self._pattern, self._at)
        if found is None:
            raise PatternRefused(f"it cannot be read at position {self._at}")
        self._at = found.end()
        return found


def _character(what: re.Pattern[str]) -> _Part:
    def follow(text: _Text, starts: int) -> int:
        return (starts & text.places(what)) << 1

    return _Part(follow, 1)


def _place(what: re.Pattern[str]) -> _Part:
    def follow(text: _Text, starts: int) -> int:
        return starts & text.places(what)

    return _Part(follow, 1)


def _sequence(parts: list[_Part]) -> _Part:
    follows = [part.follow for part in parts]

    def follow(text: _Text, starts: int) -> int:
        for one in follows:
            if not starts:
                break
            starts = one(text, starts)
        return starts

    return _Part(follow, sum(part.weight for part in parts))


def _any_of(parts: list[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    follows = [part.follow for part in parts]

    def follow(text: _Text, starts: int) -> int:
        ends = 0
        for one in follows:
            ends |= one(text, starts)
        return ends

    return _Part(follow, sum(part.weight for part in parts))


def _repeated(part: _Part, least: int, most: int | None) -> _Part:
    def follow(text: _Text, starts: int) -> int:
        for _ in range(least):
            if not starts:
                return 0
            starts = part.follow(text, starts)
        seen = new = starts
        left = most
        # What was reached before goes on from there with more repetitions left.
        while new and (left is None or left > least):
            new = part.follow(text, new) & ~seen
            seen |= new
            left = None if left is None else left - 1
        return seen

    return _Part(follow, max(part.weight, 1) * (least + _LOOP_WEIGHT if most is None else max(most, 1)))
