"""Looking for changes where nobody tells of them: on file systems that others change without the kernel's knowing.

Owns which file systems these are. Blocking, and raises nothing: what cannot be looked at is not there.
"""

from __future__ import annotations

import os
import stat

import msgspec

from codex_trio.files.status import file_system_kind

NEVER = float("inf")
LOOK_SECONDS = 1.0
_RARE_LOOK_SECONDS = 10.0

# NFS, SMB, FUSE, 9P, AFS, Ceph and Lustre: other machines and programs change them.
_CHANGED_ELSEWHERE = frozenset(
    (0x6969, 0x517B, 0xFF534D42, 0xFE534D42, 0x65735546, 0x01021997, 0x5346414F, 0x00C36400, 0x0BD00BD0)
)
# Its own changes are told; those of its lower layers are not, and are rare.
_OVERLAY = 0x794C7630


class Look(msgspec.Struct, frozen=True):
    """What is at a path, told from what was there before: for where nobody tells of changes."""

    end: tuple[int, ...] | None
    names: dict[str, tuple[int, ...]]
    """In a folder: its names with what they are."""


def look(path: str) -> Look:
    """Return what is at an absolute path."""
    try:
        found = os.stat(path)
    except OSError:
        return Look(None, {})
    if not stat.S_ISDIR(found.st_mode):
        return Look(_state(found), {})
    names: dict[str, tuple[int, ...]] = {}
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                try:
                    names[entry.name] = _state(entry.stat(follow_symlinks=False))
                except OSError:
                    continue
    except OSError:
        return Look(None, {})
    return Look(_state(found), names)


def changes_between(path: str, before: Look, after: Look) -> set[str]:
    """Return the paths that differ."""
    changed = {path} if before.end != after.end else set[str]()
    for name in before.names.keys() | after.names.keys():
        if before.names.get(name) != after.names.get(name):
            changed.add(os.path.join(path, name))
    return changed


def seconds_between_looks(path: str) -> float:
    """Return how often an absolute path has to be looked at, since its file system may not tell of changes."""
    # Where nothing is, the folder that is nearest.
    while (kind := file_system_kind(path)) is None:
        if path == "/":
            return LOOK_SECONDS
        path = os.path.dirname(path)
    return LOOK_SECONDS if kind in _CHANGED_ELSEWHERE else _RARE_LOOK_SECONDS if kind == _OVERLAY else NEVER


def _state(found: os.stat_result) -> tuple[int, ...]:
    what = (found.st_dev, found.st_ino, found.st_mode, found.st_uid, found.st_gid)
    if stat.S_ISDIR(found.st_mode):
        # Its times and its size change with its names, which are another matter.
        return what
    return (*what, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
