"""Where installed plugins lie: `$CODEX_HOME/plugins/cache/MARKETPLACE/PLUGIN/VERSION`.

Owns that a version is there whole or not at all, whenever the process dies and whoever else installs at the same time;
and what was left in the way. Does not own which plugins are enabled: the configuration says so. Blocking.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import tempfile
import time
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path

from codex_trio.extensions.plugins.names import PluginFailed, PluginId, is_version
from codex_trio.util.timed_lock import lock_within

LOCK_SECONDS = 60.0

LOCAL_VERSION = "local"
"""The folder of a plugin that says nothing of its version."""

_SETTLED_SECONDS = 60.0
"""How old a folder is that nobody locks when it was left behind, and is not just being made."""

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


class PluginStore:
    def __init__(self, codex_home: Path) -> None:
        self._folder = codex_home / "plugins"
        self.cache = self._folder / "cache"
        self._staging = self._folder / ".staging"

    def folder_of(self, plugin_id: PluginId) -> Path:
        """Return the folder with the versions of a plugin."""
        return self.cache / plugin_id.marketplace / plugin_id.name

    def data_of(self, plugin_id: PluginId) -> Path:
        """Return where a plugin may keep things; no version of it owns that."""
        return self._folder / "data" / f"{plugin_id.name}-{plugin_id.marketplace}"

    def names_of(self, marketplace: str) -> Collection[str]:
        """Return the names of what may be installed of a marketplace: no others are."""
        return frozenset(_names(self.cache / marketplace))

    def root_of(self, plugin_id: PluginId) -> Path | None:
        """Return the folder of the version that counts; None for a plugin that is not installed."""
        folder = self.folder_of(plugin_id)
        try:
            with os.scandir(folder) as found:
                versions = [entry.name for entry in found if is_version(entry.name) and entry.is_dir()]
        except OSError:
            return None
        return folder / max(versions, key=_order) if versions else None

    @contextmanager
    def changing(self) -> Generator[None]:
        """While the block runs, no other process changes the cache. Raises PluginFailed when another one goes on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not lock_within(descriptor, seconds=LOCK_SECONDS):
                raise PluginFailed(f"another process has been changing plugins for {LOCK_SECONDS:g} seconds; try again")
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def workplace(self) -> Generator[Path]:
        """Provide a new folder on the same disk, which is removed at the end, by the next process if need be."""
        with open_workplace(self._staging) as folder:
            yield folder

    def put(self, plugin_id: PluginId, version: str, prepared: Path) -> Path:
        """Make a folder of a workplace the only version of a plugin, in one step; return where it lies now.

        Only while `changing`.
        """
        folder = self.folder_of(plugin_id)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / version
        put_in_place(prepared, target)
        for other in _names(folder):
            if other != version:
                self._discard(folder / other)
        return target

    def remove(self, plugin_id: PluginId) -> None:
        """Remove all versions of a plugin. Only while `changing`."""
        folder = self.folder_of(plugin_id)
        if os.path.lexists(folder):
            self._discard(folder)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()

    def sweep(self) -> None:
        """Remove what processes that died have left."""
        sweep_workplaces(self._staging)

    def _discard(self, path: Path) -> None:
        """Take a folder out of the cache in one step, then remove it."""
        with self.workplace() as folder:
            os.rename(path, folder / "discarded")


@contextmanager
def open_workplace(parent: Path) -> Generator[Path]:
    """Provide a new folder below another one, which is removed at the end.

    It is locked meanwhile: what nobody locks was left by a process that died.
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="w", dir=parent))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        lock_within(descriptor, seconds=0)
        yield folder
    finally:
        remove_tree(folder)
        os.close(descriptor)


def sweep_workplaces(parent: Path) -> None:
    """Remove the folders that processes that died have left below another one."""
    for name in _names(parent):
        path = parent / name
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            is_settled = time.time() - os.fstat(descriptor).st_mtime > _SETTLED_SECONDS
            if is_settled and lock_within(descriptor, seconds=0):
                remove_tree(path)
        finally:
            os.close(descriptor)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, links unfollowed; what cannot be removed stays."""
    shutil.rmtree(folder, ignore_errors=True)


def put_in_place(prepared: Path, target: Path) -> None:
    """Make a folder another one in one step: whoever looks sees all of the old or all of the new.

    What was there before is at `prepared` afterwards. Raises OSError.
    """
    try:
        os.rename(prepared, target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        _exchange(prepared, target)


def _exchange(one: Path, other: Path) -> None:
    import ctypes  # for reinstalls alone

    libc = ctypes.CDLL(None, use_errno=True)
    names = (os.fsencode(one), os.fsencode(other))
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return
    if ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))
    # A file system that knows no exchange: for a moment there is none of the two.
    aside = one.with_name(f"{one.name}.old")
    os.rename(other, aside)
    os.rename(one, other)
    os.rename(aside, one)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _order(version: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return what versions are put in order by: numbers count as such, a release is above what comes before it."""
    release = version.partition("+")[0]
    main, dash, _before = release.partition("-")
    parts = [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"[.]", main)]
    return [*parts, (0 if dash else 1, 0, "")], version
