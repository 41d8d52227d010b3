"""What a working tree differs in from the closest commit that a remote is known to have.

Owns what git is asked. Does not own which git that is (`git.py`), or that nothing else runs (`git_runner.py`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from codex_trio.environments.local.git_runner import GitFailure, GitRunner, Records
from codex_trio.util.abandonable import finished

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
    diff: list[bytes | bytearray] = []
    try:
        await repository.distrust()
        sha = await repository.known_to_a_remote()
        await repository.ask(*_DIFF, sha, "--", take=diff.append)
        await repository.tell_untracked(diff.append)
    except GitFailure as error:
        raise NoRemoteDiff(str(error)) from error
    return RemoteDiff(sha, diff)


class _Repository(GitRunner):
    async def known_to_a_remote(self) -> str:
        """Return the commit of a remote that the checked out one has the least commits beyond. Raises NoRemoteDiff."""
        refs = await self.word("for-each-ref", "--count=1", "--format=%(objectname)", "refs/remotes")
        head = await self.word("rev-parse", "--verify", "-q", "HEAD^{commit}")
        if not refs:
            raise NoRemoteDiff("nothing of a remote is known")
        beyond = Records(b"\n", lambda line: line.startswith(b"-"))
        await self.ask("rev-list", "--boundary", head, "--not", "--remotes", take=beyond.take)
        if not beyond.count:
            return head
        edges = [line[1:].decode() for line in beyond.wanted[:_MOST_EDGES]]
        if not edges:
            raise NoRemoteDiff("no commit of a remote is among those before the checked out one")
        distances = [int(await self.word("rev-list", "--count", f"{edge}..{head}")) for edge in edges]
        return edges[distances.index(min(distances))]

    async def tell_untracked(self, take: Callable[[bytes], object]) -> None:
        """Tell new files, save for those that are ignored, as a difference."""
        # A repository within this one is none of its files.
        files = Records(b"\0", lambda name: not name.endswith(b"/"))
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


def _with_names(names: Sequence[bytes]) -> str:
    """Return a new folder with a file of names, which are separated by NUL. Blocking."""
    folder = tempfile.mkdtemp(prefix="codex-git-")
    with open(os.path.join(folder, "names"), "wb") as file:
        file.writelines(name + b"\0" for name in names)
    return folder
