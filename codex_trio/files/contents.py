"""What is found in files, and what may be written: values of whoever changes files, wherever these are."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import msgspec


class Unread(msgspec.Struct, frozen=True):
    """Stands for what a file holds that cannot be read, or is too big to be remembered."""


Contents: TypeAlias = bytes | Unread | None
"""What is at a path; None stands for "no such file"."""


class NotWritable(OSError):
    """The path leads to a place that may not be written."""


class OriginalRemains(OSError):
    """A file was written at its new place, but could not be removed from the old one."""


class WriteGate(Protocol):
    """What may be written, by where paths lead."""

    def admits(self, place: str) -> bool:
        """Return whether the file at `place` may be written, made or removed."""
        ...

    def admits_beside(self, place: str) -> bool:
        """Return whether other files may be made in its folder for a while."""
        ...
