"""Whole trees of files: removed and copied in steps, so that whoever asked for it can stop it.

Owns what becomes of each kind of file. Links are never followed on the way down. Blocking: for worker threads.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import stat
from collections.abc import Callable, Generator

from codex_trio.util.regular_file import check_regular, open_regular_file

_log = logging.getLogger(__name__)

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TARGET = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
_PIECE = 1 << 20
_DEPTH = 64
"""How many folders are held open on the way down; what lies deeper is moved up first."""

Check = Callable[[], None]
"""Called between two steps; raises to stop."""


class CopyRefused(Exception):
    """What is asked for is no copy; the text says why."""


def remove(path: str, *, recursive: bool, force: bool, check: Check) -> None:
    """Remove a file, a link or a folder, but never the root of all. With `force` what is not there is removed already.

    Raises OSError.
    """
    try:
        kind = os.lstat(path).st_mode
    except FileNotFoundError:
        if force:
            return
        raise
    if not stat.S_ISDIR(kind):
        os.unlink(path)
    elif not recursive:
        os.rmdir(path)
    elif os.path.samefile(path, "/"):
        raise OSError(errno.EPERM, "the root folder is not removed", path)
    else:
        _remove_folder(path, check)


def _remove_folder(path: str, check: Check) -> None:
    top = os.open(path, _FOLDER)
    try:
        # Anew as long as something deep was moved up.
        while names := os.listdir(top):
            for name in names:
                _remove_entry(name, top, top, _DEPTH, check)
    finally:
        os.close(top)
    os.rmdir(path)


def _remove_entry(name: str, folder: int, top: int, depth: int, check: Check) -> None:
    check()
    if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=folder)
        return
    if depth == 0:
        os.rename(name, f".removed-{secrets.token_hex(8)}", src_dir_fd=folder, dst_dir_fd=top)
        return
    inner = os.open(name, _FOLDER, dir_fd=folder)
    try:
        for entry in os.listdir(inner):
            _remove_entry(entry, inner, top, depth - 1, check)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=folder)


def copy(source: str, target: str, *, recursive: bool, check: Check) -> None:
    """Copy a file, a link as a link, or a folder over or into another one, but no pipes or devices in it.

    Raises OSError, CopyRefused.
    """
    kind = os.lstat(source).st_mode
    if not stat.S_ISDIR(kind):
        _copy_entry(source, target, kind, check)
        return
    if not recursive:
        raise CopyRefused("fs/copy requires recursive: true when sourcePath is a directory")
    inside, outside = os.path.realpath(target), os.path.realpath(source)
    if inside == outside or inside.startswith(outside.rstrip("/") + "/"):
        raise CopyRefused("fs/copy cannot copy a directory to itself or one of its descendants")
    folders = [(source, target)]
    while folders:
        here, there = folders.pop()
        _make_folder(there)
        for name in os.listdir(here):
            check()
            way, place = os.path.join(here, name), os.path.join(there, name)
            kind = os.lstat(way).st_mode
            if stat.S_ISDIR(kind):
                folders.append((way, place))
            elif not stat.S_ISREG(kind) and not stat.S_ISLNK(kind):
                _log.warning("not copied, since it is neither a file nor a folder nor a link: %s", ascii(way))
            else:
                _copy_entry(way, place, kind, check)


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def _copy_entry(source: str, target: str, kind: int, check: Check) -> None:
    if stat.S_ISLNK(kind):
        os.symlink(os.readlink(source), target)
    elif stat.S_ISREG(kind):
        _copy_file(source, target, check)
    else:
        raise CopyRefused("fs/copy only supports regular files, directories, and symlinks")


def _copy_file(source: str, target: str, check: Check) -> None:
    with open_regular_file(source, follow_links=False) as file:
        found = os.fstat(file.fileno())
        is_new = not os.path.lexists(target)
        with opened_to_write(target) as descriptor, _removed_unless_whole(target if is_new else None, descriptor):
            if os.path.samestat(found, os.fstat(descriptor)):
                raise CopyRefused("fs/copy cannot copy a file to itself")
            os.ftruncate(descriptor, 0)
            while piece := file.read(_PIECE):
                check()
                write_all(descriptor, piece)
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode))


@contextlib.contextmanager
def _removed_unless_whole(path: str | None, descriptor: int) -> Generator[None]:
    """Remove the new file at `path` when the block fails: a part of a file is not taken for all of it."""
    try:
        yield
    except BaseException:
        if path is not None:
            with contextlib.suppress(OSError):
                if os.path.samestat(os.lstat(path), os.fstat(descriptor)):
                    os.unlink(path)
        raise


@contextlib.contextmanager
def opened_to_write(path: str) -> Generator[int]:
    """Provide a regular file at `path`, made if it is not there, links followed; nothing of it is changed yet.

    Raises OSError: IsADirectoryError, NotARegularFile.
    """
    with contextlib.suppress(FileNotFoundError):
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        check_regular(found, path)
    descriptor = os.open(path, _TARGET, 0o666)
    try:
        check_regular(os.fstat(descriptor), path)
        yield descriptor
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it, in pieces. Raises OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest[:_PIECE]) :]
