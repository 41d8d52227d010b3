"""From paths as they are found to chunks of them, below which root each lies, and what is to be watched. Blocking."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from codex_trio.files.names import shown
from codex_trio.search.ranking import PathChunk
from codex_trio.search.walk import WalkPlan

CHUNK_PATHS = 8000
_FIRST_CHUNK_PATHS = 500
"""Something is found soon; later there is less to do in larger pieces."""

_CLOCK_NS = 20_000_000
"""How far the times of files may be behind."""

_IGNORE_FILES = (".gitignore", ".ignore", ".rgignore")


class ChunkBuilder:
    """Makes chunks of paths, as they come, for `take`."""

    def __init__(self, roots: Sequence[tuple[str, str]], take: Callable[[PathChunk], object]) -> None:
        # Of roots that lie in one another the deepest has what is in it.
        self._roots = [_Root(folder, name) for folder, name in sorted(dict(roots).items(), key=_depth, reverse=True)]
        self._take = take
        self._chunk_paths = _FIRST_CHUNK_PATHS
        self._began_ns = 0
        self.ignore_files: dict[str, int] = {}
        self.refused: list[str] = []
        """Roots whose files the kernel makes up."""
        self.missing: list[str] = []
        """Roots that are no folders."""

    @property
    def folders(self) -> list[str]:
        """The roots."""
        return [root.folder for root in self._roots]

    def begin(self, mounts: dict[str, bool]) -> WalkPlan:
        """Return where to look: in the roots that are folders, save for those that the kernel makes up."""
        self._began_ns = time.time_ns() - _CLOCK_NS
        missing = [root for root in self._roots if not os.path.isdir(root.folder)]
        self._roots = [root for root in self._roots if root not in missing]
        self.missing = [root.name for root in missing]
        refused = [root for root in self._roots if _is_made_up(os.path.realpath(root.folder), mounts)]
        self._roots = [root for root in self._roots if root not in refused]
        self.refused = [root.folder for root in refused]
        made_up = [path for path, is_kernels in mounts.items() if is_kernels]
        left_out = [path for path in made_up if any(path.startswith(root.prefix) for root in self._roots)]
        return WalkPlan(folders=self.folders, leave_out=left_out)

    def add(self, text: str) -> None:
        """Take files in: their paths, with a NUL between two."""
        if len(self._roots) == 1:
            (root,) = self._roots
            # A NUL is in no path, so that this splits nothing else, and takes the root away with it.
            root.add(text.removeprefix(root.shown).split("\0" + root.shown))
        else:
            rest = text.split("\0")
            for root in self._roots:
                root.add([path[len(root.shown) :] for path in rest if path.startswith(root.shown)])
                rest = [path for path in rest if not path.startswith(root.shown)]
        # All of their names end so: most texts have none, and one look says so.
        if "ignore\0" in text or text.endswith("ignore"):
            found = (path for path in text.split("\0") if path.endswith(_IGNORE_FILES))
            places = [root.place(path) for path in found for root in self._roots if path.startswith(root.shown)]
            self.ignore_files.update({place: changed_at(place) for place in places})
        for root in self._roots:
            if len(root.files) >= self._chunk_paths:
                self._take(root.chunk())
                self._chunk_paths = min(2 * self._chunk_paths, CHUNK_PATHS)

    def end(self) -> None:
        """Take no more."""
        for root in self._roots:
            self._take(root.chunk())

    def watched(self) -> list[str]:
        """Return the folders whose names are to be watched: those of git itself change too often, and for nobody."""
        folders = {root.prefix + name for root in self._roots for name in root.known}
        return [folder.rstrip("/") or "/" for folder in folders if "/.git/" not in folder + "/"]

    def is_unchanged(self) -> bool:
        """Return whether nothing came or went while the files were listed."""
        return all(changed_at(folder) < self._began_ns for folder in self.watched())


class _Root:
    """What is found below one root."""

    def __init__(self, folder: str, name: str) -> None:
        self.folder = folder
        self.name = name
        self.prefix = folder.rstrip("/") + "/"
        self.shown = shown(self.prefix)
        """The same as paths of files come with it."""
        self.known = {""}
        self.files: list[str] = []
        self._folders = [""]

    def add(self, files: list[str]) -> None:
        """Take files in, given without the root."""
        self.files += files
        for found in {file.rpartition("/")[0] for file in files} - self.known:
            folder = found
            while folder not in self.known:
                self.known.add(folder)
                self._folders.append(folder)
                folder = folder.rpartition("/")[0]

    def place(self, path: str) -> str:
        """Return where a path is that came with this root."""
        return self.prefix + path[len(self.shown) :]

    def chunk(self) -> PathChunk:
        files, self.files = self.files, []
        folders, self._folders = self._folders, []
        return PathChunk(self.name, self.folder, files, folders)


def changed_at(path: str) -> int:
    """Return when something was changed last, or came or went in a folder; 0 for what is not there."""
    try:
        return os.stat(path).st_mtime_ns
    except (OSError, ValueError):
        return 0


def _is_made_up(path: str, mounts: dict[str, bool]) -> bool:
    """Return whether a path lies in a file system of the kernel's own."""
    while path not in mounts and path != "/":
        path = os.path.dirname(path)
    return mounts.get(path, False)


def _depth(root: tuple[str, str]) -> int:
    return len(root[0])
