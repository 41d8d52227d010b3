"""Putting other content in the place of a file in one step: whoever reads it sees all of the old or all of the new."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def replace_file(path: Path, content: bytes, *, mode: int = 0o600, is_lasting: bool = False) -> None:
    """Write a file, and the folders above it, in one step. Raises OSError, with the file as it was.

    `mode` is given to it whatever it had. `is_lasting` waits until the disk has it: what is asked for once, and cannot
    be made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made readable for its owner only.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if is_lasting:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
