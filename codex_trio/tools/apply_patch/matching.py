"""Finding a chunk's lines in a file and putting the new ones there.

Owns: the search passes, the order rule, line endings and the final newline of the result.
Does not own: reading or writing files.
Called by: `verify` and `apply`. Pure.
"""

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from codex_trio.tools.apply_patch.parser import WHITE, Chunk, Sign

_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
    | dict.fromkeys("\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " ")
)


class MatchError(Exception):
    """A chunk that does not fit the file. `reason` reads on with `<path>` and, for lines, the lines themselves."""

    def __init__(self, *, context: str | None, lines: Sequence[str]) -> None:
        super().__init__()
        self._context = context
        self._lines = lines

    def describe(self, path: str) -> str:
        """The reference's wording, which clients and models know."""
        if self._context is not None:
            return f"Failed to find context '{self._context}' in {path}"
        return f"Failed to find expected lines in {path}:\n" + "\n".join(self._lines)


def update_text(original: str, chunks: Sequence[Chunk]) -> str:
    """The text after `chunks`, which are searched for from top to bottom.

    Kept lines stay as the file has them, even where they only match loosely. New lines take the file's first line
    ending. The result ends in a newline unless it is empty.

    Raises `MatchError` when a chunk's context or lines are not there.
    """
    lines, endings = _split(original)
    newline = next((ending for ending in endings if ending), "\n")
    splices = sorted(_splices(lines, chunks), key=lambda splice: splice.start)
    result: list[str] = []
    copied = 0
    for splice in splices:
        result += _join(lines, endings, copied, splice.start, newline)
        result += [line + newline for line in splice.new]
        copied = splice.start + splice.removed
    result += _join(lines, endings, copied, len(lines), newline)
    return "".join(result)


class _Splice(msgspec.Struct):
    """`removed` lines from `start` on make way for `new`."""

    start: int
    removed: int = 0
    new: list[str] = msgspec.field(default_factory=list[str])


def _splices(lines: list[str], chunks: Sequence[Chunk]) -> Iterator[_Splice]:
    finder = _Finder(lines)
    for chunk in chunks:
        if chunk.context is not None:
            finder.skip_past(chunk.context)
        if all(sign == "+" for sign, _ in chunk.lines):
            # Without a line to hold on to, an addition goes to the end, whatever its context says.
            yield _Splice(len(lines), new=[text for _, text in chunk.lines])
        else:
            yield from _chunk_splices(*finder.find(chunk))


def _chunk_splices(start: int, changes: Sequence[tuple[Sign, str]]) -> Iterator[_Splice]:
    """One splice for each run of changed lines; kept lines part the runs."""
    splice = _Splice(start)
    for sign, text in changes:
        if sign == "+":
            splice.new.append(text)
        elif sign == "-":
            splice.removed += 1
        else:
            yield splice
            splice = _Splice(splice.start + splice.removed + 1)
    yield splice


def _join(lines: list[str], endings: list[str], start: int, end: int, newline: str) -> Iterator[str]:
    return (lines[index] + (endings[index] or newline) for index in range(start, end))


def _split(text: str) -> tuple[list[str], list[str]]:
    """Lines and the ending of each; only the last one's may be empty."""
    pairs = _LINE.findall(text)
    if pairs and pairs[-1] == ("", ""):
        pairs.pop()
    return [line for line, _ in pairs], [ending for _, ending in pairs]


def _as_is(line: str) -> str:
    return line


def _without_trailing_space(line: str) -> str:
    return line.rstrip(WHITE)


def _without_outer_space(line: str) -> str:
    return line.strip(WHITE)


def _without_typography(line: str) -> str:
    return line.strip(WHITE).translate(_TYPOGRAPHY)


_PASSES: tuple[Callable[[str], str], ...] = (_as_is, _without_trailing_space, _without_outer_space, _without_typography)


class _Finder:
    """Searches forward only; each pass is looser than the one before, and the first place found wins."""

    def __init__(self, lines: list[str]) -> None:
        self._next = 0
        self._forms: dict[Callable[[str], str], list[str]] = {_as_is: lines}

    def skip_past(self, context: str) -> None:
        found = self._search([context], at_end=False)
        if found is None:
            raise MatchError(context=context, lines=())
        self._next = found + 1

    def find(self, chunk: Chunk) -> tuple[int, Sequence[tuple[Sign, str]]]:
        """Where the chunk's lines are, and the lines to apply there."""
        wanted = [text for sign, text in chunk.lines if sign != "+"]
        changes: Sequence[tuple[Sign, str]] = chunk.lines
        found = self._search(wanted, at_end=chunk.at_end)
        if found is None and wanted[-1] == "":
            # Models end a chunk with an empty line that the file does not have.
            changes = _without_last_empty(changes)
            found = self._search(wanted[:-1], at_end=chunk.at_end)
        if found is None:
            raise MatchError(context=None, lines=wanted)
        self._next = found + sum(sign != "+" for sign, _ in changes)
        return found, changes

    def _search(self, wanted: Sequence[str], *, at_end: bool) -> int | None:
        if not wanted:
            return self._next
        count = len(self._forms[_as_is])
        first = max(count - len(wanted), self._next) if at_end else self._next
        for simplify in _PASSES:
            lines = self._lines(simplify)
            target = [simplify(line) for line in wanted]
            for start in range(first, count - len(target) + 1):
                if lines[start] == target[0] and lines[start : start + len(target)] == target:
                    return start
        return None

    def _lines(self, simplify: Callable[[str], str]) -> list[str]:
        if simplify not in self._forms:
            self._forms[simplify] = [simplify(line) for line in self._forms[_as_is]]
        return self._forms[simplify]


def _without_last_empty(lines: Sequence[tuple[Sign, str]]) -> Sequence[tuple[Sign, str]]:
    """The lines less the last wanted one, which is empty; if the new text ends in an empty line, less that as well."""
    kept = list(lines)
    last_old = max(index for index, (sign, _) in enumerate(kept) if sign != "+")
    _forget(kept, last_old, "-", other="+")
    last_new = max((index for index, (sign, _) in enumerate(kept) if sign != "-"), default=None)
    if last_new is not None and kept[last_new][1] == "":
        _forget(kept, last_new, "+", other="-")
    return kept


def _forget(lines: list[tuple[Sign, str]], index: int, side: Sign, *, other: Sign) -> None:
    """Take a line out of the old (`-`) or the new (`+`) text; one that was kept stays in the other."""
    if lines[index][0] == side:
        del lines[index]
    else:
        lines[index] = (other, lines[index][1])
