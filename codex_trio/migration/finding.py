"""Finding conversations of the other program, and reading their files within bounds. Blocking."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

from codex_trio.migration.cursor import held_in
from codex_trio.migration.ledger import Taken
from codex_trio.migration.reading import MAX_ENTRIES
from codex_trio.migration.transcripts import ConversationReader, PastConversation
from codex_trio.migration.values import AgentProgram, MigrationProblem, SessionChoice
from codex_trio.util.regular_file import read_in_pieces, read_start

MAX_BYTES = 64 << 20
MAX_LINE = 16 << 20
MOST_SESSIONS = 1_000
DEFAULT_SESSIONS = 50
DEFAULT_DAYS = 30
_TRANSCRIPTS = "agent-transcripts"
"""Where Cursor keeps those of a project."""

_PIECE = 1 << 20
_LOOK = 4 << 20
"""How much of a file is read to tell what it is about."""

_DAY_NS = 86_400 * 1_000_000_000


class FoundTranscript(msgspec.Struct, frozen=True):
    """A transcript's file, its links followed, and when it was written last."""

    path: Path
    modified_ns: int


class WholeConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript, and its file as it was read."""

    transcript: PastConversation
    sha256: str
    modified_ns: int


def session_files(projects: Path, program: AgentProgram) -> list[FoundTranscript]:
    """Return the files of all conversations, the newest first. Raises MigrationProblem."""
    found: dict[Path, FoundTranscript] = {}
    inside = Path(os.path.realpath(projects))
    for folder in _scan(projects):
        if not folder.is_dir():
            continue
        for entry in _transcripts(Path(folder.path), program):
            real = Path(os.path.realpath(entry.path))
            if entry.name.endswith(".jsonl") and real.is_relative_to(inside) and entry.is_file():
                found[real] = FoundTranscript(real, entry.stat().st_mtime_ns)
    return sorted(found.values(), key=lambda one: (-one.modified_ns, one.path))


def _transcripts(folder: Path, program: AgentProgram) -> Iterator[os.DirEntry[str]]:
    if program == "claude":
        yield from _scan(folder)
        return
    for entry in _scan(folder / _TRANSCRIPTS):
        # One is a file, or the file of the same name in a folder.
        yield from [entry] if entry.is_file() else _scan(Path(entry.path))


def recent(
    files: list[FoundTranscript], taken: Mapping[str, Taken], *, now_ns: int, days: int | None, limit: int | None
) -> Iterator[SessionChoice]:
    """Yield the conversations that are new, or went on since they were taken over."""
    held = cache(held_in)
    oldest = now_ns - max(DEFAULT_DAYS if days is None else days, 1) * _DAY_NS
    left = min(DEFAULT_SESSIONS if limit is None else limit, MOST_SESSIONS)
    for file in files:
        if left <= 0 or file.modified_ns < oldest:
            return
        before = taken.get(str(file.path))
        if before is not None and before.source_modified_at == file.modified_ns and before.content_sha256:
            continue
        choice = _glance(file, held)
        if choice is not None:
            left -= 1
            yield choice


def read_session(path: Path) -> WholeConversation:
    """Return a conversation. Raises MigrationProblem."""
    reader, digest = ConversationReader(_cwd_of(path, held_in)), hashlib.sha256()
    try:
        modified = path.stat().st_mtime_ns
        for line in _lines(read_in_pieces(path, limit=MAX_BYTES, piece_bytes=_PIECE), digest.update):
            reader.take(line)
    except OSError as error:
        raise MigrationProblem(f"{path} cannot be read: {error.strerror}", source=path) from None
    return WholeConversation(transcript=reader.transcript(), sha256=digest.hexdigest(), modified_ns=modified)


def _cwd_of(path: Path, held: Callable[[str], str | None]) -> str | None:
    """Return the folder that a transcript's place tells of; None where its lines do."""
    *folders, name = path.parts
    while folders and folders[-1] != _TRANSCRIPTS and name.startswith(folders[-1]):
        folders.pop()
    return held(folders[-2]) if len(folders) > 1 and folders[-1] == _TRANSCRIPTS else None


def _glance(file: FoundTranscript, held: Callable[[str], str | None]) -> SessionChoice | None:
    """Return what a file is about; None where nobody says anything in it, or its folder is gone."""
    try:
        start = read_start(file.path, limit=_LOOK)
    except OSError:
        return None
    reader = ConversationReader(_cwd_of(file.path, held))
    for line in start.split(b"\n"):
        reader.take(line)
    seen = reader.transcript()
    if seen.cwd is None or seen.first_words is None or not os.path.isdir(seen.cwd):
        return None
    return SessionChoice(path=str(file.path), cwd=seen.cwd, title=seen.shown_title)


def _lines(pieces: Generator[bytes], note: Callable[[bytes], object]) -> Iterator[bytes]:
    """Yield lines; one that is too long is cut off where that shows, and so is no JSON."""
    rest = b""
    for piece in pieces:
        note(piece)
        lines = piece.split(b"\n")
        lines[0] = rest + lines[0]
        rest = lines.pop()[:MAX_LINE]
        yield from lines
    yield rest


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = [entry for _, entry in zip(range(MAX_ENTRIES * 5), entries, strict=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise MigrationProblem(f"{folder} cannot be read: {error.strerror}", source=folder) from None
    return found
