"""The files of this machine, for whoever must not wait for them: off the loop, in bounded time."""

from __future__ import annotations

from codex_trio.files.contents import WriteGate
from codex_trio.files.disk import DiskFiles
from codex_trio.util.abandonable import abandonable
from codex_trio.util.regular_file import read_whole

READ_SECONDS = 10.0


class LocalFiles:
    """See the module."""

    async def read(self, path: str, *, limit: int) -> bytes:
        """All bytes of a regular file. Raises OSError; ValueError for what is no path."""
        return await abandonable(READ_SECONDS, read_whole, path, limit=limit)

    def blocking(self, gate: WriteGate | None = None) -> DiskFiles:
        """The same files, for whoever goes through many of them in a thread of their own."""
        return DiskFiles(gate)
