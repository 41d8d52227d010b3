"""What can go wrong with rollout files. Raised by the reader and the recorder, mapped to the wire by their callers."""

from __future__ import annotations

from pathlib import Path


class RolloutReadError(Exception):
    """A rollout cannot be read as a thread: it is missing, unreadable, empty, or holds no line at all."""

    def __init__(self, rollout: Path | str, reason: str) -> None:
        super().__init__(f"failed to read thread: {rollout} {reason}")
        self.reason = reason


class RolloutWriteError(Exception):
    """Lines could not be written; none of them counts. `errno` is the system's, 0 when the recorder was closed."""

    def __init__(self, rollout: Path | str, errno: int, reason: str) -> None:
        super().__init__(f"failed to write rollout {rollout}: {reason}")
        self.errno = errno
        self.reason = reason
