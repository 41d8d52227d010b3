"""What is in the folders of skills, kept as long as it is true.

Owns which folders are followed, and that clients hear of changes in them. Does not own looking below one (`scan`), nor
which of the skills count (`service`). A service: `run` it once.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Sequence

import trio

from codex_trio.extensions.skills.scan import RootContents, SkillScanner
from codex_trio.extensions.skills.skill import SkillProblem, SkillRoot
from codex_trio.files import inotify
from codex_trio.files.watches import FileWatches, Watch, WatchedNames
from codex_trio.util.abandonable import abandonable
from codex_trio.util.bell import Bell

ANSWER_SECONDS = 10.0
"""How long a folder may take to be read: a dead mount never answers."""

TELL_SECONDS = 0.5
"""Changes that come so soon after one another are told of together."""

MOST_ROOTS = 256
"""Folders that are followed: those of the projects at work."""

_RETRY_SECONDS = 60.0
"""Until a folder that could not be followed is tried again."""


class _Followed:
    """A root, what is known to be below it, and whether that is still so."""

    def __init__(self, root: SkillRoot) -> None:
        self.root = root
        self.scanner = SkillScanner()
        self.scope = trio.CancelScope()
        self.contents: RootContents | None = None
        self.last = RootContents()
        """What was found last, whether that is still so or not."""
        self.looked = trio.Event()
        """Set when somebody has looked at it."""
        self.silent_until = -math.inf
        """Until when it is not asked again, since it did not answer."""
        self.watch: Watch | None = None
        self.names: WatchedNames | None = None

    @property
    def known(self) -> RootContents | None:
        """What is below it; None when that may be another thing by now."""
        if trio.current_time() < self.silent_until:
            return _silent(self.root)
        watch, names = self.watch, self.names
        if self.contents is None or watch is None or names is None or not watch.is_true:
            return None
        is_empty = not self.contents.folders
        return self.contents if is_empty or (names.is_whole and not names.changed) else None


class SkillStore:
    """See the module. `changed` is called when what is in a followed folder has changed."""

    def __init__(self, watches: FileWatches, changed: Callable[[], None]) -> None:
        self._watches = watches
        self._changed = changed
        self._followed: dict[SkillRoot, _Followed] = {}
        self._news = Bell()
        self._nursery: trio.Nursery | None = None

    async def run(self) -> None:
        """Follow folders that were asked for, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            for followed in self._followed.values():
                self._nursery.start_soon(self._follow, followed)
            while True:
                await self._news.wait()
                await trio.sleep(TELL_SECONDS)
                self._changed()

    async def contents(self, roots: Sequence[SkillRoot], *, anew: bool = False) -> list[RootContents]:
        """Return what is below each of these folders; with `anew`, all are looked at again."""
        found: dict[SkillRoot, RootContents] = {}

        async def look(followed: _Followed) -> None:
            found[followed.root] = await _scan(followed)
            followed.looked.set()

        async with trio.open_nursery() as nursery:
            for root in roots:
                followed = self._of(root)
                known = None if anew else followed.known
                if known is None:
                    nursery.start_soon(look, followed)
                else:
                    found[root] = known
        return [found[root] for root in roots]

    def _of(self, root: SkillRoot) -> _Followed:
        followed = self._followed.pop(root, None)
        if followed is None:
            followed = _Followed(root)
            while len(self._followed) >= MOST_ROOTS:
                oldest = next(iter(self._followed))
                self._followed.pop(oldest).scope.cancel()
            if self._nursery is not None:
                self._nursery.start_soon(self._follow, followed)
        # Asked for last, to be given up last.
        self._followed[root] = followed
        return followed

    async def _follow(self, followed: _Followed) -> None:
        with followed.scope:
            while True:
                # Whoever asks is served first.
                await followed.looked.wait()
                try:
                    await self._watch(followed)
                except OSError:
                    # It is looked at whenever somebody asks, until it can be followed.
                    followed.looked = trio.Event()
                    await trio.sleep(_RETRY_SECONDS)

    async def _watch(self, followed: _Followed) -> None:
        """Keep what is below a root true. Raises OSError."""
        path = str(followed.root.path)
        async with self._watches.watch(path) as watch, self._watches.names(inotify.WHOLE) as names:
            handed_out = followed.last
            try:
                while True:
                    taken = followed.last.folders
                    await names.take(taken)
                    # What changed before it was watched.
                    contents = await _scan(followed)
                    if contents is not followed.last:
                        raise TimeoutError(errno.ETIMEDOUT, "did not answer")
                    if contents.looks != handed_out.looks:
                        handed_out = contents
                        self._news.ring()
                    if contents.folders != taken:
                        continue
                    followed.contents, followed.watch, followed.names = contents, watch, names
                    await _change(watch, names)
                    followed.contents = None
                    handed_out = await _scan(followed)
                    self._news.ring()
            finally:
                followed.contents = None


async def _change(watch: Watch, names: WatchedNames) -> None:
    """Return once something has changed."""

    async def wait_for_names() -> None:
        while not names.changed and names.is_whole:
            await names.news.wait()
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        if names.is_whole:
            nursery.start_soon(wait_for_names)
        await watch.changes()
        nursery.cancel_scope.cancel()


async def _scan(followed: _Followed) -> RootContents:
    try:
        followed.last = await abandonable(ANSWER_SECONDS, followed.scanner.scan, followed.root)
    except TimeoutError:
        followed.silent_until = trio.current_time() + _RETRY_SECONDS
        return _silent(followed.root)
    return followed.last


def _silent(root: SkillRoot) -> RootContents:
    problem = SkillProblem(str(root.path), f"did not answer within {ANSWER_SECONDS:g} seconds")
    return RootContents(problems=(problem,))
