"""Finding a chunk's lines in a file and putting the new ones there.

Owns: the search passes, the order rule, the byte order mark, line endings and the end of the result.
Does not own: reading or writing files. Pure; the time it takes grows with the file, not with how much looks alike.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

import msgspec

from codex_trio.tools.apply_patch.parser import WHITE, Chunk, Sign

BYTE_ORDER_MARK = "\ufeff"

_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
    | dict.fromkeys("\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " ")
)
# Lines compared one place after the other before the search goes on in a way that looks at no line twice.
_PLAIN_COMPARISONS = 200_000
# Searches of the whole file before it pays to know where each of its lines is.
_PLAIN_SEARCHES = 3

Change = tuple[Sign, str]


class MatchError(Exception):
    """A chunk that does not fit the file. `reason` reads on with `<path>` and, for lines, the lines themselves."""

    def __init__(self, *, context: str | None, lines: Sequence[str]) -> None:
        super().__init__()
        self._context = context
        self._lines = lines

    def describe(self, path: str) -> str:
        """Return the reference's wording, which clients and models know."""
        if self._context is not None:
            return f"Failed to find context '{self._context}' in {path}"
        return f"Failed to find expected lines in {path}:\n" + "\n".join(self._lines)


def update_text(original: str, chunks: Sequence[Chunk], check: Callable[[], None] = lambda: None) -> str:
    """Return the text after `chunks`, which are searched for from top to bottom.

    Kept lines stay as the file has them, even where they only match loosely; so do a byte order mark and an end
    without a newline. A new line ends as the line that it replaces, else as its neighbours; it always has an ending.
    `check` is called now and then, and may raise to give up.

    Raises `MatchError` when a chunk's context or lines are not there.
    """
    if not original.startswith(BYTE_ORDER_MARK):
        return _update(original, chunks, check)
    # The mark is no part of the first line, unless the patch itself says so.
    try:
        text = _update(original.removeprefix(BYTE_ORDER_MARK), chunks, check)
    except MatchError as failure:
        try:
            return _update(original, chunks, check)
        except MatchError:
            raise failure from None
    return text if text.startswith(BYTE_ORDER_MARK) else BYTE_ORDER_MARK + text


def _update(original: str, chunks: Sequence[Chunk], check: Callable[[], None]) -> str:
    text = _Text(original)
    splices = sorted(_splices(text.lines, chunks, check), key=lambda splice: splice.start)
    result: list[str] = []
    copied = 0
    for splice in splices:
        if splice.start > copied:
            result.append(text.kept(copied, splice.start))
        copied = splice.start + splice.removed
        if splice.new:
            if result and not result[-1].endswith(("\n", "\r")):
                result.append(text.last_ending())
            result += text.added(splice)
    result.append(text.kept(copied, len(text.lines)))
    return "".join(result)


class _Splice(msgspec.Struct):
    """`removed` lines from `start` on make way for `new`."""

    start: int
    removed: int = 0
    new: list[str] = msgspec.field(default_factory=list[str])


class _Text:
    """The lines of a text and the ending of each; only the last one's may be empty.

    A carriage return alone ends a line too, as in the reference; several before a newline are part of one ending.
    """

    def __init__(self, text: str) -> None:
        self.lines, self._endings = _split(text)
        self._text = text
        self._copied = self._copied_lines = 0
        # Where there are newlines, further lines do not end in a carriage return alone.
        self._usual = "\n" if "\n" in text else "\r"

    def kept(self, start: int, end: int) -> str:
        """Return the lines from `start` to `end` as they are; ranges are asked for in order."""
        first = self._copied + self._length(self._copied_lines, start)
        self._copied, self._copied_lines = first + self._length(start, end), end
        return self._text[first : self._copied]

    def _length(self, start: int, end: int) -> int:
        return sum(map(len, self.lines[start:end])) + sum(map(len, self._endings[start:end]))

    def added(self, splice: _Splice) -> Iterator[str]:
        """Yield the new lines of `splice`, each with its ending."""
        replaced = [ending for ending in self._endings[splice.start : splice.start + splice.removed] if ending]
        usual = replaced[-1] if replaced else self._neighbour(splice)
        if any(map(self._is_unusual, replaced)) and _count(splice.new) != len(replaced):
            # Other lines than there were: of them only the last one takes a place that is known.
            fit = [ending for ending in replaced if not self._is_unusual(ending)] or [self._neighbour(splice)]
            replaced = [fit[-1]] * (_count(splice.new) - 1)
        place = 0
        for line in splice.new:
            place += line.count("\r")
            yield line + (replaced[place] if place < len(replaced) else usual)
            place += 1

    def last_ending(self) -> str:
        """Return how the file's last line is to end when new lines come after it."""
        return self._ending_before(len(self.lines) - 1) or "\n"

    def _neighbour(self, splice: _Splice) -> str:
        following = self._endings[splice.start + splice.removed :][:1]
        return self._ending_before(splice.start) or next((one for one in following if not self._is_unusual(one)), "\n")

    def _ending_before(self, index: int) -> str | None:
        while index > 0:
            index -= 1
            if not self._is_unusual(self._endings[index]):
                return self._endings[index]
        return None

    def _is_unusual(self, ending: str) -> bool:
        return not ending.endswith(self._usual)


def _count(lines: Sequence[str]) -> int:
    return len(lines) + sum(line.count("\r") for line in lines)


def _split(text: str) -> tuple[list[str], list[str]]:
    lines = text.split("\n")
    endings = ["\n"] * (len(lines) - 1) + [""]
    if "\r" in text:
        lines, endings = _split_at_returns(lines, endings)
    if lines[-1] == "":
        lines.pop()
        endings.pop()
    return lines, endings


def _split_at_returns(pieces: list[str], piece_endings: list[str]) -> tuple[list[str], list[str]]:
    lines: list[str] = []
    endings: list[str] = []
    for piece, piece_ending in zip(pieces, piece_endings, strict=True):
        line, ending = piece, piece_ending
        if "\r" in line:
            if ending and line.endswith("\r"):
                line = piece.rstrip("\r")
                ending = piece[len(line) :] + "\n"
            *parts, line = line.split("\r")
            lines += parts
            endings += ["\r"] * len(parts)
        lines.append(line)
        endings.append(ending)
    return lines, endings


def _splices(lines: list[str], chunks: Sequence[Chunk], check: Callable[[], None]) -> Iterator[_Splice]:
    finder = _Finder(lines, check)
    for chunk in chunks:
        if chunk.context is not None:
            finder.skip_past(chunk.context)
        if all(sign == "+" for sign, _ in chunk.lines):
            # Without a line to hold on to, an addition goes to the end, whatever its context says.
            yield _Splice(len(lines), new=[text for _, text in chunk.lines])
        else:
            yield from _chunk_splices(*finder.find(chunk))


def _chunk_splices(start: int, changes: Sequence[Change]) -> Iterator[_Splice]:
    """Yield one splice for each run of changed lines; kept lines part the runs."""
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


def _as_is(line: str) -> str:
    return line


def _without_trailing_space(line: str) -> str:
    return line.rstrip(WHITE)


def _without_outer_space(line: str) -> str:
    return line.strip(WHITE)


def _without_typography(line: str) -> str:
    stripped = line.strip(WHITE)
    return stripped if stripped.isascii() else stripped.translate(_TYPOGRAPHY)


_PASSES: tuple[Callable[[str], str], ...] = (_as_is, _without_trailing_space, _without_outer_space, _without_typography)


class _Form:
    """The lines of a file as one pass sees them."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._searches = 0
        self._places: dict[str, list[int]] = {}

    def find(self, wanted: list[str], first: int) -> int | None:
        """Return the first place at or after `first` where the `wanted` lines follow one another."""
        self._searches += 1
        starts = self._starts(wanted, first) if self._searches <= _PLAIN_SEARCHES else self._known(wanted, first)
        compared = 0
        for start in starts:
            if self._lines[start : start + len(wanted)] == wanted:
                return start
            compared += len(wanted)
            if compared > _PLAIN_COMPARISONS:
                return _find_run(self._lines, wanted, start + 1)
        return None

    def _starts(self, wanted: list[str], first: int) -> Iterator[int]:
        """Yield where the first of the lines is."""
        try:
            while True:
                first = self._lines.index(wanted[0], first) + 1
                yield first - 1
        except ValueError:
            return

    def _known(self, wanted: list[str], first: int) -> Iterator[int]:
        """Yield the same for patches of many chunks: where the rarest of the lines is, all can be."""
        if not self._places:
            for index, line in enumerate(self._lines):
                self._places.setdefault(line, []).append(index)
        if all(line in self._places for line in wanted):
            offset = min(range(len(wanted)), key=lambda index: len(self._places[wanted[index]]))
            places = self._places[wanted[offset]]
            for index in range(bisect_left(places, first + offset), len(places)):
                yield places[index] - offset


def _find_run(lines: list[str], wanted: list[str], first: int) -> int | None:
    """Return the same by the method of Knuth, Morris and Pratt, which never goes back."""
    fallback = [0] * len(wanted)
    matched = 0
    for index in range(1, len(wanted)):
        while matched and wanted[index] != wanted[matched]:
            matched = fallback[matched - 1]
        matched += wanted[index] == wanted[matched]
        fallback[index] = matched
    matched = 0
    for index in range(first, len(lines)):
        while matched and lines[index] != wanted[matched]:
            matched = fallback[matched - 1]
        matched += lines[index] == wanted[matched]
        if matched == len(wanted):
            return index - matched + 1
    return None


class _Finder:
    """Searches forward only; each pass is looser than the one before, and the first place found wins."""

    def __init__(self, lines: list[str], check: Callable[[], None]) -> None:
        self._raw = lines
        self._check = check
        self._next = 0
        self._forms: dict[Callable[[str], str], _Form] = {_as_is: _Form(lines)}

    def skip_past(self, context: str) -> None:
        found = self._search([context], at_end=False)
        if found is None:
            raise MatchError(context=context, lines=())
        self._next = found + 1

    def find(self, chunk: Chunk) -> tuple[int, Sequence[Change]]:
        """Return where the chunk's lines are, and the lines to apply there."""
        changes: Sequence[Change] = list(_as_file_lines(chunk.lines))
        wanted = [text for sign, text in changes if sign != "+"]
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
        count = len(self._raw)
        first = max(count - len(wanted), self._next) if at_end else self._next
        for simplify in _PASSES:
            self._check()
            found = self._form(simplify).find([simplify(line) for line in wanted], first)
            if found is not None:
                return found
        return None

    def _form(self, simplify: Callable[[str], str]) -> _Form:
        if simplify not in self._forms:
            self._forms[simplify] = _Form([simplify(line) for line in self._raw])
        return self._forms[simplify]


def _as_file_lines(changes: Sequence[Change]) -> Iterator[Change]:
    """Yield the changes with old lines split where a file's lines are: at carriage returns too."""
    for sign, text in changes:
        for part in [text] if sign == "+" or "\r" not in text else text.split("\r"):
            yield sign, part


def _without_last_empty(lines: Sequence[Change]) -> Sequence[Change]:
    """Return the lines less the last wanted one, which is empty; if the new text ends in an empty line, less that as
    well.
    """
    kept = list(lines)
    last_old = max(index for index, (sign, _) in enumerate(kept) if sign != "+")
    _forget(kept, last_old, "-", other="+")
    last_new = max((index for index, (sign, _) in enumerate(kept) if sign != "-"), default=None)
    if last_new is not None and kept[last_new][1] == "":
        _forget(kept, last_new, "+", other="-")
    return kept


def _forget(lines: list[Change], index: int, side: Sign, *, other: Sign) -> None:
    """Take a line out of the old (`-`) or the new (`+`) text; one that was kept stays in the other."""
    if lines[index][0] == side:
        del lines[index]
    else:
        lines[index] = (other, lines[index][1])
