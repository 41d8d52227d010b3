"""The files of an environment, as tools see them.

Owns the interfaces. Does not own files: those of this machine are in `codex_trio.files`.
"""

from __future__ import annotations

import os
from typing import Protocol

from codex_trio.files.contents import Contents, WriteGate


class FileReader(Protocol):
    """Where contents come from. Blocking: for worker threads."""

    def read(self, path: str) -> bytes | None:
        """Return the content of the regular file at `path`, links followed; None when nothing is there.

        Raises OSError.
        """
        ...

    def peek(self, path: str) -> Contents:
        """Return the same for the record only, where it need not be known. Raises OSError."""
        ...

    def peek_entry(self, path: str) -> Contents:
        """Return the same for what is to be removed: a link is there wherever it leads."""
        ...


class DocumentFiles(Protocol):
    """Files that are looked for and read, never written. Blocking: for worker threads."""

    def status(self, path: str) -> os.stat_result:
        """Return what is at `path`, links followed. Raises OSError."""
        ...

    def is_link(self, path: str) -> bool:
        """Return whether a symbolic link is at `path`, wherever it leads."""
        ...

    def leads_to(self, path: str) -> str:
        """Return where what is written to an absolute path ends up: the path without links.

        Raises OSError if it is none.
        """
        ...

    def read_start(self, path: str, *, limit: int) -> bytes:
        """Return the first bytes of the regular file at `path`, `limit` at most. Raises OSError."""
        ...


class PatchFiles(FileReader, DocumentFiles, Protocol):
    """Files that a patch changes, each of them so that a crash leaves the old or the new one."""

    def entry_of(self, path: str) -> str:
        """Return where the entry is that an absolute path names: the same, but for a link at its end.

        Raises OSError.
        """
        ...

    def write(self, path: str, content: bytes) -> None:
        """Give a file, perhaps a new one, this content. Raises OSError, NotWritable among them."""
        ...

    def move(self, path: str, target: str, content: bytes, *, changed: bool) -> None:
        """Rename a file to `target`, over a file there, and give it this content. Raises OSError, OriginalRemains."""
        ...

    def delete(self, path: str) -> None:
        """Remove a file, or a link to whatever. Raises OSError, NotWritable among them."""
        ...


class Files(Protocol):
    """The files of an environment. Paths are absolute."""

    async def read(self, path: str, *, limit: int) -> bytes:
        """Return all bytes of a regular file, in bounded time.

        Raises OSError: NotARegularFile, FileTooLarge above `limit` bytes, TimeoutError. ValueError for what is no path.
        """
        ...

    def blocking(self, gate: WriteGate | None = None) -> PatchFiles:
        """Return the same files, for whoever goes through many of them in a thread of their own.

        Without a gate all that the server may write may be written.
        """
        ...
