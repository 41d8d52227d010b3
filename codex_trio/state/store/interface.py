"""What the layers above ask of stored threads: the two stores, and the data that goes in and out of them.

Owns the protocols and their data, wire-free. Implementations: local.py (rollout files and the state database),
memory.py (within the process), graph.py. One contract test suite holds for every implementation.

Errors: a store raises ThreadStoreError, whose kind says what went wrong; what a file holds raises RolloutReadError or
RolloutWriteError. A list with a cursor that no list gave out raises InvalidCursor. Trouble with the state database does
not reach a caller: it is an index, and what it would have told is then read from the files.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from codex_trio.state.history.forks import ForkPoint
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.lines import GitInfo, SessionMeta

SortKey: TypeAlias = Literal["created_at", "updated_at", "recency_at", "section_position"]


GLANCED = 8
"""How many threads a look for the first ones gives at most."""

INTERACTIVE_SOURCES = frozenset({"cli", "vscode"})
"""What a list shows unless told otherwise: threads that a person talks to."""

StoreErrorKind: TypeAlias = Literal["not_found", "invalid_request", "conflict", "unsupported", "internal"]


class ThreadStoreError(Exception):
    """A store cannot do what was asked; the message is meant for the client."""

    def __init__(self, kind: StoreErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind: StoreErrorKind = kind


class InvalidCursor(Exception):
    """A cursor that no page of this kind gave out."""

    def __init__(self, cursor: str) -> None:
        super().__init__(f"invalid cursor: {cursor}")
        self.cursor = cursor


# --- one thread ---


class ThreadSummary(msgspec.Struct, kw_only=True, frozen=True):
    """One thread as a list shows it. Times are Unix milliseconds; `source` is as the thread's metadata has it.

    `path` is None in a store that keeps no files. `meta` comes without what only loading the thread needs (its base
    instructions and tools).
    """

    thread_id: str
    path: Path | None
    is_archived: bool
    meta: SessionMeta
    preview: str
    name: str | None
    model: str | None
    reasoning_effort: str | None
    git: GitInfo | None
    created_at_ms: int
    updated_at_ms: int


class StoredThread(msgspec.Struct, frozen=True):
    """A thread that a store has; `path` is None in a store that keeps no files."""

    thread_id: str
    path: Path | None
    is_archived: bool


class MetadataPatch(msgspec.Struct, kw_only=True, frozen=True):
    """What to change about a thread: UNSET leaves as it is, None clears."""

    commit_hash: str | UnsetType | None = UNSET
    branch: str | UnsetType | None = UNSET
    repository_url: str | UnsetType | None = UNSET
    memory_mode: str | UnsetType | None = UNSET
    daybreak_enabled: bool | UnsetType | None = UNSET
    """A choice that the client keeps with the thread."""


def patched(meta: SessionMeta, patch: MetadataPatch) -> SessionMeta:
    """Return the metadata with that change."""
    git = meta.git or GitInfo()
    git = GitInfo(
        commit_hash=git.commit_hash if patch.commit_hash is UNSET else patch.commit_hash,
        branch=git.branch if patch.branch is UNSET else patch.branch,
        repository_url=git.repository_url if patch.repository_url is UNSET else patch.repository_url,
    )
    return msgspec.structs.replace(
        meta,
        git=None if git == GitInfo() else git,
        memory_mode=meta.memory_mode if patch.memory_mode is UNSET else patch.memory_mode,
        daybreak_enabled=meta.daybreak_enabled if patch.daybreak_enabled is UNSET else patch.daybreak_enabled,
    )


# --- lists ---


class ThreadQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which threads, in which order, and which page of them.

    None means no restriction. `source_kinds` are the protocol's names; when None, the interactive ones, or every kind
    where a parent or ancestor is asked for. `cwds` are absolute, and any path to the same folder will do. `search_term`
    is looked for, with case, in preview and name. UNSET asks for threads of any project and section, None for those in
    none; what is sorted by section position is of one section.

    No thread of ours is attached to another: a query that asks for such threads finds none.
    """

    archived: bool = False
    model_providers: frozenset[str] | None = None
    source_kinds: frozenset[str] | None = None
    cwds: frozenset[str] | None = None
    search_term: str = ""
    parent_thread_id: str | None = None
    ancestor_thread_id: str | None = None
    attached_to_thread_id: str | None = None
    project_id: str | UnsetType | None = UNSET
    section_id: str | UnsetType | None = UNSET
    excluded_thread_ids: frozenset[str] = frozenset()
    included_thread_ids: frozenset[str] | None = None
    sort_key: SortKey = "created_at"
    descending: bool = True
    cursor: str | None = None
    limit: int | None = None


class ThreadPage(msgspec.Struct, kw_only=True, frozen=True):
    """Some threads; `next_cursor` continues after them, `backwards_cursor` goes, in the other order, back from them."""

    threads: Sequence[ThreadSummary]
    next_cursor: str | None
    backwards_cursor: str | None


# --- search ---


class SearchQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which threads have these words, as they stand but in any case, in a message, a command or the head of its output.

    Filters, order and cursors are those of ThreadQuery.
    """

    term: str
    archived: bool = False
    source_kinds: frozenset[str] | None = None
    sort_key: SortKey = "created_at"
    descending: bool = True
    cursor: str | None = None
    limit: int | None = None


class SearchHit(msgspec.Struct, kw_only=True, frozen=True):
    """A thread and the words around the first match in it."""

    thread: ThreadSummary
    snippet: str


class SearchPage(msgspec.Struct, kw_only=True, frozen=True):
    """Some threads, with cursors as in ThreadPage."""

    hits: Sequence[SearchHit]
    next_cursor: str | None
    backwards_cursor: str | None


# --- the stores ---


class ThreadStore(Protocol):
    """Threads that can be found again. Ids may come in any case."""

    # --- recording ---

    def create(
        self, meta: SessionMeta, *, before_stored: Callable[[], Awaitable[None]] | None = None
    ) -> ThreadRecorder:
        """Return what a new thread records itself with; the thread is there with its first lines.

        `before_stored` is called before they are written, which fails with the ThreadStoreError that it raises.
        """
        ...

    async def open(self, thread: StoredThread) -> ThreadRecorder:
        """Return what a stored thread goes on recording itself with. Turns that never ended count as interrupted.

        Raises RolloutReadError.
        """
        ...

    async def history(self, thread: StoredThread) -> RolloutHistory:
        """Return what a stored thread has recorded, up to date. It is shared: for reading only, its index under its
        lock.

        Raises RolloutReadError.
        """
        ...

    async def history_until(self, history: RolloutHistory, end: ForkPoint) -> RolloutHistory:
        """Return that history up to there, for one reader alone. Raises RolloutReadError."""
        ...

    async def fork(self, history: RolloutHistory, end: ForkPoint, meta: SessionMeta) -> ThreadRecorder:
        """Return what a new thread records itself with that goes on from a history of this store, up to there.

        The thread is there at once, as a whole or not at all. Raises RolloutReadError, RolloutWriteError.
        """
        ...

    async def cut(self, recorder: ThreadRecorder, *, before_turn_id: str) -> ThreadRecorder:
        """Return what a thread goes on with that loses that turn and all later ones; the recorder is to be closed.

        Nothing is deleted: forks keep what they inherited. Raises TurnNotFound, RolloutReadError, RolloutWriteError.
        """
        ...

    # --- finding ---

    async def locate(self, thread_id: str, *, archived: bool | None = None) -> StoredThread | None:
        """Return a thread that is stored; None when it is not. `archived` narrows it to the archive, or to what is not
        in it.

        It has been checked to be there.
        """
        ...

    async def locate_path(self, path: Path) -> StoredThread | None:
        """Return the thread that one of the store's files holds, whatever the file is called; None when there is no
        such.

        A file from elsewhere is no stored thread: whoever made it may have written anything into it.
        """
        ...

    async def read(self, thread_id: str) -> ThreadSummary | None:
        """Return a thread, archived or not, listed or not; None when it is not stored."""
        ...

    async def read_path(self, path: Path) -> ThreadSummary | None:
        """Return the thread that a file holds, wherever it is and whatever it is called; None when it holds none."""
        ...

    async def list(self, query: ThreadQuery) -> ThreadPage:
        """Return a page of threads. Raises InvalidCursor."""
        ...

    async def search(self, query: SearchQuery) -> SearchPage:
        """Return a page of threads with these words. Raises InvalidCursor."""
        ...

    async def glance(self, query: SearchQuery, *, known: Collection[str] = ()) -> Sequence[SearchHit]:
        """Return a few threads with these words, as soon as some are found: in no order, whatever page the query asks
        for.

        Those that are `known` by their ids are left out. Cancelled, it stops at once.
        """
        ...

    # --- putting away ---

    async def archive(self, thread_id: str) -> Sequence[str]:
        """Put a thread and what its agents spawned away; the ids that moved, the thread's own first.

        Its own must be there and not archived; what is loaded of them must have been unloaded.

        Raises ThreadStoreError (not_found, internal).
        """
        ...

    async def unarchive(self, thread_id: str) -> Sequence[str]:
        """Take a thread and what its agents spawned back; the ids that moved, the thread's own first.

        Raises ThreadStoreError (not_found, internal).
        """
        ...

    async def check_deletable(self, thread_id: str) -> None:
        """Raise ThreadStoreError: not_found, or conflict when forks that would stay go on from its lines."""
        ...

    async def delete(self, thread_id: str) -> Sequence[str]:
        """Remove a thread and what its agents spawned, names and all; the ids, the thread's own first.

        Raises ThreadStoreError (as `check_deletable`, internal).
        """
        ...

    # --- names and metadata ---

    async def name(self, thread_id: str) -> str | None:
        """Return what a thread is called."""
        ...

    async def set_name(self, thread_id: str, name: str) -> None:
        """Call a thread something. Raises ThreadStoreError (internal)."""
        ...

    async def update_metadata(self, thread_id: str, patch: MetadataPatch) -> ThreadSummary:
        """Change what a thread that is not loaded says of itself.

        Raises ThreadStoreError (not_found), RolloutWriteError.
        """
        ...

    # --- loaded threads ---

    def writing(self, thread_id: str) -> AbstractAsyncContextManager[None]:
        """While open, nobody but this process writes to the thread. Raises ThreadStoreError (conflict)."""
        ...

    def attach(self, thread_id: str, summary: Callable[[], ThreadSummary | None]) -> None:
        """Tell of a thread that is loaded here: `summary` gives what it is now, None before it can be found again."""
        ...

    def changed(self, thread_id: str) -> None:
        """Tell that an attached thread has something new to say of itself."""
        ...

    def detach(self, thread_id: str) -> None:
        """Tell that a thread is not loaded here any more; what it recorded speaks for it from now on."""
        ...


EdgeStatus: TypeAlias = Literal["open", "closed"]


class AgentGraphStore(Protocol):
    """Which thread was started by which: every thread has one parent at most."""

    async def upsert(self, parent_thread_id: str, child_thread_id: str, status: EdgeStatus) -> None:
        """Record, or change, who started a thread and whether it still runs for that."""
        ...

    async def set_status(self, child_thread_id: str, status: EdgeStatus) -> None:
        """Change whether a thread still runs for its parent; nothing happens when it has none."""
        ...

    async def children(self, parent_thread_id: str, status: EdgeStatus | None = None) -> Sequence[str]:
        """Return the threads that this one started, by id; only those with that status, when one is given."""
        ...

    async def descendants(self, thread_id: str, status: EdgeStatus | None = None) -> Sequence[str]:
        """Return what descends from a thread, by depth, then by id. A status holds for every step on the way."""
        ...
