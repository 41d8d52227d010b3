"""Lists of threads: rows made from rollout files, filtered, sorted, and cut into pages.

Owns what a row tells, the filters, the orders and the cursors; wire-free. Does not own files (state/rollout) or what is
live about a thread (its status: the thread manager). Called by the thread processor.

A file is read twice at most: its head once (what the thread is, the first user message), and what was appended since
for what may change (git, model). Both are remembered; files only ever grow.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar, cast

import msgspec
import trio

from codex_trio.state.ids import is_uuid
from codex_trio.state.names import ThreadNames
from codex_trio.state.rollout.errors import RolloutReadError
from codex_trio.state.rollout.history import HistoryBuilder
from codex_trio.state.rollout.lines import GitInfo, SessionMeta, TurnContext, decode_line, format_timestamp
from codex_trio.state.rollout.paths import RolloutFile, RolloutName, RolloutPaths
from codex_trio.state.rollout.reader import ReadReport, iter_lines
from codex_trio.threads.history import InvalidCursor

SortKey: TypeAlias = Literal["created_at", "updated_at", "recency_at"]

DEFAULT_LIMIT = 25
MAX_LIMIT = 100
# What a list shows unless told otherwise: threads that a person talks to.
INTERACTIVE_SOURCES = frozenset({"cli", "vscode"})

_HEAD_LINES = 210
_CHUNK_BYTES = 1 << 18
# The type stands within so many bytes of a line's start, whoever wrote it.
_ENVELOPE_BYTES = 256

_Payload = TypeVar("_Payload")


class ThreadSummary(msgspec.Struct, kw_only=True, frozen=True):
    """One thread as a list shows it. Times are Unix milliseconds; `source` is as the thread's metadata has it."""

    thread_id: str
    path: Path
    is_archived: bool
    meta: SessionMeta
    preview: str
    name: str | None
    model: str | None
    reasoning_effort: str | None
    git: GitInfo | None
    created_at_ms: int
    updated_at_ms: int


class ThreadQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which threads, in which order, and which page of them.

    None means no restriction. `source_kinds` are the protocol's names; when None, the interactive ones, or every kind
    where a parent or ancestor is asked for. `cwds` are absolute, and any path to the same folder will do. `search_term`
    is looked for, with case, in preview and name.

    No thread of ours is in a section or attached to another: a query that asks for such threads finds none.
    """

    archived: bool = False
    model_providers: frozenset[str] | None = None
    source_kinds: frozenset[str] | None = None
    cwds: frozenset[str] | None = None
    search_term: str = ""
    parent_thread_id: str | None = None
    ancestor_thread_id: str | None = None
    attached_to_thread_id: str | None = None
    section_id: str | None = None
    excluded_thread_ids: frozenset[str] = frozenset()
    sort_key: SortKey = "created_at"
    descending: bool = True
    cursor: str | None = None
    limit: int | None = None


class ThreadPage(msgspec.Struct, kw_only=True, frozen=True):
    """Some threads; `next_cursor` continues after them, `backwards_cursor` goes, in the other order, back from them."""

    threads: Sequence[ThreadSummary]
    next_cursor: str | None
    backwards_cursor: str | None


def source_kind(source: Any) -> str:
    """The protocol's name for where a thread comes from."""
    match source:
        case "cli" | "vscode" | "exec":
            return cast("str", source)
        case "mcp" | "appServer" | "app_server":
            return "appServer"
        case {"subagent": "review"}:
            return "subAgentReview"
        case {"subagent": "compact"}:
            return "subAgentCompact"
        case {"subagent": {"thread_spawn": _}}:
            return "subAgentThreadSpawn"
        case {"subagent": _}:
            return "subAgentOther"
        case _:
            return "unknown"


def parent_of(meta: SessionMeta) -> str | None:
    """The thread that started this one as its sub-agent."""
    if meta.parent_thread_id is not None:
        return meta.parent_thread_id
    match meta.source:
        case {"subagent": {"thread_spawn": {"parent_thread_id": str(parent)}}}:
            return parent
        case _:
            return None


class _Head(msgspec.Struct, frozen=True):
    """What the first lines of a file tell."""

    meta: SessionMeta
    preview: str
    created_at_ms: int


class _Tail(msgspec.Struct, frozen=True):
    """What the latest lines of a file tell; `size` is how far it has been looked at."""

    size: int = 0
    meta: SessionMeta | None = None
    context: TurnContext | None = None


class _Known(msgspec.Struct):
    """What is remembered of a file. `head` is None for a file that no list shows."""

    inode: int
    mtime_ns: int
    size: int
    head: _Head | None
    tail: _Tail = _Tail()


class _Row(msgspec.Struct, frozen=True):
    """A thread before what may change about it is read."""

    file: RolloutFile
    head: _Head
    updated_at_ms: int

    def time(self, key: SortKey) -> int:
        return self.head.created_at_ms if key == "created_at" else self.updated_at_ms

    def key(self, sort_key: SortKey) -> tuple[int, str]:
        return (self.time(sort_key), self.head.meta.id)


class ThreadListing:
    """The threads under one CODEX_HOME."""

    def __init__(self, paths: RolloutPaths, names: ThreadNames) -> None:
        self._paths = paths
        self._names = names
        self._known: dict[Path, _Known] = {}
        # The worker thread that reads is the only one that touches what is known.
        self._lock = trio.Lock()

    async def page(self, query: ThreadQuery) -> ThreadPage:
        """A page of threads. Raises InvalidCursor."""
        cursor = None if query.cursor is None else _parse_cursor(query.cursor)
        async with self._lock:
            return await trio.to_thread.run_sync(self._page, query, cursor)

    async def summary(self, thread_id: str) -> ThreadSummary | None:
        """A thread, archived or not, listed or not; None when it has no file that says what it is."""

        def read() -> ThreadSummary | None:
            file = self._paths.find(thread_id)
            return None if file is None else self._summary_of(file)

        async with self._lock:
            return await trio.to_thread.run_sync(read)

    # --- in the worker thread ---

    def _page(self, query: ThreadQuery, cursor: tuple[int, str] | None) -> ThreadPage:
        if query.section_id is not None or query.attached_to_thread_id is not None:
            return ThreadPage(threads=(), next_cursor=None, backwards_cursor=None)
        names = self._names.all()
        rows = [row for row in self._rows(archived=query.archived) if _matches(row, query, names.get(row.head.meta.id))]
        if query.cwds is not None:
            rows = _in_folders(rows, query.cwds)
        if query.ancestor_thread_id is not None:
            rows = _descendants(rows, query.ancestor_thread_id)
        key = query.sort_key
        rows.sort(key=lambda row: row.key(key), reverse=query.descending)
        if cursor is not None:
            rows = [row for row in rows if _is_past(row.key(key), cursor, descending=query.descending)]
        limit = DEFAULT_LIMIT if query.limit is None else min(max(query.limit, 1), MAX_LIMIT)
        shown = rows[:limit]
        next_cursor = backwards_cursor = None
        if len(rows) > limit:
            last = shown[-1]
            next_cursor = f"{format_timestamp(last.time(key))}|{last.head.meta.id}"
        if shown:
            # One millisecond aside, so that going back the other way includes the first row itself.
            aside = -1 if query.descending else 1
            backwards_cursor = format_timestamp(shown[0].time(key) + aside)
        return ThreadPage(
            threads=[self._summary(row, names.get(row.head.meta.id)) for row in shown],
            next_cursor=next_cursor,
            backwards_cursor=backwards_cursor,
        )

    def _rows(self, *, archived: bool) -> list[_Row]:
        latest: dict[str, RolloutFile] = {}
        for file in self._paths.scan(archived=archived):
            other = latest.get(file.name.thread_id)
            if other is None or other.name < file.name:
                latest[file.name.thread_id] = file
        rows: list[_Row] = []
        for file in latest.values():
            known = self._known_of(file)
            if known is not None and known.head is not None and known.head.preview:
                rows.append(_Row(file, known.head, known.mtime_ns // 1_000_000))
        return rows

    def _known_of(self, file: RolloutFile) -> _Known | None:
        try:
            status = os.stat(file.path)
        except OSError:
            self._known.pop(file.path, None)
            return None
        known = self._known.get(file.path)
        if known is None or known.inode != status.st_ino or status.st_size < known.size or known.head is None:
            if known is not None and (known.mtime_ns, known.size) == (status.st_mtime_ns, status.st_size):
                return known
            known = _Known(
                inode=status.st_ino, mtime_ns=status.st_mtime_ns, size=status.st_size, head=self._read_head(file)
            )
            self._known[file.path] = known
        elif not known.head.preview and status.st_size > known.size:
            known.head = self._read_head(file)
        known.mtime_ns, known.size = status.st_mtime_ns, status.st_size
        return known

    def _read_head(self, file: RolloutFile) -> _Head | None:
        builder = HistoryBuilder()
        history = builder.history
        try:
            for index, line in enumerate(iter_lines(file.path, ReadReport())):
                builder.apply(line)
                if history.preview or index >= _HEAD_LINES:
                    break
        except RolloutReadError:
            return None
        meta = history.meta
        if meta is None or meta.id.lower() != file.name.thread_id:
            return None
        preview = self._base_preview(meta, frozenset({file.path})) or history.preview
        return _Head(meta, preview, _unix_ms(meta.timestamp))

    def _base_preview(self, meta: SessionMeta, seen: frozenset[Path]) -> str:
        """The preview of the thread that this one continues: the first message of both."""
        if meta.history_base is None:
            return ""
        path = self._paths.locate_base(meta.history_base.thread_id, seen)
        name = None if path is None else RolloutName.parse(path.name)
        if path is None or name is None:
            return ""
        head = self._read_head(RolloutFile(path, name, is_archived=False))
        return "" if head is None else head.preview

    def _summary_of(self, file: RolloutFile) -> ThreadSummary | None:
        known = self._known_of(file)
        if known is None or known.head is None:
            return None
        row = _Row(file, known.head, known.mtime_ns // 1_000_000)
        return self._summary(row, self._names.get(known.head.meta.id))

    def _summary(self, row: _Row, name: str | None) -> ThreadSummary:
        known = self._known[row.file.path]
        known.tail = tail = _read_tail(row.file.path, known.tail)
        latest = row.head.meta if tail.meta is None or tail.meta.id != row.head.meta.id else tail.meta
        return ThreadSummary(
            thread_id=row.head.meta.id,
            path=row.file.path,
            is_archived=row.file.is_archived,
            meta=row.head.meta,
            preview=row.head.preview,
            name=name,
            model=None if tail.context is None else tail.context.model,
            reasoning_effort=None if tail.context is None else tail.context.effort,
            git=latest.git,
            created_at_ms=row.head.created_at_ms,
            updated_at_ms=row.updated_at_ms,
        )


def _matches(row: _Row, query: ThreadQuery, name: str | None) -> bool:
    meta = row.head.meta
    if query.model_providers is not None and meta.model_provider not in query.model_providers:
        return False
    if query.parent_thread_id is not None and parent_of(meta) != query.parent_thread_id:
        return False
    if meta.id in query.excluded_thread_ids:
        return False
    if query.search_term and query.search_term not in row.head.preview and query.search_term not in (name or ""):
        return False
    return _is_of_kind(meta, query)


def _is_of_kind(meta: SessionMeta, query: ThreadQuery) -> bool:
    kinds = query.source_kinds
    if kinds is None:
        if query.parent_thread_id is not None or query.ancestor_thread_id is not None:
            return True
        kinds = INTERACTIVE_SOURCES
    kind = source_kind(meta.source)
    return kind in kinds or (kind.startswith("subAgent") and "subAgent" in kinds)


def _in_folders(rows: Iterable[_Row], folders: frozenset[str]) -> list[_Row]:
    """The rows of threads that work in one of those folders, by whichever path."""
    real = cache(os.path.realpath)
    wanted = {real(folder) for folder in folders}
    return [row for row in rows if row.head.meta.cwd in folders or real(row.head.meta.cwd) in wanted]


def _descendants(rows: Iterable[_Row], ancestor: str) -> list[_Row]:
    """The rows that descend from that thread, at any depth."""
    children: dict[str, list[_Row]] = {}
    for row in rows:
        parent = parent_of(row.head.meta)
        if parent is not None:
            children.setdefault(parent, []).append(row)
    found: list[_Row] = []
    pending = [ancestor]
    while pending:
        below = children.pop(pending.pop(), [])
        found += below
        pending += [row.head.meta.id for row in below]
    return found


def _is_past(key: tuple[int, str], cursor: tuple[int, str], *, descending: bool) -> bool:
    if not cursor[1]:
        # Without a thread id, all rows of that very time count as seen.
        return key[0] < cursor[0] if descending else key[0] > cursor[0]
    return key < cursor if descending else key > cursor


def _parse_cursor(text: str) -> tuple[int, str]:
    moment, separator, thread_id = text.partition("|")
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        raise InvalidCursor(text) from None
    if parsed.tzinfo is None or (separator and not is_uuid(thread_id)):
        raise InvalidCursor(text)
    return _datetime_ms(parsed), thread_id


def _unix_ms(timestamp: str) -> int:
    """Unix milliseconds of an RFC 3339 time; 0 when it is none."""
    try:
        return _datetime_ms(datetime.fromisoformat(timestamp))
    except ValueError:
        return 0


def _datetime_ms(moment: datetime) -> int:
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    # Not through a float of seconds, which would lose the last millisecond now and then.
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def _read_tail(path: Path, known: _Tail) -> _Tail:
    """What the lines that came since `known` change about it."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < known.size:
                known = _Tail()
            if size == known.size:
                return known
            meta = _last_payload(file.fileno(), b'"session_meta"', SessionMeta, start=known.size, end=size)
            context = _last_payload(file.fileno(), b'"turn_context"', TurnContext, start=known.size, end=size)
    except OSError:
        return known
    return _Tail(size, meta or known.meta, context or known.context)


def _last_payload(fd: int, marker: bytes, kind: type[_Payload], *, start: int, end: int) -> _Payload | None:
    """The payload of the last line of that kind within those offsets; `marker` is the kind as lines spell it."""
    stop = end
    while stop > start:
        begin = max(start, stop - _CHUNK_BYTES)
        # A marker may lie across two chunks.
        chunk = os.pread(fd, min(stop + len(marker), end) - begin, begin)
        at = chunk.rfind(marker)
        while at >= 0:
            payload = _payload_around(fd, begin + at)
            if isinstance(payload, kind):
                return payload
            at = chunk.rfind(marker, 0, at)
        stop = begin
    return None


def _payload_around(fd: int, offset: int) -> object:
    """The payload of the line in whose first bytes this offset lies, if it does lie there."""
    begin = max(0, offset - _ENVELOPE_BYTES)
    before = os.pread(fd, offset - begin, begin)
    newline = before.rfind(b"\n")
    if newline < 0 and begin > 0:
        return None
    line = bytearray()
    position = begin + newline + 1
    while b"\n" not in line[-_CHUNK_BYTES:] and (chunk := os.pread(fd, _CHUNK_BYTES, position)):
        line += chunk
        position += len(chunk)
    decoded = decode_line(bytes(line.partition(b"\n")[0]))
    return None if decoded is None else decoded.payload
