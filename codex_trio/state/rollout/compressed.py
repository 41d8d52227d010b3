"""Rollout files that are kept compressed: `<name>.jsonl.zst` stands in for `<name>.jsonl` while that is not there.

Owns that form, reading it, and the steps from one form to the other. A rollout is known by its plain path whichever
form it has; where both are there, the plain one counts. Each step leaves a whole rollout behind, wherever the process
dies: what is being made has a name of its own (`is_leftover`) until it is on the disk. Does not own when a rollout is
compressed (state/local/compressor.py) nor who may write to it (state/local/writers.py): `keep_compressed` and
`put_back` are for whoever alone may. Synchronous.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

import msgspec

from codex_trio.util.private_folder import FILE_MODE
from codex_trio.util.regular_file import open_regular_file
from codex_trio.util.zstd import zstd_library

_log = logging.getLogger(__name__)

SUFFIX = ".zst"
_COMPRESSING = f"{SUFFIX}.tmp"
_PUTTING_BACK = ".plain.tmp"

_PIECE = 1 << 20


class DamagedRollout(OSError):
    """A compressed rollout cannot be read to its end."""


class Contents(msgspec.Struct, frozen=True):
    """An open rollout: what it holds; and the status of its file, when that is compressed."""

    file: BinaryIO
    compressed: os.stat_result | None = None


def compressed_path(path: Path) -> Path:
    """Return where the rollout is when it is compressed."""
    return path.with_name(path.name + SUFFIX)


def plain_name(file_name: str) -> str:
    """Return what a rollout is called, by the name of its file."""
    return file_name.removesuffix(SUFFIX)


def is_leftover(file_name: str) -> bool:
    """Return whether the name is one of a rollout that is just being made in the other form."""
    return file_name.startswith(".rollout-") and file_name.endswith((_COMPRESSING, _PUTTING_BACK))


def plain_name_of_leftover(file_name: str) -> str:
    """Return what the rollout is called that was being made."""
    return file_name[1:].removesuffix(_COMPRESSING).removesuffix(_PUTTING_BACK)


# --- reading ---


def version(path: str | Path) -> tuple[int, int, int]:
    """Return the inode, size and time of change of a rollout's file, in whichever form it is. Raises OSError.

    A compressed one never grows, nor is it cut: whatever was read of it lies within, as if it had no end.
    """
    try:
        return version_of(os.stat(path))
    except FileNotFoundError:
        with contextlib.suppress(FileNotFoundError):
            return version_of(os.stat(f"{path}{SUFFIX}"), is_compressed=True)
        # It may just have been put back.
        return version_of(os.stat(path))


def version_of(status: os.stat_result, *, is_compressed: bool = False) -> tuple[int, int, int]:
    """Return the same of a file with that status."""
    return (status.st_ino, sys.maxsize if is_compressed else status.st_size, status.st_mtime_ns)


@contextmanager
def opened(path: Path) -> Generator[Contents]:
    """Provide what a rollout holds. Raises OSError.

    Of a compressed one that is damaged it is what comes before the damage.
    """
    with contextlib.ExitStack() as stack:
        yield _open(path, stack)


def _open(path: Path, stack: contextlib.ExitStack) -> Contents:
    try:
        return Contents(stack.enter_context(open_regular_file(path)))
    except FileNotFoundError:
        with contextlib.suppress(FileNotFoundError):
            packed = stack.enter_context(open_regular_file(compressed_path(path)))
            return Contents(stack.enter_context(_inflated(packed, path)), os.fstat(packed.fileno()))
        # It may just have been put back.
        return Contents(stack.enter_context(open_regular_file(path)))


def _inflated(packed: BinaryIO, path: Path) -> BinaryIO:
    """Return a file without a name, which holds what was compressed."""
    # On the disk, since it may be large, and read at any place.
    for folder in (path.parent, None):
        try:
            packed.seek(0)
            file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by whoever is given it
            try:
                for piece in _pieces(packed, path):
                    file.write(piece)
                file.flush()
            except DamagedRollout as error:
                _log.warning("%s %s", error.filename, error.strerror)
                file.flush()
            except BaseException:
                file.close()
                raise
            return file
        except OSError:
            # Full, or not to be written to.
            if folder is None:
                raise
    raise AssertionError("the second folder is the last")


def _pieces(packed: BinaryIO, path: Path) -> Iterator[bytes]:
    """Yield what was compressed. Raises OSError, DamagedRollout among them."""
    zstd = zstd_library()
    with zstd.ZstdFile(packed, "rb") as file:
        while True:
            try:
                piece = file.read1(_PIECE)
            except (EOFError, zstd.ZstdError) as error:
                raise DamagedRollout(errno.EIO, f"is damaged: {error}", str(compressed_path(path))) from error
            if not piece:
                return
            yield piece


# --- from one form to the other ---


def compress(path: Path, *, check: Callable[[], None]) -> os.stat_result | None:
    """Make the compressed form, under its other name; the status of the plain file that it was made of.

    None when that is no regular file, or was changed meanwhile. `check` is called for every piece, and may raise.
    Raises OSError.
    """
    aside = _aside(path, _COMPRESSING)
    with _discarded_on_error(aside), open_regular_file(path, follow_links=False) as plain, _new(aside) as packed:
        before = os.fstat(plain.fileno())
        zstd = zstd_library()
        options = {zstd.CompressionParameter.compression_level: 3, zstd.CompressionParameter.checksum_flag: 1}
        with zstd.ZstdFile(packed, "wb", options=options) as file:
            while piece := plain.read(_PIECE):
                check()
                file.write(piece)
        _settle(packed, before)
    if _is_same(path, before):
        return before
    discard(path)
    return None


def keep_compressed(path: Path, before: os.stat_result) -> bool:
    """Keep the compressed form instead of the plain file, if that is as it was then. Raises OSError."""
    if not _is_same(path, before):
        discard(path)
        return False
    packed = compressed_path(path)
    _rename(_aside(path, _COMPRESSING), packed)
    if not _is_same(path, before):
        packed.unlink(missing_ok=True)
        return False
    path.unlink()
    return True


def discard(path: Path) -> None:
    """Remove what was made of a rollout and not kept."""
    with contextlib.suppress(OSError):
        _aside(path, _COMPRESSING).unlink()


def put_back(path: Path) -> None:
    """Keep the plain file instead of the compressed form, if there is one. Raises OSError, DamagedRollout too."""
    packed_path = compressed_path(path)
    if not os.path.lexists(packed_path):
        return
    if not os.path.lexists(path):
        aside = _aside(path, _PUTTING_BACK)
        with _discarded_on_error(aside), open_regular_file(packed_path) as packed, _new(aside) as plain:
            for piece in _pieces(packed, path):
                plain.write(piece)
            _settle(plain, os.fstat(packed.fileno()))
        _rename(aside, path)
    packed_path.unlink()


def _aside(path: Path, suffix: str) -> Path:
    return path.with_name(f".{path.name}{suffix}")


def _new(path: Path) -> IO[bytes]:
    # What a process that died left there counts for nothing.
    path.unlink(missing_ok=True)
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb")


def _settle(file: IO[bytes], like: os.stat_result) -> None:
    """Have a file on the disk, as old as the other."""
    file.flush()
    os.utime(file.fileno(), ns=(like.st_atime_ns, like.st_mtime_ns))
    os.fsync(file.fileno())


def _rename(before: Path, after: Path) -> None:
    """Give a file its name, and have that on the disk."""
    before.rename(after)
    folder = os.open(after.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _is_same(path: Path, before: os.stat_result) -> bool:
    try:
        now = os.lstat(path)
    except OSError:
        return False
    return _identity(now) == _identity(before)


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@contextmanager
def _discarded_on_error(aside: Path) -> Generator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
