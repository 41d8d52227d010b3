"""One look at what can confine commands here, for all who ask: the run, the report and the warnings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from codex_trio.sandbox.probe import SandboxProbe


class SandboxLook:
    """Looks when it is first asked.

    Args:
        environ: the server's own environment.
        tell: told once what people are to know.
        python: runs our own helper.
    """

    def __init__(
        self, environ: Mapping[str, str], *, tell: Callable[[str], None], python: str = sys.executable
    ) -> None:
        self._python = python
        self._search_path = environ.get("PATH", "")
        self._tell = tell
        self._lock = trio.Lock()
        self._found: SandboxProbe | None = None

    async def __call__(self) -> SandboxProbe:
        """Return what was found, which stays as it is."""
        # Imported when it is asked for: lists and reads come before any command.
        from codex_trio.sandbox.probe import probe_sandbox

        async with self._lock:
            if self._found is None:
                self._found = await probe_sandbox(search_path=self._search_path, python=self._python)
                for notice in self._found.notices:
                    self._tell(notice)
            return self._found
