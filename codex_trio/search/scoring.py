"""How well a path matches: the best way to find the characters of a needle in it, in their order.

Pure. Each character that is found counts 16. It counts more where a word begins, twice as much more for the first one,
and characters in a row share what the first of them has. What lies between costs 3, and 1 for each further character.
"""

from __future__ import annotations

from typing import TypeAlias

from codex_trio.search.characters import BOUNDARY, Bonuses
from codex_trio.search.pattern import Atom

MATCH = 16
GAP = 3
"""Of the first character between two that are found; each further one costs 1."""
IN_A_ROW = 4

Found: TypeAlias = "tuple[int, list[int]]"
"""A score and the positions that are found."""


class Scorer:
    """Knows what it has computed before about pairs of characters."""

    def __init__(self) -> None:
        self._bonuses = Bonuses()

    def score(self, part: Atom, folded: str, padded: str) -> Found | None:
        """Return how well a part of a query matches a path; None when it does not.

        `folded` has accents where the part keeps them; `padded` is the path as it is, see `characters.padded`.
        """
        if part.kind == "fuzzy":
            return self._fuzzy(part.needle, folded, padded)
        if part.kind == "inside":
            return self._inside(part.needle, folded, padded)
        return self._at_an_end(part, folded, padded)

    def _at_an_end(self, part: Atom, folded: str, padded: str) -> Found | None:
        needle = part.needle
        # Spaces at the ends count only where they are asked for.
        first = 0 if needle[0].isspace() else len(folded) - len(folded.lstrip())
        end = len(folded) if needle[-1].isspace() else len(folded.rstrip())
        start = end - len(needle) if part.kind == "end" else first
        if start < 0 or not folded.startswith(needle, start) or (part.kind == "whole" and start + len(needle) != end):
            return None
        return self._in_a_row(start, len(needle), padded)

    def _inside(self, needle: str, folded: str, padded: str) -> Found | None:
        best: Found | None = None
        position = folded.find(needle)
        while position >= 0:
            found = self._in_a_row(position, len(needle), padded)
            if best is None or found[0] > best[0]:
                best = found
            position = folded.find(needle, position + 1)
        return best

    def _in_a_row(self, start: int, length: int, padded: str) -> Found:
        first = self._bonuses[padded[start : start + 2]]
        score = MATCH + 2 * first
        for position in range(start + 1, start + length):
            bonus = self._bonuses[padded[position : position + 2]]
            if bonus >= BOUNDARY and bonus > first:
                first = bonus
            score += MATCH + max(bonus, first, IN_A_ROW)
        return score, list(range(start, start + length))

    def _fuzzy(self, needle: str, folded: str, padded: str) -> Found | None:
        """Find the best way by going through the needle: for each place of its next character the best way so far."""
        rows: list[dict[int, _Way]] = []
        earliest = -1
        for character in needle:
            row: dict[int, _Way] = {}
            before = rows[-1] if rows else None
            ends = iter(before.items()) if before else iter(())
            best, best_end, pending = _NOWHERE, -1, next(ends, None)
            position = folded.find(character, earliest + 1)
            earliest = position
            while position >= 0:
                bonus = self._bonuses[padded[position : position + 2]]
                if before is None:
                    row[position] = (MATCH + 2 * bonus, bonus, -1)
                else:
                    while pending is not None and pending[0] < position - 1:
                        end, (score, _, _) = pending
                        if score + end > best:
                            best, best_end = score + end, end
                        pending = next(ends, None)
                    apart = max(best + 2 - GAP - position, 0) if best_end >= 0 else 0
                    way = _step(before.get(position - 1), apart, best_end, bonus, position)
                    if way is not None:
                        row[position] = way
                position = folded.find(character, position + 1)
            if not row:
                return None
            rows.append(row)
        # Of two that are as good the later one counts, but for a single character the first.
        later = 1 if len(rows) > 1 else -1
        last = max(rows[-1], key=lambda position: (rows[-1][position][0], later * position))
        return rows[-1][last][0], _traced(rows, last)


_Way: TypeAlias = "tuple[int, int, int]"
"""The score of the best way that ends at a position, what the characters of its row share, and where it came from."""

_NOWHERE = -(1 << 30)


def _step(beside: _Way | None, apart: int, apart_from: int, bonus: int, position: int) -> _Way | None:
    """Return the better one of going on in a row and of coming from further away."""
    if beside is None:
        return (MATCH + apart + bonus, bonus, apart_from) if apart_from >= 0 else None
    score, shared, _ = beside
    shared = max(shared, IN_A_ROW)
    if bonus >= BOUNDARY and bonus > shared:
        shared = bonus
    in_a_row = score + max(shared, bonus)
    if in_a_row > apart + bonus or apart_from < 0:
        return MATCH + in_a_row, shared, position - 1
    return MATCH + apart + bonus, bonus, apart_from


def _traced(rows: list[dict[int, _Way]], last: int) -> list[int]:
    positions = [last]
    for row in reversed(rows[1:]):
        positions.append(row[positions[-1]][2])
    return positions[::-1]
