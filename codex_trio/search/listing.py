"""The files below some roots: listed once, for many queries, and again when something has changed there.

Owns the list, in chunks that queries go through while it is still growing, and whether it is still true: folders are
watched, and where they are too many, or nobody tells, a list is true for some seconds.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator, Generator, Sequence

import trio

from codex_trio.files.looks import NEVER, seconds_between_looks
from codex_trio.files.watches import FileWatches, WatchedNames
from codex_trio.search.chunks import ChunkBuilder, changed_at
from codex_trio.search.ranking import PathChunk
from codex_trio.search.walk import WalkLimits, kernel_mounts, walking
from codex_trio.util.bell import Bell

WATCHED_SECONDS = 60.0
"""For how long a list is taken as true that is watched: folders that were empty when it was made are not."""

_CHUNKS_AT_ONCE = 4
"""How many of them go to a search together, at most: whoever stops it waits for so much."""

_AHEAD_SECONDS = 1.0
"""How long those who search go first, before a list is watched."""


class FileListing:
    """The files below roots. These are absolute paths, each with what clients call it; one may lie in another."""

    def __init__(
        self, roots: Sequence[tuple[str, str]], watches: FileWatches, *, true_seconds: float, limits: WalkLimits
    ) -> None:
        self._roots = roots
        self._watches = watches
        self._true_seconds = true_seconds
        self._limits = limits
        self._list = _List(true_seconds, limits)
        self._wanted = Bell()

    async def run(self) -> None:
        """List the files whenever that is asked for, until cancelled."""
        async with self._watches.names() as names:
            while True:
                while self._list.is_begun:
                    await self._wanted.wait()
                await self._list.fill(self._roots, names)

    @property
    def is_complete(self) -> bool:
        """Whether all files are listed that are asked for."""
        return self._list.is_complete

    @property
    def shortcoming(self) -> str | None:
        """What is not listed, as a sentence; None where all is that should be."""
        return self._list.shortcoming

    async def begin(self) -> None:
        """Have the files listed, unless there is a list that is true, or is being made."""
        files = self._list
        if files.is_complete and not await files.is_true() and self._list is files:
            self._list = _List(self._true_seconds, self._limits)
        self._wanted.ring()

    async def chunks(self) -> AsyncGenerator[Sequence[PathChunk]]:
        """Go through all files, as they are found. Raises NoRipgrep and OSError."""
        await self.begin()
        files = self._list
        seen = 0
        with files.reading():
            while True:
                while new := files.chunks[seen : seen + _CHUNKS_AT_ONCE]:
                    seen += len(new)
                    yield new
                if files.failure is not None:
                    raise files.failure
                if files.is_complete:
                    return
                await files.news.wait()


class _List:
    """What one walk found."""

    def __init__(self, true_seconds: float, limits: WalkLimits) -> None:
        self._true_seconds = true_seconds
        self._limits = limits
        self.chunks: list[PathChunk] = []
        self.news = Bell()
        self.is_begun = False
        self.is_complete = False
        self.failure: Exception | None = None
        self.shortcoming: str | None = None
        self._readers = 0
        self._is_read = Bell()
        self._names: WatchedNames | None = None
        self._is_settled = trio.Event()
        """Set when it is known whether it is watched."""
        self._is_watched = False
        self._true_until = float("-inf")
        self._ignore_files: dict[str, int] = {}

    @contextlib.contextmanager
    def reading(self) -> Generator[None]:
        """Note for the time of a block that somebody goes through it."""
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1
            self._is_read.ring()

    async def fill(self, roots: Sequence[tuple[str, str]], names: WatchedNames) -> None:
        """Walk through the roots, and have told what changes there from then on."""
        self.is_begun = True
        token = trio.lowlevel.current_trio_token()

        def take(chunk: PathChunk) -> None:
            # Once the loop has ended nobody is left to take it.
            with contextlib.suppress(trio.RunFinishedError):
                token.run_sync_soon(self._take, chunk)

        builder = ChunkBuilder(roots, take)
        try:
            async with walking(lambda: builder.begin(kernel_mounts()), limits=self._limits) as walk:
                await walk.read(builder.add, end=builder.end)
                self.shortcoming = _shortcoming(builder, self._limits, is_cut=walk.is_cut)
                # Nobody waits for the end of the program.
                self._complete()
        except Exception as error:
            # Told to those who wait for it; the next one has it tried again.
            self.failure = error
            self._complete()
            self._is_settled.set()
        else:
            await self._watch(builder, names)
            self._is_settled.set()

    def _complete(self) -> None:
        self.is_complete = True
        self.news.ring()

    async def _watch(self, builder: ChunkBuilder, names: WatchedNames) -> None:
        with trio.move_on_after(_AHEAD_SECONDS):
            while self._readers:
                await self._is_read.wait()
        is_told = await trio.to_thread.run_sync(_all_tell, builder.folders)
        folders = await trio.to_thread.run_sync(builder.watched)
        await names.take(folders if is_told else [])
        self._ignore_files = builder.ignore_files
        self._names = names
        self._is_watched = names.is_whole
        if not names.is_whole:
            self._true_until = trio.current_time() + self._true_seconds
        elif await trio.to_thread.run_sync(builder.is_unchanged):
            self._true_until = trio.current_time() + WATCHED_SECONDS

    async def is_true(self) -> bool:
        """Return whether nothing is known to have changed."""
        await self._is_settled.wait()
        if self._names is None or trio.current_time() >= self._true_until:
            return False
        if not self._is_watched:
            return True
        if not self._names.is_whole:
            return False
        changed = set(self._names.changed)
        if not await trio.to_thread.run_sync(self._is_as_listed, changed):
            return False
        self._names.changed -= changed
        return True

    def _take(self, chunk: PathChunk) -> None:
        self.chunks.append(chunk)
        self.news.ring()

    def _is_as_listed(self, changed: set[str]) -> bool:
        """Return whether what came has gone again, and what was replaced is there, as it was listed."""
        if any(changed_at(path) != before for path, before in self._ignore_files.items()):
            return False
        if not changed:
            return True
        listed: set[str] = set()
        for chunk in self.chunks:
            listed.update(changed.intersection(os.path.join(chunk.folder, path) for path in chunk.paths))
        return all(os.path.isfile(path) == (path in listed) and not os.path.isdir(path) for path in changed)


def _all_tell(folders: Sequence[str]) -> bool:
    """Return whether the kernel tells of all that changes in some folders. Blocking."""
    return all(seconds_between_looks(folder) == NEVER for folder in folders)


def _shortcoming(builder: ChunkBuilder, limits: WalkLimits, *, is_cut: bool) -> str | None:
    parts: list[str] = []
    if is_cut:
        parts.append(
            f"only the first files were searched: a search ends after {limits.files} files or {limits.seconds:g} s"
        )
    if builder.refused:
        parts.append(f"not searched, since the kernel makes up its files: {', '.join(builder.refused)}")
    if builder.missing:
        parts.append(f"not searched, since there is no such folder: {', '.join(builder.missing)}")
    return "; ".join(parts) or None
