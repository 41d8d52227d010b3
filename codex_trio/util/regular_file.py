"""Reading a file that should be a regular one: never more than so many bytes, never waiting for one that is none.

A path that a model, a client or a repository names may lead to a named pipe, a device without an end, or a kernel file
that waits for news. Owns telling these apart. Synchronous; a mount that answers no more holds even these functions up:
`abandonable.py` lets an async caller go on without them. Failures are OSErrors with a `strerror` fit for a message.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator
from typing import BinaryIO

_PIECE_BYTES = 1 << 20
_SMALL_BYTES = 4096

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK


class NotARegularFile(OSError):
    """The path leads to a pipe, a device, a socket or a folder."""


class FileTooLarge(OSError):
    """The file has more bytes than may be read."""


def open_regular_file(
    path: str | os.PathLike[str], *, folder: int | None = None, follow_links: bool = True
) -> BinaryIO:
    """Open a regular file to read its bytes, unbuffered. Raises OSError, NotARegularFile among them.

    `path` may be a name in an open `folder`, and may be kept from being a link. What a read would wait for raises
    BlockingIOError.
    """
    # Looked at before, since opening a device may do something, and after, since it may have been replaced.
    check_regular(os.stat(path, dir_fd=folder, follow_symlinks=follow_links), path)
    descriptor = os.open(path, _FLAGS if follow_links else _FLAGS | os.O_NOFOLLOW, dir_fd=folder)
    try:
        check_regular(os.fstat(descriptor), path)
        return open(descriptor, "rb", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise


def read_whole(
    path: str | os.PathLike[str], *, limit: int, folder: int | None = None, follow_links: bool = True
) -> bytes:
    """Return all bytes of a regular file. Raises OSError: NotARegularFile, or FileTooLarge above `limit` bytes."""
    content = read_start(path, limit=limit + 1, folder=folder, follow_links=follow_links)
    if len(content) > limit:
        raise FileTooLarge(errno.EFBIG, f"is larger than {limit} bytes", os.fspath(path))
    return content


def read_start(
    path: str | os.PathLike[str], *, limit: int, folder: int | None = None, follow_links: bool = True
) -> bytes:
    """Return the first bytes of a regular file, `limit` at most. Raises OSError, NotARegularFile among them."""
    pieces: list[bytes] = []
    left = limit
    with open_regular_file(path, folder=folder, follow_links=follow_links) as file:
        # In pieces, as what a file says of its size binds nobody, and a read allocates what it is asked for.
        step = min(os.fstat(file.fileno()).st_size + 1, _PIECE_BYTES)
        while left > 0:
            piece = os.read(file.fileno(), min(left, max(step, _SMALL_BYTES)))
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
    return b"".join(pieces)


def read_in_pieces(path: str | os.PathLike[str], *, limit: int, piece_bytes: int) -> Generator[bytes]:
    """Yield all bytes of a regular file, so many at a time and fewer at the end.

    Raises OSError: NotARegularFile, or FileTooLarge above `limit` bytes, before the first piece where the size says so.
    """
    with open_regular_file(path) as file:
        left = limit - os.fstat(file.fileno()).st_size
        # What a file says of its size binds nobody.
        read = 0
        while left >= 0:
            piece = _read_full(file.fileno(), piece_bytes)
            read += len(piece)
            left = limit - read
            if piece and left >= 0:
                yield piece
            if len(piece) < piece_bytes and left >= 0:
                return
    raise FileTooLarge(errno.EFBIG, f"is larger than {limit} bytes", os.fspath(path))


def _read_full(descriptor: int, size: int) -> bytes:
    """Return the next bytes, fewer than `size` only at the end."""
    piece = os.read(descriptor, size)
    while piece and len(piece) < size and (more := os.read(descriptor, size - len(piece))):
        piece += more
    return piece


def read_given(path: str | os.PathLike[str], *, limit: int) -> bytes:
    """Return all bytes of a file that a person named for one run; a pipe that somebody writes to will do
    (`<(command)`).

    A pipe without a writer is empty. Raises OSError: FileTooLarge above `limit` bytes.
    """
    descriptor = os.open(path, _FLAGS)
    os.set_blocking(descriptor, True)
    with open(descriptor, "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise FileTooLarge(errno.EFBIG, f"is larger than {limit} bytes", os.fspath(path))
    return content


def write_given(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file that a person named for one run; a pipe that somebody reads will do (`>(command)`).

    Raises OSError, also for a pipe that nobody reads.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o666)
    os.set_blocking(descriptor, True)
    with open(descriptor, "wb") as file:
        file.write(content)


def check_regular(found: os.stat_result, path: str | os.PathLike[str]) -> None:
    """Raise NotARegularFile unless `found` is what a regular file at `path` has. A link is an OSError of its own."""
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(path))
    if stat.S_ISREG(found.st_mode):
        return
    if stat.S_ISDIR(found.st_mode):
        raise NotARegularFile(errno.EISDIR, "is a folder", os.fspath(path))
    raise NotARegularFile(errno.EINVAL, f"is {_kind(found.st_mode)}, not a regular file", os.fspath(path))


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"
