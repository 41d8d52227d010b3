"""Unified diffs of two texts.

Owns: the line diff (Myers' linear-space algorithm, additions then slid down as far as they go) and its unified form.
Does not own: file headers; `turn_diff` writes those.
Called by: `verify` for file changes, `turn_diff` for the diff of a turn. Pure.
"""

import re
from collections.abc import Iterator, Sequence

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
# Steps of the search before the rest is shown as one replacement: well under a second of work.
_EFFORT = 500_000
_NO_NEWLINE = "\n\\ No newline at end of file\n"

# (old start, old end, new start, new end) of one change; between changes both texts agree.
Change = tuple[int, int, int, int]


def unified(old: str, new: str, *, context: int) -> str:
    """Hunks with `context` unchanged lines around changes, without file headers; empty when nothing differs."""
    a, b = _LINE.findall(old), _LINE.findall(new)
    return "".join(_render(a, b, group, context) for group in _group(line_changes(a, b), context))


def line_changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """The changes that turn one list of lines into the other, in order and never adjacent."""
    numbers: dict[str, int] = {}
    a = [numbers.setdefault(line, len(numbers)) for line in old]
    b = [numbers.setdefault(line, len(numbers)) for line in new]
    removed, added = _LineDiff(a, b).run()
    # Only additions slide: that is where the reference shows changes, and a diff of added code reads best so.
    _compact(b, added)
    return list(_changes(removed, added))


class _LineDiff:
    """Marks what is removed and added. Ranges are half open; `a` is the old text and `b` the new one."""

    def __init__(self, a: list[int], b: list[int]) -> None:
        self._a = a
        self._b = b
        self._removed = [False] * len(a)
        self._added = [False] * len(b)
        self._effort = _EFFORT

    def run(self) -> tuple[list[bool], list[bool]]:
        todo: list[Change] = [(0, len(self._a), 0, len(self._b))]
        while todo:
            a0, a1, b0, b1 = self._trim(todo.pop())
            if a0 == a1 or b0 == b1 or (split := self._middle(a0, a1, b0, b1)) is None:
                self._removed[a0:a1] = [True] * (a1 - a0)
                self._added[b0:b1] = [True] * (b1 - b0)
            else:
                x, y = split
                todo += [(x, a1, y, b1), (a0, x, b0, y)]
        return self._removed, self._added

    def _trim(self, ranges: Change) -> Change:
        a0, a1, b0, b1 = ranges
        a, b = self._a, self._b
        while a0 < a1 and b0 < b1 and a[a0] == b[b0]:
            a0, b0 = a0 + 1, b0 + 1
        while a0 < a1 and b0 < b1 and a[a1 - 1] == b[b1 - 1]:
            a1, b1 = a1 - 1, b1 - 1
        return a0, a1, b0, b1

    def _middle(self, a0: int, a1: int, b0: int, b1: int) -> tuple[int, int] | None:
        """A point on a shortest edit path, found from both ends at once; None when the effort is used up."""
        n, m = a1 - a0, b1 - b0
        delta = n - m
        ahead, back = {1: 0}, {1: 0}
        for d in range((n + m + 1) // 2 + 1):
            self._effort -= 2 * (d + 1)
            if self._effort < 0:
                return None
            for k in range(d, -d - 1, -2):
                x0 = x = self._furthest(ahead, k, d)
                y = x - k
                while x < n and y < m and self._a[a0 + x] == self._b[b0 + y]:
                    x, y = x + 1, y + 1
                ahead[k] = x
                if delta % 2 and abs(k - delta) < d and x + back[delta - k] >= n:
                    return a0 + x0, b0 + x0 - k
            for k in range(d, -d - 1, -2):
                x = self._furthest(back, k, d)
                y = x - k
                while x < n and y < m and self._a[a1 - 1 - x] == self._b[b1 - 1 - y]:
                    x, y = x + 1, y + 1
                back[k] = x
                if not delta % 2 and abs(k - delta) <= d and x + ahead[delta - k] >= n:
                    return a1 - x, b1 - y
        return None

    @staticmethod
    def _furthest(reached: dict[int, int], k: int, d: int) -> int:
        if k == -d or (k != d and reached[k - 1] < reached[k + 1]):
            return reached[k + 1]
        return reached[k - 1] + 1


def _compact(lines: Sequence[int], changed: list[bool]) -> None:
    """Join runs of changed lines that can slide together, and leave each as far down as the text allows."""
    index = 0
    while index < len(lines):
        if changed[index]:
            start, end = _run_around(changed, index)
            start, end = _slide_up(lines, changed, start, end)
            index = _slide_down(lines, changed, start, end)
        index += 1


def _run_around(changed: Sequence[bool], index: int) -> tuple[int, int]:
    start, end = index, index + 1
    while start > 0 and changed[start - 1]:
        start -= 1
    while end < len(changed) and changed[end]:
        end += 1
    return start, end


def _slide_up(lines: Sequence[int], changed: list[bool], start: int, end: int) -> tuple[int, int]:
    while start > 0 and lines[start - 1] == lines[end - 1]:
        changed[start - 1], changed[end - 1] = True, False
        start, end = _run_around(changed, start - 1)
    return start, end


def _slide_down(lines: Sequence[int], changed: list[bool], start: int, end: int) -> int:
    """Returns the end of the run."""
    while end < len(lines) and lines[start] == lines[end]:
        changed[start], changed[end] = False, True
        start, end = _run_around(changed, end)
    return end


def _changes(removed: Sequence[bool], added: Sequence[bool]) -> Iterator[Change]:
    i = j = 0
    while i < len(removed) or j < len(added):
        i0, j0 = i, j
        while i < len(removed) and removed[i]:
            i += 1
        while j < len(added) and added[j]:
            j += 1
        if i > i0 or j > j0:
            yield i0, i, j0, j
        i, j = i + 1, j + 1


def _group(changes: Sequence[Change], context: int) -> Iterator[list[Change]]:
    group: list[Change] = []
    for change in changes:
        if group and change[0] - group[-1][1] > 2 * context:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _render(a: Sequence[str], b: Sequence[str], group: Sequence[Change], context: int) -> str:
    before = min(context, group[0][0])
    after = min(context, len(a) - group[-1][1])
    old_span = _span(group[0][0] - before, group[-1][1] + after)
    new_span = _span(group[0][2] - before, group[-1][3] + after)
    out = [f"@@ -{old_span} +{new_span} @@\n"]
    at = group[0][0] - before
    for i0, i1, j0, j1 in group:
        out += [_line(" ", line) for line in a[at:i0]]
        out += [_line("-", line) for line in a[i0:i1]]
        out += [_line("+", line) for line in b[j0:j1]]
        at = i1
    out += [_line(" ", line) for line in a[at : at + after]]
    return "".join(out)


def _line(sign: str, line: str) -> str:
    return sign + line if line.endswith(("\n", "\r")) else sign + line + _NO_NEWLINE


def _span(start: int, end: int) -> str:
    if end - start == 1:
        return str(start + 1)
    return f"{start + 1 if end > start else start},{end - start}"
