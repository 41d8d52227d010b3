"""The files below some roots: listed once, for many queries, and again when something has changed there.

Owns the list, in chunks that queries go through while it is still growing, and whether it is still true: folders are
watched, and where they are too many, or nobody tells, a list is true for some seconds.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, Iterable, Sequence

import trio

from codex_trio.files.looks import NEVER, seconds_between_looks
from codex_trio.files.watches import FileWatches, WatchedNames
from codex_trio.search.ranking import PathChunk
from codex_trio.search.walk import walked
from codex_trio.util.bell import Bell

CHUNK_PATHS = 8000
_FIRST_CHUNK_PATHS = 500
"""Something is found soon; later there is less to do in larger pieces."""
WATCHED_SECONDS = 60.0
"""For how long a list is taken as true that is watched: folders that were empty when it was made are not."""

_CLOCK_NS = 20_000_000
"""How far the times of files may be behind."""

_IGNORE_FILES = (".gitignore", ".ignore", ".rgignore")


class FileListing:
    """The files below roots. These are absolute paths, each with what clients call it; one may lie in another."""

    def __init__(self, roots: Sequence[tuple[str, str]], watches: FileWatches, *, true_seconds: float) -> None:
        self._roots = roots
        self._watches = watches
        self._true_seconds = true_seconds
        self._list = _List(true_seconds)
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

    async def begin(self) -> None:
        """Have the files listed, unless there is a list that is true, or is being made."""
        files = self._list
        if files.is_complete and not await files.is_true() and self._list is files:
            self._list = _List(self._true_seconds)
        self._wanted.ring()

    async def chunks(self) -> AsyncGenerator[PathChunk]:
        """Go through all files, as they are found. Raises NoRipgrep and OSError."""
        await self.begin()
        files = self._list
        seen = 0
        while True:
            while seen < len(files.chunks):
                seen += 1
                yield files.chunks[seen - 1]
            if files.failure is not None:
                raise files.failure
            if files.is_complete:
                return
            await files.news.wait()


def _is_told_of(folder: str) -> bool:
    return seconds_between_looks(folder) == NEVER


class _List:
    """What one walk found."""

    def __init__(self, true_seconds: float) -> None:
        self._true_seconds = true_seconds
        self.chunks: list[PathChunk] = []
        self.news = Bell()
        self.is_begun = False
        self.is_complete = False
        self.failure: Exception | None = None
        self._names: WatchedNames | None = None
        self._is_settled = trio.Event()
        """Set when it is known whether it is watched."""
        self._is_watched = False
        self._true_until = float("-inf")
        self._ignore_files: dict[str, int] = {}

    async def fill(self, roots: Sequence[tuple[str, str]], names: WatchedNames) -> None:
        """Walk through the roots, and have told what changes there from then on."""
        self.is_begun = True
        builder = _Builder(roots)
        try:
            folders = await trio.to_thread.run_sync(builder.existing)
            if folders:
                async with walked(folders) as found:
                    async for paths in found:
                        self._take(await trio.to_thread.run_sync(builder.add, paths))
            self._take(await trio.to_thread.run_sync(builder.rest))
        except Exception as error:
            # Told to those who wait for it; the next one has it tried again.
            self.failure = error
        self.is_complete = True
        self.news.ring()
        if self.failure is None:
            await self._watch(builder, names)
        self._is_settled.set()

    async def _watch(self, builder: _Builder, names: WatchedNames) -> None:
        is_told = await trio.to_thread.run_sync(lambda: all(map(_is_told_of, builder.folders)))
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

    def _take(self, chunks: list[PathChunk]) -> None:
        if chunks:
            self.chunks += chunks
            self.news.ring()

    def _is_as_listed(self, changed: set[str]) -> bool:
        """Return whether what came has gone again, and what was replaced is there, as it was listed."""
        if any(_changed_at(path) != changed_at for path, changed_at in self._ignore_files.items()):
            return False
        if not changed:
            return True
        listed: set[str] = set()
        for chunk in self.chunks:
            listed.update(changed.intersection(os.path.join(chunk.folder, path) for path in chunk.paths))
        return all(os.path.isfile(path) == (path in listed) and not os.path.isdir(path) for path in changed)


class _Builder:
    """Makes chunks of paths, as they come. Blocking."""

    def __init__(self, roots: Sequence[tuple[str, str]]) -> None:
        # Of roots that lie in one another the deepest has what is in it.
        self._roots = [_Root(folder, name) for folder, name in sorted(dict(roots).items(), key=_depth, reverse=True)]
        self._chunk_paths = _FIRST_CHUNK_PATHS
        self._began_ns = 0
        self.ignore_files: dict[str, int] = {}

    @property
    def folders(self) -> list[str]:
        """The roots."""
        return [root.folder for root in self._roots]

    def existing(self) -> list[str]:
        """Return the roots that are folders."""
        self._began_ns = time.time_ns() - _CLOCK_NS
        self._roots = [root for root in self._roots if os.path.isdir(root.folder)]
        return self.folders

    def add(self, paths: Iterable[bytes]) -> list[PathChunk]:
        """Take files in; return the chunks that are full."""
        for path in paths:
            text = path.decode("utf-8", "replace")
            for root in self._roots:
                if text.startswith(root.prefix):
                    root.add(text[len(root.prefix) :])
                    break
            if text.endswith(_IGNORE_FILES):
                self.ignore_files[text] = _changed_at(text)
        full = [root.chunk() for root in self._roots if len(root.files) >= self._chunk_paths]
        if full:
            self._chunk_paths = min(2 * self._chunk_paths, CHUNK_PATHS)
        return full

    def rest(self) -> list[PathChunk]:
        """Return what is left."""
        return [root.chunk() for root in self._roots]

    def watched(self) -> list[str]:
        """Return the folders whose names are to be watched: those of git itself change too often, and for nobody."""
        folders = {root.prefix + name for root in self._roots for name in root.known}
        return [folder.rstrip("/") or "/" for folder in folders if "/.git/" not in folder + "/"]

    def is_unchanged(self) -> bool:
        """Return whether nothing came or went while the files were listed."""
        return all(_changed_at(folder) < self._began_ns for folder in self.watched())


class _Root:
    """What is found below one root."""

    def __init__(self, folder: str, name: str) -> None:
        self.folder = folder
        self.name = name
        self.prefix = folder.rstrip("/") + "/"
        self.known = {""}
        self.files: list[str] = []
        self._folders = [""]

    def add(self, path: str) -> None:
        self.files.append(path)
        folder = path.rpartition("/")[0]
        while folder not in self.known:
            self.known.add(folder)
            self._folders.append(folder)
            folder = folder.rpartition("/")[0]

    def chunk(self) -> PathChunk:
        files, self.files = self.files, []
        folders, self._folders = self._folders, []
        return PathChunk(self.name, self.folder, files, folders)


def _depth(root: tuple[str, str]) -> int:
    return len(root[0])


def _changed_at(path: str) -> int:
    """Return when something was changed last, or came or went in a folder; 0 for what is not there."""
    try:
        return os.stat(path).st_mtime_ns
    except (OSError, ValueError):
        return 0
