"""What a working tree differs in from the closest commit that a remote is known to have.

Owns how git is asked, and that nothing runs that the repository names: no hooks, monitors, pagers, filters or programs
for differences. Does not own which git that is (`git.py`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
import trio

from codex_trio.environments.local.git_settings import GitSettings
from codex_trio.util.abandonable import finished

MOST_BYTES = 64 * 1024 * 1024
"""What a difference may have."""

_MOST_EDGES = 16
"""Commits of remotes that are compared by their distance, where branches were merged."""

_WRITE_SECONDS = 10.0
"""How long a list of new files may take to be written."""

_DIFF = (
    "diff",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--submodule=short",
    # Else git looks for changes inside, by the settings of the submodule.
    "--ignore-submodules=dirty",
    "--binary",
)


class NoRemoteDiff(Exception):
    """There is no repository, no commit of a remote in it, or no difference that can be told."""


class RemoteDiff(msgspec.Struct, frozen=True):
    """A commit, and what the working tree differs in from it, new files included: bytes in pieces."""

    sha: str
    diff: list[bytes | bytearray]


async def diff_to_remote(root: Path, *, git: str, environ: Mapping[str, str]) -> RemoteDiff:
    """Return what a working tree differs in. Takes as long as git does. Raises NoRemoteDiff."""
    repository = _Repository(root, git, environ)
    await repository.distrust()
    sha = await repository.known_to_a_remote()
    diff: list[bytes | bytearray] = []
    await repository.ask(*_DIFF, sha, "--", take=diff.append)
    await repository.tell_untracked(diff.append)
    return RemoteDiff(sha, diff)


class _Records:
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


class _Repository:
    def __init__(self, root: Path, git: str, environ: Mapping[str, str]) -> None:
        self._git = git
        self._root = root
        self._settings = GitSettings(environ)
        self._settings.configure({"diff.external": ""})

    async def distrust(self) -> None:
        """Switch off the filters that the repository itself names."""
        pieces: list[bytes] = []
        await self._run("config", "-z", "--show-scope", "--name-only", "--get-regexp", r"^filter\.", take=pieces.append)
        listed = b"".join(pieces)
        fields = listed.decode("utf-8", "surrogateescape").split("\0")
        settings = zip(fields[::2], fields[1::2], strict=False)
        names = {key.rpartition(".")[0] for scope, key in settings if scope not in ("system", "global")}
        self._settings.configure({f"{name}.{what}": "" for name in names for what in ("clean", "process")})
        self._settings.configure({f"{name}.required": "false" for name in names})

    async def known_to_a_remote(self) -> str:
        """Return the commit of a remote that the checked out one has the least commits beyond. Raises NoRemoteDiff."""
        refs = await self._word("for-each-ref", "--count=1", "--format=%(objectname)", "refs/remotes")
        head = await self._word("rev-parse", "--verify", "-q", "HEAD^{commit}")
        if not refs:
            raise NoRemoteDiff("nothing of a remote is known")
        beyond = _Records(b"\n", lambda line: line.startswith(b"-"))
        await self.ask("rev-list", "--boundary", head, "--not", "--remotes", take=beyond.take)
        if not beyond.count:
            return head
        edges = [line[1:].decode() for line in beyond.wanted[:_MOST_EDGES]]
        if not edges:
            raise NoRemoteDiff("no commit of a remote is among those before the checked out one")
        distances = [int(await self._word("rev-list", "--count", f"{edge}..{head}")) for edge in edges]
        return edges[distances.index(min(distances))]

    async def tell_untracked(self, take: Callable[[bytes], object]) -> None:
        """Tell new files, save for those that are ignored, as a difference."""
        # A repository within this one is none of its files.
        files = _Records(b"\0", lambda name: not name.endswith(b"/"))
        await self.ask("ls-files", "-z", "--others", "--exclude-standard", take=files.take)
        if not files.wanted:
            return
        folder = await finished(_WRITE_SECONDS, _WRITE_SECONDS, _with_names, files.wanted)
        try:
            index = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
            add = ("add", "--intent-to-add", f"--pathspec-from-file={folder}/names", "--pathspec-file-nul")
            await self.ask("--literal-pathspecs", *add, more=index)
            await self.ask(*_DIFF, more=index, take=take)
        finally:
            await finished(_WRITE_SECONDS, _WRITE_SECONDS, partial(shutil.rmtree, folder, ignore_errors=True))

    async def ask(
        self, *arguments: str, more: Mapping[str, str] | None = None, take: Callable[[bytes], object] = len
    ) -> None:
        """Have `take` given what git says, a piece at a time. Raises NoRemoteDiff."""
        status = await self._run(*arguments, more=more, take=take)
        if status != 0:
            raise NoRemoteDiff(f"`git {' '.join(arguments[:2])}` ended with {status}")

    async def _word(self, *arguments: str) -> str:
        """Return the one thing that git says."""
        pieces: list[bytes] = []
        await self.ask(*arguments, take=pieces.append)
        return b"".join(pieces).decode().strip()

    async def _run(
        self, *arguments: str, more: Mapping[str, str] | None = None, take: Callable[[bytes], object]
    ) -> int:
        command = [self._git, "--no-pager", "-C", str(self._root), *arguments]
        size = 0
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
        if size > MOST_BYTES:
            raise NoRemoteDiff(f"it has more than {MOST_BYTES} bytes")
        return process.returncode or 0


def _with_names(names: Sequence[bytes]) -> str:
    """Return a new folder with a file of names, which are separated by NUL. Blocking."""
    folder = tempfile.mkdtemp(prefix="codex-git-")
    with open(os.path.join(folder, "names"), "wb") as file:
        file.writelines(name + b"\0" for name in names)
    return folder
