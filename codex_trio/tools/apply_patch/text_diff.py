"""Unified diffs of two texts.

Owns: the line diff (Myers' linear-space algorithm, additions then slid down as far as they go) and its unified form.
Does not own: file headers; `turn_diff` writes those. Pure. What both texts begin and end with costs next to nothing.
"""

import re
from collections.abc import Callable, Iterator, Sequence

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
# Steps of the search before the rest is shown as one replacement: well under a second of work.
_EFFORT = 500_000
_NO_NEWLINE = "\n\\ No newline at end of file\n"
# Lines of what is common that are looked at around the difference at first: most changes slide no further.
_MARGIN = 50

# (old start, old end, new start, new end) of one change; between changes both texts agree.
Change = tuple[int, int, int, int]


def unified(old: str, new: str, *, context: int) -> str:
    """Hunk with `context` unchanged lines around changes, without file headers; empty when nothing differs."""
    if old == new:
        return ""
    head, tail = _common_ends(old, new)
    margin = max(context, _MARGIN)
    while True:
        start, end = _back(old, head, margin), _ahead(old, len(old) - tail, margin)
        a = _LINE.findall(old[start:end])
        b = _LINE.findall(new[start : end + len(new) - len(old)])
        diff = _Changes(a, b)
        if diff.is_within(context, top=start == 0, bottom=end == len(old)):
            above = _count_lines(old, start)
            return "".join(_render(a, b, group, context, above) for group in _group(diff.changes, context))
        margin *= 8


def line_changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """Return the changes that turn one list of lines into the other, in order and never adjacent."""
    return _Changes(old, new).changes


def _common_ends(old: str, new: str) -> tuple[int, int]:
    """Return how many characters of whole lines both texts begin and end with; the two parts do not overlap."""
    head = old.rfind("\n", 0, _most(min(len(old), len(new)), lambda low, high: old[low:high] == new[low:high])) + 1
    tail = _most(
        min(len(old), len(new)) - head,
        lambda low, high: old[len(old) - high : len(old) - low] == new[len(new) - high : len(new) - low],
    )
    newline = old.find("\n", len(old) - tail)
    return head, 0 if newline < 0 else len(old) - newline - 1


def _most(limit: int, agree: Callable[[int, int], bool]) -> int:
    """Return the greatest number up to `limit` that both texts agree to, given whether they do from one number to
    another.
    """
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if agree(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _back(text: str, place: int, lines: int) -> int:
    """Return the start of the line that is `lines` above the one that starts at `place`, or of the text."""
    while lines and place:
        place = text.rfind("\n", 0, place - 1) + 1
        lines -= 1
    return place


def _ahead(text: str, place: int, lines: int) -> int:
    """Return the same downwards."""
    while lines and place < len(text):
        place = text.find("\n", place) + 1 or len(text)
        lines -= 1
    return place


def _count_lines(text: str, end: int) -> int:
    return text.count("\n", 0, end) + text.count("\r", 0, end) - text.count("\r\n", 0, end)


class _Changes:
    """The changes between two lists of lines, and whether more lines around them could alter these."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        numbers: dict[str, int] = {}
        a = [numbers.setdefault(line, len(numbers)) for line in old]
        b = [numbers.setdefault(line, len(numbers)) for line in new]
        removed, added = _LineDiff(a, b).run()
        # Only additions slide: that is where the reference shows changes, and a diff of added code reads best so.
        self._slid_to_top = _compact(b, added)
        self.changes = list(_changes(removed, added))
        self._count = len(a)

    def is_within(self, margin: int, *, top: bool, bottom: bool) -> bool:
        """Return whether no change came closer than `margin` to an end of the lines that is not a `top` or `bottom`."""
        first, last = self.changes[0], self.changes[-1]
        fits_top = top or (first[0] >= margin and not self._slid_to_top)
        return fits_top and (bottom or last[1] < self._count - margin)


class _LineDiff:
    """Marks what is removed and added. Ranges are half open; `a` is the old text and `b` the new one."""

    def __init__(self, a: list[int], b: list[int]) -> None:
        self._a = a
        self._b = b
        self._removed = bytearray(len(a))
        self._added = bytearray(len(b))
        self._effort = _EFFORT

    def run(self) -> tuple[bytearray, bytearray]:
        todo: list[Change] = [(0, len(self._a), 0, len(self._b))]
        while todo:
            a0, a1, b0, b1 = self._trim(todo.pop())
            if a0 == a1 or b0 == b1 or (split := self._middle(a0, a1, b0, b1)) is None:
                self._removed[a0:a1] = b"\1" * (a1 - a0)
                self._added[b0:b1] = b"\1" * (b1 - b0)
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
        """Return a point on a shortest edit path, found from both ends at once; None when the effort is used up."""
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


def _compact(lines: Sequence[int], changed: bytearray) -> bool:
    """Join runs of changed lines that can slide together, and leave each as far down as the text allows.

    Returns whether a run slid up to the first line on its way.
    """
    touched = False
    index = changed.find(1)
    while index >= 0:
        start, end = _run_around(changed, index)
        start, end = _slide_up(lines, changed, start, end)
        touched = touched or start == 0
        index = changed.find(1, _slide_down(lines, changed, start, end))
    return touched


def _run_around(changed: bytearray, index: int) -> tuple[int, int]:
    """Return where the run of changed lines around `index` starts and ends."""
    end = changed.find(0, index)
    return changed.rfind(0, 0, index) + 1, len(changed) if end < 0 else end


def _slide_up(lines: Sequence[int], changed: bytearray, start: int, end: int) -> tuple[int, int]:
    while start > 0 and lines[start - 1] == lines[end - 1]:
        changed[start - 1], changed[end - 1] = 1, 0
        start, end = _run_around(changed, start - 1)
    return start, end


def _slide_down(lines: Sequence[int], changed: bytearray, start: int, end: int) -> int:
    """Return the end of the run."""
    while end < len(lines) and lines[start] == lines[end]:
        changed[start], changed[end] = 0, 1
        start, end = _run_around(changed, end)
    return end


def _changes(removed: bytearray, added: bytearray) -> Iterator[Change]:
    i = j = 0
    while True:
        # The lines that are neither removed nor added pass side by side.
        next_removed, next_added = removed.find(1, i), added.find(1, j)
        kept = min(
            next_removed - i if next_removed >= 0 else len(removed) - i,
            next_added - j if next_added >= 0 else len(added) - j,
        )
        i0, j0 = i + kept, j + kept
        if i0 >= len(removed) and j0 >= len(added):
            return
        i, j = _end_of_run(removed, i0), _end_of_run(added, j0)
        yield i0, i, j0, j


def _end_of_run(changed: bytearray, start: int) -> int:
    end = changed.find(0, start)
    return len(changed) if end < 0 else end


def _group(changes: Sequence[Change], context: int) -> Iterator[list[Change]]:
    group: list[Change] = []
    for change in changes:
        if group and change[0] - group[-1][1] > 2 * context:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _render(a: Sequence[str], b: Sequence[str], group: Sequence[Change], context: int, above: int) -> str:
    """Return one hunk; there are `above` more lines before the given ones."""
    before = min(context, group[0][0])
    after = min(context, len(a) - group[-1][1])
    old_span = _span(above + group[0][0] - before, above + group[-1][1] + after)
    new_span = _span(above + group[0][2] - before, above + group[-1][3] + after)
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
