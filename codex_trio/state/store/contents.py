"""What the index knows of a rollout: read from its first and last lines, and kept as a row.

Owns `IndexedRollout`, and reading one from its file or whatever holds the lines. A rollout is never read whole: its
head says what the thread is, its tail what may change about it. Does not own when that happens (reconcile.py) or what
is asked of the rows (listing.py). Synchronous.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from codex_trio.state.history.rollout_history import meta_from_name, read_head
from codex_trio.state.rollout import compressed
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.rollout.lines import GitInfo, SessionMeta, TurnContext, decode_line
from codex_trio.state.rollout.paths import RolloutName
from codex_trio.state.rollout.scan import MAX_LINE_BYTES
from codex_trio.state.rollout.sources import BaseLocator, LineReader, LineSource
from codex_trio.state.store.interface import ThreadSummary

HEAD_BYTES = 32 << 20
"""How far into a file the first user message is looked for."""

_CHUNK_BYTES = 1 << 18
_TAIL_BYTES = 1 << 23
"""How far from the end of a file the latest metadata and turn context are looked for."""

_ENVELOPE_BYTES = 256
"""The type stands within so many bytes of a line's start, whoever wrote it."""

PASSING = frozenset((errno.EIO, errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.ETIMEDOUT))
"""What goes by: a file that cannot be read for one of these is not gone."""

_Payload = TypeVar("_Payload")


class FileVersion(msgspec.Struct, frozen=True):
    """Which file, and how much of it, a row was made from; a compressed one has no end."""

    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: str | Path) -> FileVersion | None:
        """Return the file as it is now; None when there is none."""
        try:
            return cls(*compressed.version(path))
        except OSError:
            return None


class RolloutFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What lists show of a thread besides what they filter and sort by. `git` is the latest.

    `meta` is what the file says first, but for what threads change later.
    """

    meta: SessionMeta
    git: GitInfo | None = None
    model: str | None = None
    reasoning_effort: str | None = None


class RolloutContents(msgspec.Struct, frozen=True, kw_only=True):
    """What a rollout holds. `facts` is None when it holds no thread."""

    thread_id: str
    facts: RolloutFacts | None = None
    preview: str = ""
    is_listable: bool = False
    """Whether somebody has said something in it, as far as it was read."""


class IndexedRollout(RolloutContents, frozen=True, kw_only=True):
    """A rollout file as the index knows it."""

    path: Path
    is_archived: bool
    version: FileVersion

    def rollout_name(self) -> RolloutName:
        """Return the parts of the file's name, or of the one that it should have."""
        named = RolloutName.parse(self.path.name)
        if named is not None:
            return named
        created_ms = 0 if self.facts is None else unix_ms(self.facts.meta.timestamp)
        return RolloutName.of(self.thread_id, created_ms=created_ms)

    def summary(self, name: str | None) -> ThreadSummary | None:
        """Return the thread as lists show it."""
        updated = self.version.mtime_ns // 1_000_000
        return summary_of(self, path=self.path, is_archived=self.is_archived, name=name, updated_at_ms=updated)


def summary_of(
    contents: RolloutContents, *, path: Path | None, is_archived: bool, name: str | None, updated_at_ms: int
) -> ThreadSummary | None:
    """Return the thread in a rollout, as lists show it; None when it holds none."""
    facts = contents.facts
    if facts is None:
        return None
    return ThreadSummary(
        thread_id=contents.thread_id,
        path=path,
        is_archived=is_archived,
        meta=facts.meta,
        preview=contents.preview,
        name=name,
        model=facts.model,
        reasoning_effort=facts.reasoning_effort,
        git=facts.git,
        created_at_ms=unix_ms(facts.meta.timestamp),
        updated_at_ms=updated_at_ms,
    )


def of_summary(summary: ThreadSummary, version: FileVersion) -> IndexedRollout:
    """Return the row of a loaded thread, which knows itself better than its file has to be read for."""
    assert summary.path is not None
    told = contents_of_summary(summary)
    return _indexed(told, summary.path, version, is_archived=summary.is_archived)


def contents_of_summary(summary: ThreadSummary) -> RolloutContents:
    """Return what the rollout of a loaded thread holds, as the thread tells."""
    return RolloutContents(
        thread_id=summary.thread_id.lower(),
        facts=RolloutFacts(
            meta=_without_bulk(summary.meta),
            git=summary.git,
            model=summary.model,
            reasoning_effort=summary.reasoning_effort,
        ),
        preview=summary.preview,
        is_listable=bool(summary.preview),
    )


def _indexed(contents: RolloutContents, path: Path, version: FileVersion, *, is_archived: bool) -> IndexedRollout:
    return IndexedRollout(
        path=path,
        is_archived=is_archived,
        version=version,
        thread_id=contents.thread_id,
        facts=contents.facts,
        preview=contents.preview,
        is_listable=contents.is_listable,
    )


# --- from the lines ---


def read_rollout(
    path: Path,
    *,
    is_archived: bool,
    locate_base: BaseLocator,
    known: IndexedRollout | None = None,
    head_bytes: int = HEAD_BYTES,
) -> IndexedRollout | None:
    """Return a file as it is now; None when it is gone or is no file.

    One that cannot be read for the moment is what it was known to be, or what its name says, in a version that it never
    has: so it is read again when it is next asked for, and not hidden until then.

    `known` is what was known of it: what stands further from its end than this looks is taken from there. The first
    message is looked for in the first `head_bytes`.
    """
    source = FileLines(path)
    try:
        with source.opened() as reader:
            version = FileVersion(*reader.version)
            # Of the same file, when it was shorter.
            holds_on = known is not None and known.version.inode == version.inode and known.version.size <= version.size
            older = known if holds_on else None
            contents = read_contents(source, reader, locate_base=locate_base, known=older, head_bytes=head_bytes)
    except OSError as error:
        return _unread(source, path, known, is_archived=is_archived) if error.errno in PASSING else None
    return _indexed(contents, path, version, is_archived=is_archived)


def _unread(
    source: LineSource, path: Path, known: IndexedRollout | None, *, is_archived: bool
) -> IndexedRollout | None:
    name = source.name
    if name is None:
        return None
    meta = meta_from_name(source)
    version = FileVersion(inode=0, size=-1, mtime_ns=unix_ms(meta.timestamp) * 1_000_000)
    if known is not None:
        return msgspec.structs.replace(known, version=version)
    named = RolloutContents(thread_id=name.thread_id, facts=RolloutFacts(meta=meta), is_listable=True)
    return _indexed(named, path, version, is_archived=is_archived)


def read_contents(
    source: LineSource,
    reader: LineReader,
    *,
    locate_base: BaseLocator,
    known: RolloutContents | None = None,
    head_bytes: int = HEAD_BYTES,
) -> RolloutContents:
    """Return what a rollout, which is open, holds now. Raises OSError.

    `known` is what it held before it grew: what stands further from its end than this looks is taken from there.
    """
    size = reader.size
    meta, preview, has_more = _read_head(source, reader, locate_base, head_bytes=head_bytes)
    # A thread is never hidden for what was not read of it.
    is_listable = bool(preview) or has_more
    if meta is None:
        # It is damaged, or older; the name still says which thread it holds.
        name = source.name
        facts = None if name is None or size == 0 else RolloutFacts(meta=meta_from_name(source))
        return RolloutContents(
            thread_id="" if name is None else name.thread_id,
            facts=facts,
            preview=preview,
            is_listable=is_listable and facts is not None,
        )
    older = None if known is None or known.facts is None or known.facts.meta.id != meta.id else known.facts
    latest = _last_payload(reader, b'"session_meta"', SessionMeta, size)
    context = _last_payload(reader, b'"turn_context"', TurnContext, size)
    if latest is None or latest.id != meta.id:
        latest = meta if older is None else msgspec.structs.replace(older.meta, git=older.git)
    return RolloutContents(
        thread_id=meta.id.lower(),
        facts=RolloutFacts(
            meta=_without_bulk(
                msgspec.structs.replace(meta, memory_mode=latest.memory_mode, daybreak_enabled=latest.daybreak_enabled)
            ),
            git=latest.git,
            model=context.model if context is not None else (None if older is None else older.model),
            reasoning_effort=context.effort
            if context is not None
            else (None if older is None else older.reasoning_effort),
        ),
        preview=preview,
        is_listable=is_listable,
    )


def _without_bulk(meta: SessionMeta) -> SessionMeta:
    """Return the metadata without what only loading the thread needs."""
    return msgspec.structs.replace(meta, base_instructions=None, dynamic_tools=None, context_window=None)


def _read_head(
    source: LineSource,
    reader: LineReader,
    locate_base: BaseLocator,
    seen: frozenset[LineSource] = frozenset(),
    *,
    head_bytes: int,
) -> tuple[SessionMeta | None, str, bool]:
    """Return a rollout's own metadata, the first thing that the user said in the thread, and whether
    more was not read.
    """
    try:
        head = read_head(reader, max_bytes=head_bytes)
    except OSError as error:
        if error.errno in PASSING:
            raise
        return None, "", False
    meta, preview = head.facts.meta, head.facts.preview
    if meta is None or meta.history_base is None:
        return meta, preview, head.has_more
    # A fork's first message is the one of the thread that it continues.
    seen |= {source}
    base = locate_base(meta.history_base.thread_id, seen)
    inherited = ""
    with contextlib.suppress(OSError):
        if base is not None:
            with base.opened() as inherited_lines:
                _, inherited, _ = _read_head(base, inherited_lines, locate_base, seen, head_bytes=head_bytes)
    return meta, inherited or preview, head.has_more


def _last_payload(reader: LineReader, marker: bytes, kind: type[_Payload], size: int) -> _Payload | None:
    """Return the payload of the last line of that kind near the end; `marker` is the kind as lines spell it."""
    for chunk, begin in _chunks_from_end(reader, size, overlap=len(marker)):
        at = chunk.rfind(marker)
        while at >= 0:
            payload = _payload_around(reader, begin + at)
            if isinstance(payload, kind):
                return payload
            at = chunk.rfind(marker, 0, at)
    return None


def _chunks_from_end(reader: LineReader, size: int, *, overlap: int) -> Iterator[tuple[bytes, int]]:
    stop = size
    least = max(0, size - _TAIL_BYTES)
    while stop > least:
        begin = max(least, stop - _CHUNK_BYTES)
        # A marker may lie across two chunks.
        yield reader.read(min(stop + overlap, size) - begin, begin), begin
        stop = begin


def _payload_around(reader: LineReader, offset: int) -> object:
    """Return the payload of the line in whose first bytes this offset lies, if it does lie there."""
    begin = max(0, offset - _ENVELOPE_BYTES)
    before = reader.read(offset - begin, begin)
    newline = before.rfind(b"\n")
    if newline < 0 and begin > 0:
        return None
    line = bytearray()
    position = begin + newline + 1
    while b"\n" not in line[-_CHUNK_BYTES:] and (chunk := reader.read(_CHUNK_BYTES, position)):
        if len(line) > MAX_LINE_BYTES:
            return None
        line += chunk
        position += len(chunk)
    decoded = decode_line(bytes(line.partition(b"\n")[0]))
    return None if decoded is None else decoded.payload


def unix_ms(timestamp: str) -> int:
    """Unix milliseconds of an RFC 3339 time; 0 when it is none."""
    try:
        return datetime_ms(datetime.fromisoformat(timestamp))
    except ValueError:
        return 0


def datetime_ms(moment: datetime) -> int:
    """Unix milliseconds; a time without a zone counts as UTC."""
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    # Not through a float of seconds, which would lose the last millisecond now and then.
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def parent_of(meta: SessionMeta) -> str | None:
    """Return the thread that started this one as its sub-agent."""
    if meta.parent_thread_id is not None:
        return meta.parent_thread_id
    return spawned_by(meta)


def spawned_by(meta: SessionMeta) -> str | None:
    """Return the thread whose agent spawned this one."""
    match meta.source:
        case {"subagent": {"thread_spawn": {"parent_thread_id": str(parent)}}}:
            return parent
        case _:
            return None


def source_kind(source: Any) -> str:
    """Return the protocol's name for where a thread comes from; old releases did not say, and had one
    kind of client.
    """
    match source:
        case None:
            return "vscode"
        case "cli" | "vscode" | "exec":
            return cast("str", source)
        case "mcp" | "appServer" | "app_server":
            return "appServer"
        case {"subagent": "review"} | {"subAgent": "review"}:
            return "subAgentReview"
        case {"subagent": "compact"} | {"subAgent": "compact"}:
            return "subAgentCompact"
        case {"subagent": {"thread_spawn": _}} | {"subAgent": {"thread_spawn": _}}:
            return "subAgentThreadSpawn"
        case {"subagent": _} | {"subAgent": _}:
            return "subAgentOther"
        case _:
            return "unknown"


def listed_kind(source: Any) -> str:
    """Return the same for lists: a source that is of no form at all is no reason to leave a thread out of them."""
    kind = source_kind(source)
    match source:
        case str() | {"custom": str()} | {"internal": str()}:
            return kind
        case _:
            return UNREADABLE if kind == "unknown" else kind


UNREADABLE = "unreadable"
"""What `listed_kind` calls a source that says nothing."""


SUBAGENT_KINDS = frozenset({"subAgentReview", "subAgentCompact", "subAgentThreadSpawn", "subAgentOther"})
"""What `source_kind` calls threads that another thread started."""


def real_folder(cwd: str) -> str:
    """Return a thread's folder without links, as far as there are any; what is no path stays as it is."""
    try:
        return os.path.realpath(cwd) if cwd else ""
    except (OSError, ValueError):
        return cwd
