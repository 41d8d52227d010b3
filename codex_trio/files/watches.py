"""Being told of changes at paths: one service for all who ask, on one inotify instance.

Owns which folders are watched for whom, and the looking again and again where the kernel tells nothing: on network
file systems, in overlays, and beyond the budget of folders. Does not own who is told (processors), nor the instance.
A watch is of a path, whatever is there: a folder with the names in it, a file, a link and what it leads to, or nothing.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import msgspec
import trio

from codex_trio.files import inotify
from codex_trio.files.inotify import FolderEvent, Inotify
from codex_trio.files.looks import LOOK_SECONDS, NEVER, Look, changes_between, look, seconds_between_looks
from codex_trio.files.way import Way, find_way
from codex_trio.util.bell import Bell
from codex_trio.util.short_jobs import ShortJobs

_log = logging.getLogger(__name__)

BUDGET_FOLDERS = 32 * 1024
"""Folders that are watched by the kernel: about 32 MiB of its memory."""

_SHARE_OF_NAMES = 0.75
"""How much of what is left of it those may take who want the names of many folders."""

QUIET_SECONDS = 0.2
"""Between two reports of one watch: what changes meanwhile is reported together."""

_SETTLE_SECONDS = 0.02
"""How long a first change waits for those that belong to it: a file that is replaced changes several times."""

_LOOK_SECONDS_EACH = 0.002

_ANSWER_SECONDS = 10.0
"""How long a file system may take to answer; a mount that is dead never does."""

_MOST_PATHS = 4096
"""Paths that are kept for one who does not ask for them; of more only the watched path is told."""

_LONGEST_NAME = 255
"""Bytes that a name may have on Linux."""

_MOST_TRIES = 5
_PAUSES = 50
"""How many times as long as a look took the next one has to wait for."""

_FOLDER_GONE = inotify.DELETE_SELF | inotify.MOVE_SELF | inotify.UNMOUNT | inotify.IGNORED

_UNSEEN = Look(None, {})

_Name: TypeAlias = "tuple[int, str | None]"
"""A name in a watched folder; None for all of them, and the folder itself."""


class Watch:
    """What changes at one path. Made by `FileWatches.watch`."""

    def __init__(self, owner: FileWatches, path: str) -> None:
        self._owner = owner
        self.path = path
        self.names: dict[_Name, bool] = {}
        """What the kernel tells it of; with each whether that is the end of the path, rather than on the way to it."""
        self._there: tuple[int, int, int] | None = None
        self._changed: set[str] = set()
        self._is_stale = False
        self._looked: Look | None = None
        self._look_seconds = NEVER
        self._pause = 0.0
        self._news = Bell()
        self._may_report_at = 0.0

    async def changes(self) -> list[str]:
        """Wait for changes and return their paths in order, each path once."""
        while True:
            while not self._changed and not self._is_stale:
                await self._wait()
            await trio.sleep_until(max(trio.current_time() + _SETTLE_SECONDS, self._may_report_at))
            if self._is_stale:
                await self._follow()
            if self._changed:
                break
        self._may_report_at = trio.current_time() + self._owner.quiet_seconds
        changed, self._changed = self._changed, set()
        return sorted(_as_text(path) for path in changed)

    async def start(self) -> None:
        """Begin: what changes from now on counts. Raises OSError."""
        self._there = (await self._owner.follow(self)).there
        await self._look()

    @property
    def is_true(self) -> bool:
        """Whether the kernel tells of all changes, and has told of none that is not taken yet."""
        return self._look_seconds == NEVER and not self._is_stale and not self._changed

    def note(self, path: str) -> None:
        """Note that something changed at a path."""
        if len(self._changed) < _MOST_PATHS:
            self._changed.add(path)
        else:
            self._changed = {self.path}
        self._news.ring()

    def note_event(self, event: FolderEvent) -> None:
        """Note that something changed in the folder that the path leads to, or of it where there is no name."""
        self.note(os.path.join(self.path, event.name) if event.name else self.path)

    def note_step(self, *, is_end: bool) -> None:
        """Note that something changed on the way to the path, or at its end."""
        if is_end:
            self.note(self.path)
        self.go_stale()

    def note_loss(self) -> None:
        """Note that the kernel could not tell everything."""
        self.note_step(is_end=True)

    def go_stale(self) -> None:
        """Note that the path may lead elsewhere."""
        self._is_stale = True
        self._news.ring()

    def look_every(self, seconds: float) -> None:
        """Have what is there looked at again and again."""
        self._look_seconds = seconds
        self._looked = None if seconds == NEVER else self._looked or _UNSEEN

    async def _wait(self) -> None:
        """Wait until something may have changed."""
        with trio.move_on_after(max(self._look_seconds, self._pause, self._owner.least_pause)) as waiting:
            await self._news.wait()
        if waiting.cancelled_caught:
            await self._look()

    async def _follow(self) -> None:
        """Find the way anew, and note whether it leads elsewhere."""
        self._is_stale = False
        try:
            there = (await self._owner.follow(self)).there
        except OSError as error:
            _log.warning("a watched path cannot be followed: %s", error)
            self.look_every(LOOK_SECONDS)
            return
        if there != self._there:
            self.note(self.path)
        self._there = there
        await self._look()

    async def _look(self) -> None:
        """Look at what is there, where nobody else tells, and note what differs from last time."""
        before = self._looked
        if before is None:
            return
        began = trio.current_time()
        try:
            self._looked = await self._owner.look(self.path)
        except OSError as error:
            _log.warning("a watched path cannot be looked at: %s", error)
            return
        self._pause = _PAUSES * (trio.current_time() - began)
        if before is not _UNSEEN:
            for path in changes_between(self.path, before, self._looked):
                self.note(path)


class WatchedNames:
    """Which names come and go in many folders, and with `mask` what else. Made by `FileWatches.names`."""

    def __init__(self, owner: FileWatches, mask: int) -> None:
        self._owner = owner
        self.mask = mask
        self.news = Bell()
        self._folders: dict[int, str] = {}
        self.names: dict[_Name, bool] = {}
        self.changed: set[str] = set()
        """Paths that came or went since they were asked for last."""
        self.is_whole = False
        """Whether the kernel tells of all the folders, and has told everything."""

    async def take(self, folders: Sequence[str]) -> None:
        """Have changes in these folders noted from now on, and in no others; see `is_whole`."""
        self.changed.clear()
        self._folders = await self._owner.follow_names(self, folders)
        self.is_whole = bool(self._folders)

    def note_event(self, event: FolderEvent) -> None:
        """Note that a name came or went."""
        folder = self._folders.get(event.wd)
        if len(self.changed) >= _MOST_PATHS or folder is None:
            self.is_whole = False
        elif event.name:
            self.changed.add(os.path.join(folder, event.name))
        self.news.ring()

    def note_loss(self) -> None:
        """Note that the kernel could not tell everything."""
        self.go_stale()

    def go_stale(self) -> None:
        """Note that one of the folders is gone, or elsewhere."""
        self.is_whole = False
        self.news.ring()

    def note_step(self, *, is_end: bool) -> None:
        """Do nothing: no single name was asked for."""


_Listener: TypeAlias = "Watch | WatchedNames"


class FileWatches:
    """A service: `run` it. Without watches it holds nothing open."""

    def __init__(
        self,
        *,
        budget: int = BUDGET_FOLDERS,
        look_seconds: float = LOOK_SECONDS,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self.quiet_seconds = quiet_seconds
        self._budget = budget
        self._look_seconds = look_seconds
        self._jobs = ShortJobs()
        self._instance: Inotify | None = None
        self._wanted = Bell()
        self._watches: set[_Listener] = set()
        self._folders: dict[int, dict[str | None, set[_Listener]]] = {}
        """Who is to be told of which names, by the number of the folder."""
        self._unwanted: set[int] = set()
        """Folders that nobody is told of any more."""
        self._following = 0
        self._early: list[FolderEvent] = []
        """What was told of folders that a thread is just taking on."""

    async def run(self) -> None:
        """Take what the kernel tells, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._jobs.run)
            try:
                while True:
                    while self._instance is None:
                        await self._wanted.wait()
                    await self._read(self._instance)
            finally:
                self._close()

    @asynccontextmanager
    async def watch(self, path: str) -> AsyncGenerator[Watch]:
        """Watch an absolute path until the block ends. Raises OSError, and ValueError for what is no path."""
        if "\0" in path:
            raise ValueError("a path has no NUL in it")
        if any(len(os.fsencode(name)) > _LONGEST_NAME for name in path.split("/")):
            # Anything else that is not there may come.
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path)
        watch = Watch(self, path)
        self._watches.add(watch)
        try:
            await watch.start()
            yield watch
        finally:
            self._watches.discard(watch)
            self._give_up(watch, watch.names)
            if not self._watches:
                self._close()

    @asynccontextmanager
    async def names(self, mask: int = inotify.NAMES) -> AsyncGenerator[WatchedNames]:
        """Provide what notes the names in folders, until the block ends."""
        names = WatchedNames(self, mask)
        self._watches.add(names)
        try:
            yield names
        finally:
            self._watches.discard(names)
            self._give_up(names, names.names)
            if not self._watches:
                self._close()

    @property
    def folders(self) -> int:
        """How many folders the kernel tells of."""
        return len(self._folders)

    @property
    def least_pause(self) -> float:
        """How long to wait between two looks at a path: the longer the more there are."""
        return len(self._watches) * _LOOK_SECONDS_EACH

    async def look(self, path: str) -> Look:
        """Return what is at a path. Raises TimeoutError."""
        with trio.move_on_after(_ANSWER_SECONDS):
            return await self._jobs.do(lambda: look(path))
        raise _no_answer()

    async def follow(self, watch: Watch) -> Way:
        """Have a watch told of what changes on the way to its path, and there; return the way. Raises OSError."""
        instance = self._opened()
        self._following += 1
        try:
            with trio.move_on_after(_ANSWER_SECONDS):
                taken = await self._jobs.do(lambda: self._take_folders(watch.path, instance))
                self._tell(watch, taken)
                return taken.way
            raise _no_answer()
        finally:
            self._following -= 1
            if not self._following:
                self._early.clear()
                self._drop_unwanted()

    async def follow_names(self, names: WatchedNames, folders: Sequence[str]) -> dict[int, str]:
        """Have names noted in these folders, as many as there is room for: all or none. Return them by number."""
        instance = self._opened()
        room = (self._budget - len(self._folders)) * _SHARE_OF_NAMES
        taken = _Taken(Way((), None, None, reaches_end=False))

        def take() -> dict[int, str]:
            return {
                self._take_folder(taken, folder, None, names.mask, instance, is_end=True): folder
                for folder in folders
                if len(folders) <= room
            }

        self._following += 1
        try:
            numbers = await self._jobs.do(take)
            before, names.names = names.names, taken.names
            for wd, name in taken.names:
                self._folders.setdefault(wd, {}).setdefault(name, set()).add(names)
            self._give_up(names, before.keys() - taken.names.keys())
            return {} if taken.look_seconds < NEVER else numbers
        finally:
            self._following -= 1
            if not self._following:
                self._early.clear()
                self._drop_unwanted()

    def _opened(self) -> Inotify | None:
        if self._instance is None:
            try:
                self._instance = Inotify()
            except OSError as error:
                _log.warning("the kernel tells of no changes, files are looked at instead: %s", error)
                return None
            self._wanted.ring()
        return self._instance

    def _take_folders(self, path: str, instance: Inotify | None) -> _Taken:
        """In a thread: have the kernel tell of a way, and make sure that it still is the way."""
        taken = self._take_way(find_way(path), instance)
        for _ in range(_MOST_TRIES):
            if find_way(path) == taken.way:
                taken.look_seconds = min(taken.look_seconds, seconds_between_looks(path))
                return taken
            taken = self._take_way(find_way(path), instance)
        taken.look_seconds = self._look_seconds
        return taken

    def _take_way(self, way: Way, instance: Inotify | None) -> _Taken:
        taken = _Taken(way)
        for number, (folder, name) in enumerate(way.steps, start=1):
            is_end = way.reaches_end and number == len(way.steps)
            mask = inotify.NAMES if not is_end else inotify.NAMES | inotify.ATTRIB if way.folder else inotify.WHOLE
            self._take_folder(taken, folder, name, mask, instance, is_end=is_end)
        if way.folder:
            self._take_folder(taken, way.folder, None, inotify.WHOLE, instance, is_end=True)
        return taken

    def _take_folder(
        self, taken: _Taken, folder: str, name: str | None, mask: int, instance: Inotify | None, *, is_end: bool
    ) -> int:
        """Have the kernel tell of a name in a folder, and return the number of the folder; -1 when it does not."""
        try:
            wd = instance.add(folder, mask) if instance is not None else -1
        except NotADirectoryError:
            return -1
        except OSError as error:
            _log.debug("the kernel tells of no changes in a folder: %s", error)
            wd = -1
        if wd in self._folders:
            taken.new.discard(wd)
        elif wd >= 0:
            taken.new.add(wd)
            if len(self._folders) + len(taken.new) > self._budget and instance is not None:
                taken.new.discard(wd)
                instance.remove(wd)
                wd = -1
        if wd < 0:
            taken.look_seconds = self._look_seconds
        else:
            taken.names[wd, name] = is_end or taken.names.get((wd, name), False)
        return wd

    def _tell(self, watch: Watch, taken: _Taken) -> None:
        """Have a watch told of these names, and of no others."""
        before, watch.names = watch.names, taken.names
        for wd, name in taken.names:
            self._folders.setdefault(wd, {}).setdefault(name, set()).add(watch)
        self._give_up(watch, before.keys() - taken.names.keys())
        watch.look_every(taken.look_seconds)
        for event in self._early:
            self._deliver(event, {name: {watch} for wd, name in taken.names if wd == event.wd})

    def _give_up(self, watch: _Listener, names: Iterable[_Name]) -> None:
        """Have a watch told of these names no more."""
        for wd, name in names:
            table = self._folders.get(wd, {})
            table.get(name, set[_Listener]()).discard(watch)
            if name in table and not table[name]:
                del table[name]
            if not table:
                self._unwanted.add(wd)
        if not self._following:
            self._drop_unwanted()

    def _drop_unwanted(self) -> None:
        """Have the kernel tell no more of folders that nobody is told of: only while no thread takes them on."""
        unwanted, self._unwanted = self._unwanted, set()
        for wd in unwanted:
            if self._folders.get(wd, True) == {}:
                del self._folders[wd]
                if self._instance is not None:
                    self._instance.remove(wd)

    async def _read(self, instance: Inotify) -> None:
        with suppress(trio.ClosedResourceError):
            while True:
                for event in await instance.read():
                    self._dispatch(event, instance)

    def _dispatch(self, event: FolderEvent, instance: Inotify) -> None:
        if event.mask & inotify.OVERFLOW:
            _log.warning("more changed than the kernel could tell: all watches are told of a change")
            for watch in self._watches:
                watch.note_loss()
        elif event.wd in self._folders:
            self._deliver(event, self._folders[event.wd])
            if event.mask & inotify.IGNORED:
                del self._folders[event.wd]
        elif self._following:
            self._early.append(event)
        elif not event.mask & inotify.IGNORED:
            instance.remove(event.wd)

    def _deliver(self, event: FolderEvent, table: Mapping[str | None, set[_Listener]]) -> None:
        if event.mask & _FOLDER_GONE:
            for watch in set[_Listener]().union(*table.values()):
                watch.go_stale()
            return
        for watch in table.get(None, ()):
            watch.note_event(event)
        if event.name:
            for watch in table.get(event.name, ()):
                watch.note_step(is_end=watch.names.get((event.wd, event.name), False))

    def _close(self) -> None:
        instance, self._instance = self._instance, None
        self._folders.clear()
        if instance is not None:
            instance.close()


class _Taken(msgspec.Struct):
    """What a thread had the kernel tell of, for one watch."""

    way: Way
    names: dict[_Name, bool] = {}
    new: set[int] = set()
    look_seconds: float = NEVER
    """How often the end must be looked at besides."""


def _no_answer() -> OSError:
    return TimeoutError(errno.ETIMEDOUT, f"the file system did not answer within {_ANSWER_SECONDS:g} seconds")


def _as_text(path: str) -> str:
    """Return a path as clients can be told: a name that is no text is shown as far as it is."""
    return os.fsencode(path).decode("utf-8", "replace")
