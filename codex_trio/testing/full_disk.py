"""A disk without room for one file: a limit on file sizes, put on a server while it runs.

Owns the limit. Used by tests of what a server does when it cannot store a thread; the kernel refuses the write as it
would on a full disk, in the middle of a line if that is where the room ends.
"""

from __future__ import annotations

import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def full_disk(pid: int, path: Path, *, room: int) -> Generator[None]:
    """Within the block, the process can write only so many more bytes to that file; smaller files are not affected."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (path.stat().st_size + room, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
