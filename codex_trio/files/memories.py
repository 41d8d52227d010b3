"""The folder with what is remembered of former threads, in CODEX_HOME.

Owns where it is, its summary, and emptying it. Does not own who may use it, or what models are told of it.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from codex_trio.files import trees
from codex_trio.util.abandonable import abandonable, finished
from codex_trio.util.regular_file import read_whole

SUMMARY = "memory_summary.md"
MAX_SUMMARY = 1 << 20
"""How many bytes a summary may have to be read at all."""

_READ_SECONDS = 10.0
_CLEAR_SECONDS = 60.0


class MemoryFolder:
    """Its calls raise OSError."""

    def __init__(self, codex_home: Path) -> None:
        self.path = codex_home / "memories"

    async def summary(self) -> str | None:
        """Return the summary; None when there is none."""
        try:
            content = await abandonable(_READ_SECONDS, read_whole, self.path / SUMMARY, limit=MAX_SUMMARY)
        except FileNotFoundError:
            return None
        return content.decode(errors="replace")

    async def is_empty(self) -> bool:
        """Return whether nothing is remembered."""
        return await abandonable(_READ_SECONDS, lambda: not _names(self.path))

    async def clear(self) -> None:
        """Remove all that is in it; it stays. One that is a link is left alone: what lies there may be anybody's."""
        await finished(_CLEAR_SECONDS, _CLEAR_SECONDS, _clear, self.path)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _clear(folder: Path) -> None:
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "is a link, and is not emptied", str(folder))
    for name in _names(folder):
        trees.remove(str(folder / name), recursive=True, force=True, check=_go_on)


def _go_on() -> None:
    """Stop nowhere."""
