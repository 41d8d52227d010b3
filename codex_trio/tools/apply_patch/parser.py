"""The patch language: text in, hunks out.

Owns: the grammar, its leniencies (padded markers, heredoc wrapping) and the wording of its errors. Does not own: files;
whether a hunk fits its file is `matching` and `verify`. Sans-io: any text gives a `Patch` or a `PatchError`.
"""

import re
from typing import Literal

import msgspec

# What the reference trims around markers: Unicode White_Space, which is less than `str.strip()` takes.
WHITE = "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"

_BEGIN = "*** Begin Patch"
_END = "*** End Patch"
_ADD = "*** Add File: "
_DELETE = "*** Delete File: "
_UPDATE = "*** Update File: "
_MOVE = "*** Move to: "
_ENVIRONMENT = "*** Environment ID:"
_PREAMBLE = re.compile(r"\s*\*\*\* Begin Patch[^\n]*\n\s*\*\*\* Environment ID:([^\n]*)")
_END_OF_FILE = "*** End of File"
_NO_END = f"The last line of the patch must be '{_END}'"
_NO_LINES = "Update hunk does not contain any lines"
_HEREDOC_OPENERS = ("<<EOF", "<<'EOF'", '<<"EOF"')


class PatchError(Exception):
    """The text is not a patch. `line` is the 1-based line of the offending hunk, None for the frame as a whole."""

    def __init__(self, reason: str, *, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line

    def for_model(self) -> str:
        """Return the wording that follows `apply_patch verification failed: `."""
        return (
            f"invalid patch: {self.reason}" if self.line is None else f"invalid hunk at line {self.line}, {self.reason}"
        )

    def for_terminal(self) -> str:
        """Return the wording that the standalone command prints on stderr."""
        where = "Invalid patch" if self.line is None else f"Invalid patch hunk on line {self.line}"
        return f"{where}: {self.reason}"


Sign = Literal[" ", "+", "-"]


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """One run of lines in an update, each kept (` `), added (`+`) or removed (`-`).

    `context` is the text after `@@`, to be found before the lines are; `at_end` asks for the end of the file.
    """

    context: str | None
    lines: tuple[tuple[Sign, str], ...]
    at_end: bool = False


class AddHunk(msgspec.Struct, frozen=True, kw_only=True):
    """Create `path` with `content`; an existing file is overwritten."""

    path: str
    content: str


class DeleteHunk(msgspec.Struct, frozen=True, kw_only=True):
    """Remove the file at `path`."""

    path: str


class UpdateHunk(msgspec.Struct, frozen=True, kw_only=True):
    """Change `path` by `chunks`, in file order; with `move_to`, write the result there and remove `path`."""

    path: str
    move_to: str | None
    chunks: tuple[Chunk, ...]


Hunk = AddHunk | DeleteHunk | UpdateHunk


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """Hunks in the order of the text, paths as written. `environment_id` is the optional preamble."""

    hunks: tuple[Hunk, ...]
    environment_id: str | None = None


def environment_of(text: str) -> str | None:
    """Return the environment that a patch names in its preamble, without reading the rest; None where there is none."""
    found = _PREAMBLE.match(text)
    return None if found is None else found[1].strip(WHITE) or None


def parse(text: str) -> Patch:
    """Read a patch.

    Raises `PatchError` for anything that is not one; never anything else.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PatchError("The patch is not valid Unicode text") from None
    return _Parser().parse(_unwrap(text))


class PatchReader:
    """Reads a patch that is still being written."""

    def __init__(self) -> None:
        self._parser = _Parser()
        self._line = ""
        self._number = 0

    def feed(self, text: str) -> bool:
        """Take more of the text; return whether a line came to its end. Raises `PatchError` for what is no patch."""
        *lines, rest = text.split("\n")
        if lines:
            lines[0] = self._line + lines[0]
            self._line = ""
        self._line += rest
        for line in lines:
            self._number += 1
            if self._number > 1:
                self._parser.take(line.rstrip("\r"), number=self._number)
            elif line.strip(WHITE) != _BEGIN:
                raise PatchError(f"The first line of the patch must be '{_BEGIN}'")
        return bool(lines)

    def hunks(self) -> list[Hunk]:
        """Return what the whole lines so far amount to."""
        return self._parser.so_far()


def _lines(text: str) -> list[str]:
    """Return lines without their `\\n` or `\\r\\n`; a final newline starts no further line."""
    pieces = text.split("\n")
    if pieces[-1] == "":
        pieces.pop()
    return [piece.rstrip("\r") for piece in pieces]


def _unwrap(text: str) -> list[str]:
    """Return the lines from the begin to the end marker, after dropping a heredoc frame around them."""
    lines = _lines(text.strip(WHITE))
    problem = _frame_problem(lines)
    if problem is not None and len(lines) >= 4 and lines[0] in _HEREDOC_OPENERS and lines[-1].endswith("EOF"):
        lines = lines[1:-1]
        problem = _frame_problem(lines)
    if problem is not None:
        raise PatchError(problem)
    return lines


def _frame_problem(lines: list[str]) -> str | None:
    if lines and lines[0].strip(WHITE) != _BEGIN:
        return f"The first line of the patch must be '{_BEGIN}'"
    if not lines or lines[-1].strip(WHITE) != _END:
        return _NO_END
    return None


class _Update:
    """An update hunk while its lines come in."""

    def __init__(self, *, path: str, number: int) -> None:
        self.path = path
        self.number = number
        self.move_to: str | None = None
        self._chunks: list[Chunk] = []
        self._context: str | None = None
        self._lines: list[tuple[Sign, str]] = []
        # fresh: nothing but the header came; headed: `@@` came; filling: lines came; closed: `End of File` came
        self._state: Literal["fresh", "headed", "filling", "closed"] = "fresh"

    def accepts_move(self) -> bool:
        return self._state == "fresh" and self.move_to is None

    def accepts_next_hunk(self) -> bool:
        return self._state != "headed"

    def take(self, line: str, *, number: int) -> None:
        """Add one line that is no marker of the patch itself."""
        marker = line.rstrip(WHITE)
        if self._state != "headed" and (marker == "@@" or marker.startswith("@@ ")):
            self._close_chunk()
            self._context = marker[3:] if len(marker) > 2 else None
            self._state = "headed"
        elif marker == _END_OF_FILE and self._state != "closed":
            self._end_of_file(number)
        elif self._state != "closed" and line[:1] in ("", " ", "+", "-"):
            sign = line[:1] or " "
            self._lines.append((sign, line[1:]))  # pyright: ignore[reportArgumentType]  # just tested
            self._state = "filling"
        elif self._state != "closed" or marker:
            raise PatchError(self._complaint(line), line=number)

    def finish(self, *, number: int) -> UpdateHunk:
        """Return the hunk, when the next one or the end of the patch comes at line `number`."""
        if self._state == "headed":
            raise PatchError(_NO_LINES, line=number)
        self._close_chunk()
        if not self._chunks:
            raise PatchError(f"Update file hunk for path '{self.path}' is empty", line=self.number)
        return UpdateHunk(path=self.path, move_to=self.move_to, chunks=tuple(self._chunks))

    def so_far(self) -> UpdateHunk:
        """Return what has come of the hunk."""
        open_chunk = [Chunk(context=self._context, lines=tuple(self._lines))] if self._lines else []
        return UpdateHunk(path=self.path, move_to=self.move_to, chunks=(*self._chunks, *open_chunk))

    def _end_of_file(self, number: int) -> None:
        if self._state == "headed":
            raise PatchError(_NO_LINES, line=number)
        if self._state == "filling":
            self._close_chunk(at_end=True)
            self._state = "closed"

    def _close_chunk(self, *, at_end: bool = False) -> None:
        if self._lines:
            self._chunks.append(Chunk(context=self._context, lines=tuple(self._lines), at_end=at_end))
            self._lines.clear()

    def _complaint(self, line: str) -> str:
        if self._state in ("filling", "closed"):
            return f"Expected update hunk to start with a @@ context marker, got: '{line}'"
        return (
            f"Unexpected line found in update hunk: '{line}'. Every line should start with ' ' (context line), "
            "'+' (added line), or '-' (removed line)"
        )


class _Parser:
    """Takes the framed lines one by one. Line numbers in errors count the begin marker as line 1."""

    def __init__(self) -> None:
        self._hunks: list[Hunk] = []
        self._environment_id: str | None = None
        self._update: _Update | None = None
        self._added: list[str] | None = None
        self._added_path = ""
        self._ended = False

    def parse(self, lines: list[str]) -> Patch:
        for number, line in enumerate(lines[1:-1], start=2):
            self.take(line, number=number)
        self._close(number=len(lines))
        return Patch(hunks=tuple(self._hunks), environment_id=self._environment_id)

    def so_far(self) -> list[Hunk]:
        """Return the hunks, and what there is of the one that is open."""
        hunks = list(self._hunks)
        if self._update is not None:
            hunks.append(self._update.so_far())
        if self._added is not None:
            hunks.append(self._addition(self._added))
        return hunks

    def take(self, line: str, *, number: int) -> None:
        """Take the next line after the begin marker."""
        if self._ended:
            if line.strip(WHITE) not in ("", _END):
                raise PatchError(_NO_END)
        elif self._update is not None:
            self._take_in_update(self._update, line, number=number)
        elif self._added is not None and line.startswith("+"):
            self._added.append(line[1:])
        else:
            self._take_header(line.strip(WHITE), number=number)

    def _take_in_update(self, update: _Update, line: str, *, number: int) -> None:
        marker = line.rstrip(WHITE)
        if update.accepts_move() and marker.startswith(_MOVE):
            update.move_to = marker.removeprefix(_MOVE)
        elif marker == _END or (update.accepts_next_hunk() and marker.startswith((_ADD, _DELETE, _UPDATE))):
            self._take_header(marker, number=number)
        else:
            update.take(line, number=number)

    def _take_header(self, header: str, *, number: int) -> None:
        if header.startswith(_ENVIRONMENT) and self._added is None and not self._hunks:
            self._take_environment(header.removeprefix(_ENVIRONMENT).strip(WHITE))
            return
        self._close(number=number)
        if header == _END:
            self._ended = True
        elif header.startswith(_ADD):
            self._added_path, self._added = header.removeprefix(_ADD), []
        elif header.startswith(_DELETE):
            self._hunks.append(DeleteHunk(path=header.removeprefix(_DELETE)))
        elif header.startswith(_UPDATE):
            self._update = _Update(path=header.removeprefix(_UPDATE), number=number)
        else:
            raise PatchError(
                f"'{header}' is not a valid hunk header. Valid hunk headers: "
                f"'{_ADD}{{path}}', '{_DELETE}{{path}}', '{_UPDATE}{{path}}'",
                line=number,
            )

    def _take_environment(self, name: str) -> None:
        if self._environment_id is not None:
            raise PatchError("apply_patch environment_id cannot be specified more than once")
        if not name:
            raise PatchError("apply_patch environment_id cannot be empty")
        self._environment_id = name

    def _close(self, *, number: int) -> None:
        """Finish the hunk that is open, if any."""
        if self._update is not None:
            self._hunks.append(self._update.finish(number=number))
            self._update = None
        if self._added is not None:
            self._hunks.append(self._addition(self._added))
            self._added = None

    def _addition(self, lines: list[str]) -> AddHunk:
        return AddHunk(path=self._added_path, content="".join(f"{line}\n" for line in lines))
