"""Copying a plugin's folder: regular files and folders, within bounds, and nothing else.

What is a link, a pipe or a device is left out and named; a repository's own folder is none of the plugin. No path is
looked up twice: what is replaced meanwhile cannot lead elsewhere. Blocking.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from codex_trio.extensions.plugins.names import PluginRefused

_LEFT_OUT = frozenset({".git"})
_PIECE_BYTES = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class CopyBounds(msgspec.Struct, frozen=True, kw_only=True):
    """How large a plugin may be."""

    files: int = 10_000
    total_bytes: int = 512 << 20
    depth: int = 40


class _Copy:
    def __init__(self, bounds: CopyBounds) -> None:
        self._bounds = bounds
        self._files = 0
        self._bytes = 0
        self.left_out: list[str] = []

    def folder(self, source: int, target: Path, name: str, depth: int) -> None:
        """Copy what is in an open folder to a new one; `name` is how it is called in the plugin."""
        if depth > self._bounds.depth:
            raise PluginRefused(f"the plugin has more than {self._bounds.depth} folders inside one another")
        os.mkdir(target, 0o755)
        with os.scandir(source) as found:
            entries = sorted(entry.name for entry in found)
        for entry in entries:
            inner = f"{name}/{entry}" if name else entry
            status = os.stat(entry, dir_fd=source, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                if entry not in _LEFT_OUT:
                    self._count()
                    self._inner_folder(source, entry, target / entry, inner, depth)
            elif stat.S_ISREG(status.st_mode):
                self._count()
                self._file(source, entry, target / entry, inner)
            else:
                self.left_out.append(inner)

    def _inner_folder(self, source: int, entry: str, target: Path, name: str, depth: int) -> None:
        descriptor = os.open(entry, _FOLDER, dir_fd=source)
        try:
            self.folder(descriptor, target, name, depth + 1)
        finally:
            os.close(descriptor)

    def _file(self, source: int, entry: str, target: Path, name: str) -> None:
        descriptor = os.open(entry, _READ, dir_fd=source)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                self.left_out.append(name)
                return
            mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
            made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with open(made, "wb") as file:
                while piece := os.read(descriptor, _PIECE_BYTES):
                    self._bytes += len(piece)
                    if self._bytes > self._bounds.total_bytes:
                        raise PluginRefused(f"the plugin has more than {self._bounds.total_bytes} bytes")
                    file.write(piece)
        finally:
            os.close(descriptor)

    def _count(self) -> None:
        self._files += 1
        if self._files > self._bounds.files:
            raise PluginRefused(f"the plugin has more than {self._bounds.files} files and folders")


def copy_plugin(source: Path, target: Path, *, bounds: CopyBounds | None = None) -> list[str]:
    """Copy a folder to a new one; return what was left out. Raises PluginRefused, OSError."""
    copy = _Copy(bounds or CopyBounds())
    descriptor = os.open(os.path.realpath(source), _FOLDER)
    try:
        copy.folder(descriptor, target, "", 0)
    finally:
        os.close(descriptor)
    return copy.left_out
