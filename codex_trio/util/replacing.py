"""Putting other content in the place of a file in one step: whoever reads it sees all of the old or all of the new."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace_file(
    path: Path,
    content: bytes,
    *,
    mode: int = 0o600,
    is_lasting: bool = False,
    later: contextlib.ExitStack | None = None,
) -> None:
    """Write a file, and the folders above it, in one step. Raises OSError, with the file as it was.

    `mode` is given to it whatever it had. `is_lasting` waits until the disk has it: what is asked for once, and cannot
    be made again. Most of the time goes into freeing the space of what was there: `later` gets that, to be closed when
    nobody waits any more.
    """
    temporary = path.parent / f".{path.name}.{os.urandom(4).hex()}"
    try:
        descriptor = _make(temporary)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _make(temporary)
    try:
        with open(descriptor, "wb", buffering=0) as file:
            left = memoryview(content)
            while left:
                left = left[file.write(left) :]
            os.fchmod(descriptor, mode)
            if is_lasting:
                os.fsync(descriptor)
        if later is not None:
            _hold(path, later)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _make(path: Path) -> int:
    """Return a new file, open to be written: its owner's alone until it is whole."""
    return os.open(path, _FLAGS, 0o600)


def _hold(path: Path, later: contextlib.ExitStack) -> None:
    """Keep what a file takes up on the disk from being freed until `later` is closed."""
    with contextlib.suppress(OSError):  # there was none
        later.callback(os.close, os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC))
