"""The file system as a confined command is to see it: a list of mounts.

Owns what is mounted where and in which order, and what must be there, or must not come to be there, while the command
runs. Does not own the mounting (`bubblewrap`, `namespaces`). Reads the file system, changes nothing.
"""

import os
import stat
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from codex_trio.sandbox import placeholders
from codex_trio.sandbox.errors import SandboxUnavailable
from codex_trio.sandbox.links import PathTracer, Trace, first_missing, trace
from codex_trio.sandbox.protected import repository_above
from codex_trio.sandbox.roots import RootAnchors, WritableRoot, depth, is_within

MountKind = Literal["write", "pin", "protect", "link", "hide", "read", "alias"]
"""What a mount does to its path and all below it, until the next one on the way.

`write` and `protect` make it writable and read-only. `pin` changes nothing but that the folder cannot be renamed or
replaced: what is mounted deeper depends on its path. `link` does the same to a symbolic link, which still leads where
it did. `hide` puts something empty in its place. Where not everything may be read there is nothing but what is
mounted: `read` has a path there as it is, and `alias` a symbolic link that leads to such a path.
"""

_OUR_OWN_MOUNTS = ("/dev", "/proc")
"""What every confined command gets anew; nothing in there is the machine's."""


class Mount(msgspec.Struct, frozen=True):
    """A path, absolute and (but for a last part that is a link) free of links, and what is done to it."""

    path: str
    kind: MountKind


class View(msgspec.Struct, frozen=True, kw_only=True):
    mounts: tuple[Mount, ...]
    """Parents before children: later ones cover earlier ones."""
    placeholders: tuple[str, ...]
    """Protected paths that do not exist, and need something to be mounted on; see `placeholders`."""
    absent: tuple[str, ...]
    """Protected paths that do not exist, and where nothing may be put even for a moment; see `absent`."""
    guarded: tuple[str, ...]
    """What among the mounts is the server's own."""
    is_closed: bool
    """Whether nothing is there but what is mounted."""

    def shows(self, path: str) -> bool:
        """Return whether an absolute path can be read, as far as folders go."""
        place: str = trace(path).end
        around = [mount for mount in self.mounts if is_within(place, mount.path)]
        return around[-1].kind != "hide" if around else not self.is_closed

    @property
    def has_links(self) -> bool:
        """Whether links have to be kept in their places."""
        return any(mount.kind == "link" for mount in self.mounts)


def build_view(
    roots: tuple[WritableRoot, ...],
    anchors: RootAnchors,
    *,
    denied: Sequence[str] = (),
    readable: Sequence[str] | None = None,
) -> View:
    """Return the view for these roots of a thread, without what is `denied`; with `readable`, of these paths alone."""
    tracer = PathTracer()
    builder = _Builder([root.path for root in roots], is_closed=readable is not None)
    for path in readable or ():
        builder.read(tracer.trace(path))
    for root in roots:
        for path in root.protected:
            # What is named as a root of its own is not protected: the more specific wish wins.
            if path not in builder.kinds:
                way = tracer.trace(path)
                builder.name(way)
                builder.protect(way)
    for way in anchors.own:
        builder.protect(way)
    for path in (*anchors.guarded.found_hidden(), *denied):
        builder.hide(tracer.trace(path))
    builder.pin_the_ways()
    return View(
        mounts=builder.mounts(),
        placeholders=tuple(sorted(builder.placeholders, key=depth)),
        absent=tuple(sorted(builder.absent, key=depth)),
        guarded=tuple(way.end for way in anchors.own if builder.kinds.get(way.end) == "protect"),
        is_closed=readable is not None,
    )


class _Builder:
    def __init__(self, roots: list[str], *, is_closed: bool) -> None:
        self.kinds: dict[str, MountKind] = dict.fromkeys(roots, "write")
        self.placeholders: set[str] = set()
        self.absent: set[str] = set()
        self._roots = frozenset(roots)
        self._is_closed = is_closed
        self._repository_above = cache(repository_above)

    def read(self, way: Trace) -> None:
        """Let a path be read, under all the names on its way. Raises SandboxUnavailable for everything."""
        if way.end == "/":
            raise SandboxUnavailable("a path that may be read leads to `/`, which is everything")
        if way.is_loop or not os.path.lexists(way.end):
            return
        if not self._lies_in_a_root(way.end):
            self.kinds.setdefault(way.end, "read")
        self.name(way)

    def name(self, way: Trace) -> None:
        """Have the links on a way, where nothing else is there."""
        if self._is_closed:
            for link in way.links:
                if not self._lies_in_a_root(link):
                    self.kinds.setdefault(link, "alias")

    def protect(self, way: Trace) -> None:
        """Keep a path as it is: what it leads to, and every link on the way."""
        for link in way.links:
            if self._lies_in_a_root(link):
                self.kinds[link] = "link"
        end = way.end
        if end in self._roots or way.is_loop or not self._lies_in_a_root(end):
            return
        missing = first_missing(end)
        if missing is None:
            self.kinds[end] = "protect"
            if placeholders.is_placeholder_at(end):
                self.placeholders.add(end)
        elif self._repository_above(os.path.dirname(missing)) is None:
            self.kinds[missing] = "protect"
            self.placeholders.add(missing)
        else:
            # Programs look upward for the root of a repository, and must not find it here.
            self.absent.add(missing)

    def hide(self, way: Trace) -> None:
        """Keep a command from what is there. Raises SandboxUnavailable for everything."""
        if way.end == "/":
            raise SandboxUnavailable("what must not be read leads to `/`, which is everything")
        if way.is_loop or not os.path.lexists(way.end):
            return
        self.kinds[way.end] = "hide"
        # Once another link has taken the place of one, nothing tells the next command what was denied.
        for link in way.links:
            if self._lies_in_a_root(link) and _could_be_moved(link):
                self.kinds.setdefault(link, "link")

    def pin_the_ways(self) -> None:
        """Keep the folders between a root and what is mounted inside it in their places."""
        for path in sorted(self.kinds, key=depth):
            between: list[str] = []
            folder = os.path.dirname(path)
            while folder != "/" and self.kinds.get(folder, "pin") == "pin":
                between.append(folder)
                folder = os.path.dirname(folder)
            if self.kinds.get(folder) == "write" and path != "/":
                for folder in between:
                    self.kinds.setdefault(folder, "pin")

    def mounts(self) -> tuple[Mount, ...]:
        """Return those that change something."""
        return tuple(
            Mount(path, kind)
            for path, kind in sorted(self.kinds.items(), key=lambda item: depth(item[0]))
            if self._changes_something(kind, self._enclosing_kind(path))
        )

    def _changes_something(self, kind: MountKind, around: MountKind | None) -> bool:
        match kind:
            case "write":
                return True
            case "hide":
                return around is not None or not self._is_closed
            case "read" | "alias":
                return around is None
            case _:
                return around in ("write", "pin")

    def _lies_in_a_root(self, path: str) -> bool:
        if any(is_within(path, own) for own in _OUR_OWN_MOUNTS):
            return False
        return any(path != root and is_within(path, root) for root in self._roots)

    def _enclosing_kind(self, path: str) -> MountKind | None:
        while path != "/":
            path = os.path.dirname(path)
            if path in self.kinds:
                return self.kinds[path]
        return None


def _could_be_moved(link: str) -> bool:
    """Return whether our user has any right to change a link, or a folder on the way to it."""
    user = os.geteuid()
    for folder in Path(link).parents:
        try:
            if os.access(folder, os.W_OK) or os.lstat(folder).st_uid == user:
                return True
        except OSError:
            return True
    return False


def is_folder(path: str) -> bool:
    """Return whether `path` is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def paths_of(mounts: Iterable[Mount], kind: MountKind) -> list[str]:
    """Return the paths of the mounts of a kind."""
    return [mount.path for mount in mounts if mount.kind == kind]
