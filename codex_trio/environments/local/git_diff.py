"""What a working tree differs in from the closest commit that a remote is known to have.

Owns how git is asked, and that nothing runs that the repository names: no hooks, monitors, pagers, filters or programs
for differences. Does not own which git that is (`git.py`).
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec
import trio

MOST_BYTES = 64 * 1024 * 1024
"""What a difference may have."""

_MOST_EDGES = 16
"""Commits of remotes that are compared by their distance, where branches were merged."""

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
    """A commit, and what the working tree differs in from it, new files included."""

    sha: str
    diff: str


async def diff_to_remote(root: Path, *, git: str, environ: Mapping[str, str]) -> RemoteDiff:
    """Return what a working tree differs in. Takes as long as git does. Raises NoRemoteDiff."""
    repository = _Repository(root, git, environ)
    await repository.distrust()
    sha = await repository.known_to_a_remote()
    tracked = await repository.ask(*_DIFF, sha, "--")
    untracked = await repository.untracked()
    return RemoteDiff(sha, (tracked + untracked).decode("utf-8", "replace"))


class _Repository:
    def __init__(self, root: Path, git: str, environ: Mapping[str, str]) -> None:
        self._git = git
        self._root = root
        self._environ = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
        self._environ |= {
            "LC_ALL": "C",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            # What is missing in a partial clone is not fetched.
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "none",
        }
        self._configure({"core.fsmonitor": "false", "core.hooksPath": os.devnull, "diff.external": ""})

    async def distrust(self) -> None:
        """Switch off the filters that the repository itself names."""
        _, listed = await self._run("config", "-z", "--show-scope", "--name-only", "--get-regexp", r"^filter\.")
        fields = listed.decode("utf-8", "surrogateescape").split("\0")
        settings = zip(fields[::2], fields[1::2], strict=False)
        names = {key.rpartition(".")[0] for scope, key in settings if scope not in ("system", "global")}
        self._configure({f"{name}.{what}": "" for name in names for what in ("clean", "process")})
        self._configure({f"{name}.required": "false" for name in names})

    async def known_to_a_remote(self) -> str:
        """Return the commit of a remote that the checked out one has the least commits beyond. Raises NoRemoteDiff."""
        refs = await self.ask("for-each-ref", "--count=1", "--format=%(objectname)", "refs/remotes")
        head = (await self.ask("rev-parse", "--verify", "-q", "HEAD^{commit}")).decode().strip()
        if not refs.strip():
            raise NoRemoteDiff("nothing of a remote is known")
        beyond = (await self.ask("rev-list", "--boundary", head, "--not", "--remotes")).decode().split()
        if not beyond:
            return head
        edges = [commit[1:] for commit in beyond if commit.startswith("-")][:_MOST_EDGES]
        if not edges:
            raise NoRemoteDiff("no commit of a remote is among those before the checked out one")
        distances = [int(await self.ask("rev-list", "--count", f"{edge}..{head}")) for edge in edges]
        return edges[distances.index(min(distances))]

    async def untracked(self) -> bytes:
        """Return new files, save for those that are ignored, as a difference."""
        names = await self.ask("ls-files", "-z", "--others", "--exclude-standard")
        # A repository within this one is none of its files.
        files = b"\0".join(name for name in names.split(b"\0") if name and not name.endswith(b"/"))
        if not files:
            return b""
        with tempfile.TemporaryDirectory(prefix="codex-git-") as folder:
            index = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
            add = ("add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul")
            await self.ask("--literal-pathspecs", *add, more=index, given=files)
            return await self.ask(*_DIFF, more=index)

    async def ask(self, *arguments: str, more: Mapping[str, str] | None = None, given: bytes = b"") -> bytes:
        """Return what git says. Raises NoRemoteDiff."""
        status, output = await self._run(*arguments, more=more, given=given)
        if status != 0:
            raise NoRemoteDiff(f"`git {' '.join(arguments[:2])}` ended with {status}")
        return output

    async def _run(
        self, *arguments: str, more: Mapping[str, str] | None = None, given: bytes = b""
    ) -> tuple[int, bytes]:
        command = [self._git, "--no-pager", "-C", str(self._root), *arguments]
        pieces: list[bytes] = []
        size = 0
        async with trio.open_nursery() as nursery:
            process: trio.Process = await nursery.start(
                partial(
                    trio.run_process,
                    command,
                    stdin=given,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    check=False,
                    env={**self._environ, **(more or {})},
                )
            )
            assert process.stdout is not None
            async for data in process.stdout:
                pieces.append(bytes(data))
                size += len(data)
                if size > MOST_BYTES:
                    nursery.cancel_scope.cancel()
        if size > MOST_BYTES:
            raise NoRemoteDiff(f"it has more than {MOST_BYTES} bytes")
        return process.returncode or 0, b"".join(pieces)

    def _configure(self, settings: Mapping[str, str]) -> None:
        count = int(self._environ.get("GIT_CONFIG_COUNT", "0"))
        for key, value in settings.items():
            self._environ |= {f"GIT_CONFIG_KEY_{count}": key, f"GIT_CONFIG_VALUE_{count}": value}
            count += 1
        self._environ["GIT_CONFIG_COUNT"] = str(count)
