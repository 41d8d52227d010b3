"""When and where sandboxed commands could write, so that the settings that they wrote are told from the user's own.

A command may write nearly anything below the folders that are open to it, a `.codex` in some subfolder among it. Such
settings would lift the sandbox of the next thread that starts there. What a command wrote cannot hide when that was:
the kernel sets the time of the last change of a file (its ctime), and of whatever is moved or linked, and lets nobody
set it. So each server notes the times at which commands could write to a folder, and settings that were changed at such
a time do not count until a person has looked at them: by saving them again, or by answering anew that the project is
trusted.

Owns the notes, one file for each server in `$CODEX_HOME/command_writes`, and the question of doubt. Does not own
which files make up a project's settings (`sources`), nor commands. Synchronous, and safe to use from several threads.
"""

import contextlib
import errno
import fcntl
import itertools
import logging
import os
import threading
import time
import uuid
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from codex_trio.util import decoding
from codex_trio.util.regular_file import read_whole

_log = logging.getLogger(__name__)

FOLDER = "command_writes"
"""Where the notes are in the home."""

_TICK_NS = 50_000_000
"""How far the clock of files may lag behind."""

_MAX_SPANS = 200
"""Times kept apart for one folder; where there are more, the nearest become one, which only adds to the doubt."""

_MAX_FILE_BYTES = 16 << 20

_KEPT_NS = 60 * 24 * 3600 * 1_000_000_000
"""How long is remembered what was noted of a folder that is gone: sixty days."""

_Change = tuple[str, int]
"""A place, free of links, and when what stands there was last changed."""

_FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A time during which commands could write, in nanoseconds since 1970; `end` is None while they can."""

    start: int
    end: int | None = None

    def covers(self, moment: int) -> bool:
        """Return whether the moment lies in it."""
        return self.start <= moment and (self.end is None or moment <= self.end)


class _Notes(msgspec.Struct):
    """What one server has noted: by folder, when commands could write below it, and when a person had a look."""

    writes: dict[str, list[Span]] = {}
    reviews: dict[str, int] = {}


class CommandWrites:
    """The notes of this server, and what others in the same home have noted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / f"{uuid.uuid4()}.json"
        self._is_marked = False
        self._own = _Notes()
        self._open: dict[str, int] = {}
        self._others: dict[str, tuple[tuple[int, int], _Notes]] = {}
        self._lock = threading.Lock()

    def begin(self, folders: Iterable[str]) -> None:
        """Note that from now on a command can write below these real paths. To be called before it starts.

        Raises `OSError` when the disk is full, as the command must not run then: what it writes would be forgotten.
        """
        now = time.time_ns() - _TICK_NS
        with self._lock:
            fresh = [folder for folder in folders if not self._open.get(folder)]
            for folder in fresh:
                self._own.writes[folder] = [*_condensed(self._own.writes.get(folder, [])), Span(now)]
            try:
                if fresh:
                    self._store()
            except OSError as error:
                if error.errno in _FULL_DISK:
                    for folder in fresh:
                        self._own.writes[folder].pop()
                    raise
                _log.warning("cannot note in %s when commands can write: %s", self._folder, error)
            for folder in folders:
                self._open[folder] = self._open.get(folder, 0) + 1

    def finish(self, folders: Iterable[str]) -> None:
        """Note the end of what `begin` noted, once no process of the command is left."""
        now = time.time_ns()
        with self._lock:
            over: list[str] = []
            for folder in folders:
                self._open[folder] -= 1
                if not self._open[folder]:
                    del self._open[folder]
                    self._own.writes[folder] = _ended(self._own.writes[folder], now)
                    over.append(folder)
            try:
                if over:
                    self._store()
            except OSError as error:
                # A time that does not end only adds to the doubt.
                _log.warning("cannot note in %s when commands could write: %s", self._folder, error)

    def review(self, folder: str) -> None:
        """Note that a person stands by all that is below this real path as it is now. Raises `OSError`."""
        with self._lock:
            self._own.reviews[folder] = time.time_ns()
            self._store()

    def doubted(self, paths: Sequence[str]) -> list[str]:
        """Return those of the paths that a sandboxed command may have put where they are, or changed.

        A folder does not count when all that is given of what is in it was changed later.
        """
        with self._lock:
            notes = [self._own, *self._read_others()]
        if not any(noted.writes for noted in notes):
            return []
        changes = {path: found for path in paths if (found := _changes(path))}
        doubted = [path for path in changes if _is_doubted(changes[path], notes)]
        return [path for path in doubted if not _is_outdated(path, changes)]

    def _store(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._is_marked:
            # Held as long as this server runs: by that others know whether what is open still is.
            descriptor = os.open(f"{self._file}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            weakref.finalize(self, os.close, descriptor)
            self._is_marked = True
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        temporary = f"{self._file}.tmp"
        with open(temporary, "wb", opener=_private) as file:
            file.write(msgspec.json.encode(self._own))
        os.replace(temporary, self._file)

    def _read_others(self) -> list[_Notes]:
        """Read what other servers have noted. Of what cannot be read nothing is known; that is told."""
        try:
            entries = [entry for entry in os.scandir(self._folder) if entry.name.endswith(".json")]
        except OSError:
            return []
        found: dict[str, tuple[tuple[int, int], _Notes]] = {}
        for entry in entries:
            if entry.path == str(self._file):
                continue
            try:
                status = entry.stat()
                version = (status.st_ino, status.st_mtime_ns)
                known = self._others.get(entry.name)
                if known is None or known[0] != version:
                    content = read_whole(entry.path, limit=_MAX_FILE_BYTES)
                    known = version, decoding.json_decoder(_Notes).decode(content)
                if _has_ended(entry.path):
                    self._inherit(entry.path, known[1])
                else:
                    found[entry.name] = known
            except (OSError, msgspec.MsgspecError) as error:
                _log.warning("cannot read %s: %s", entry.path, error)
        self._others = found
        return [notes for _, notes in found.values()]

    def _inherit(self, path: str, left: _Notes) -> None:
        """Take over what a server that is gone has noted; what it left open ends now at the latest."""
        now = time.time_ns()
        for folder, spans in left.writes.items():
            ended = _ended(spans, now)
            if not os.path.lexists(folder) and all(span.end is None or span.end < now - _KEPT_NS for span in ended):
                continue
            own = self._own.writes.get(folder, [])
            self._own.writes[folder] = _condensed(sorted([*ended, *own], key=lambda span: span.start))
        for folder, moment in left.reviews.items():
            self._own.reviews[folder] = max(moment, self._own.reviews.get(folder, 0))
        self._store()
        for name in (path, f"{path}.lock"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)


def _has_ended(path: str) -> bool:
    """Return whether the server that wrote the notes is gone: nobody holds its lock. A doubt counts as no."""
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _condensed(spans: Sequence[Span]) -> list[Span]:
    """Return spans that are not too many, the nearest neighbours taken as one where they are."""
    result = list(spans)
    while len(result) >= _MAX_SPANS:
        gaps = [later.start - (earlier.end or later.start) for earlier, later in itertools.pairwise(result)]
        at = gaps.index(min(gaps))
        ends = [span.end for span in result[at : at + 2]]
        result[at : at + 2] = [Span(result[at].start, None if None in ends else max(end or 0 for end in ends))]
    return result


def _ended(spans: Iterable[Span], now: int) -> list[Span]:
    return [Span(span.start, now) if span.end is None else span for span in spans]


def _is_doubted(changes: Sequence[_Change], notes: Sequence[_Notes]) -> bool:
    return any(
        span.covers(moment)
        for place, moment in changes
        if not _was_reviewed(place, moment, notes)
        for noted in notes
        for folder, spans in noted.writes.items()
        if _is_within(place, folder)
        for span in spans
    )


def _is_outdated(folder: str, changes: Mapping[str, Sequence[_Change]]) -> bool:
    latest = max(moment for _, moment in changes[folder])
    inside = [found for path, found in changes.items() if path != folder and _is_within(path, folder)]
    return bool(inside) and all(moment > latest for found in inside for _, moment in found)


def _changes(path: str) -> list[_Change]:
    """Return when what stands at the path was last changed or moved, with its real place; of a link both ends."""
    found: list[_Change] = []
    try:
        link = os.lstat(path)
        found.append((os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)), link.st_ctime_ns))
        found.append((os.path.realpath(path), os.stat(path).st_ctime_ns))
    except OSError:
        pass  # Nothing there, or a link to nothing.
    return found


def _was_reviewed(place: str, moment: int, notes: Sequence[_Notes]) -> bool:
    return any(
        moment <= reviewed for noted in notes for folder, reviewed in noted.reviews.items() if _is_within(place, folder)
    )


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
