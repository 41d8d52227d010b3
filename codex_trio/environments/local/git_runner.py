"""Asking git about a repository that is not trusted.

Owns how git is asked, and that nothing runs that the repository names: no hooks, monitors, pagers, filters or programs
for differences. Does not own which git that is (`git.py`).
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import trio

from codex_trio.environments.local.git_settings import GitSettings

MOST_BYTES = 64 * 1024 * 1024
"""What an answer may have."""


class GitFailure(Exception):
    """Git does not say what was asked. The text says why."""


class Records:
    """Takes output apart as it comes, and keeps what is wanted of it."""

    def __init__(self, separator: bytes, is_wanted: Callable[[bytes], bool]) -> None:
        self._separator = separator
        self._is_wanted = is_wanted
        self._rest = b""
        self.count = 0
        self.wanted: list[bytes] = []

    def take(self, data: bytes) -> None:
        *records, self._rest = (self._rest + data).split(self._separator)
        self.count += len(records)
        self.wanted += filter(self._is_wanted, records)


class GitRunner:
    """`root` is a work tree."""

    def __init__(self, root: Path, git: str, environ: Mapping[str, str]) -> None:
        self._git = git
        self._root = root
        self._settings = GitSettings(environ)
        self._settings.configure({"diff.external": ""})

    async def distrust(self, *sections: str) -> list[tuple[str, str]]:
        """Switch off the filters that the repository itself names; return the keys and values in other sections.

        It is one run of git for both.
        """
        pieces: list[bytes] = []
        wanted = rf"^({'|'.join(('filter', *sections))})\."
        await self.run("config", "-z", "--show-scope", "--get-regexp", wanted, take=pieces.append)
        fields = b"".join(pieces).decode("utf-8", "surrogateescape").split("\0")
        settings = [(scope, *text.partition("\n")[::2]) for scope, text in zip(fields[::2], fields[1::2], strict=False)]
        self._switch_off_filters([(scope, key) for scope, key, _ in settings if key.startswith("filter.")])
        return [(key, value) for _, key, value in settings if not key.startswith("filter.")]

    def _switch_off_filters(self, settings: Iterable[tuple[str, str]]) -> None:
        names = {key.rpartition(".")[0] for scope, key in settings if scope not in ("system", "global")}
        self._settings.configure({f"{name}.{what}": "" for name in names for what in ("clean", "process")})
        self._settings.configure({f"{name}.required": "false" for name in names})

    async def ask(
        self, *arguments: str, more: Mapping[str, str] | None = None, take: Callable[[bytes], object] = len
    ) -> None:
        """Have `take` given what git says, a piece at a time. Raises GitFailure, also where git ends with an error."""
        status = await self.run(*arguments, more=more, take=take)
        if status != 0:
            raise GitFailure(f"`git {' '.join(arguments[:2])}` ended with {status}")

    async def word(self, *arguments: str) -> str:
        """Return the one thing that git says."""
        pieces: list[bytes] = []
        await self.ask(*arguments, take=pieces.append)
        return b"".join(pieces).decode().strip()

    async def run(self, *arguments: str, more: Mapping[str, str] | None = None, take: Callable[[bytes], object]) -> int:
        """Do the same; return what git ends with. Raises GitFailure."""
        command = [self._git, "--no-pager", "-C", str(self._root), *arguments]
        size = 0
        try:
            async with trio.open_nursery() as nursery:
                process: trio.Process = await nursery.start(
                    partial(
                        trio.run_process,
                        command,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,
                        check=False,
                        env={**self._settings.environ, **(more or {})},
                    )
                )
                assert process.stdout is not None
                async for data in process.stdout:
                    take(bytes(data))
                    size += len(data)
                    if size > MOST_BYTES:
                        nursery.cancel_scope.cancel()
        except ExceptionGroup as failures:
            # It cannot be run.
            if failures.split(OSError)[1] is not None:
                raise
            raise GitFailure(str(failures.exceptions[0])) from failures
        if size > MOST_BYTES:
            raise GitFailure(f"it has more than {MOST_BYTES} bytes")
        return process.returncode or 0
