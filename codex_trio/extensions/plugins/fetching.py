"""Fetching a repository's files with git: one commit, without its links, submodules and hooks, and within bounds.

Owns what git is asked, and what a source may cost. Nobody is asked for a password: what needs one fails, and says so.
Does not own where files go from here. Git ends with whoever started it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import trio

from codex_trio.environments.local.git import find_git
from codex_trio.environments.local.git_settings import GitSettings
from codex_trio.execution.errors import SpawnError
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess
from codex_trio.execution.streams import OutputStream
from codex_trio.extensions.plugins.marketplace import PLACES
from codex_trio.extensions.plugins.names import PluginFailed, PluginRefused
from codex_trio.util.addresses import shown_address, shown_text

StartProcess = Callable[[SpawnRequest], ManagedProcess]

_SHA = re.compile(r"[0-9a-f]{4,64}")
_KEPT_WORDS = 4096
_KEPT_ANSWER = 1 << 20
_LOOK_SECONDS = 0.5
_USUAL_BRANCH = "HEAD"


class FetchBounds(msgspec.Struct, frozen=True, kw_only=True):
    """What a source may cost: seconds, and files and bytes of the commit and of what is sent for it."""

    seconds: float = 300.0
    files: int = 50_000
    total_bytes: int = 1 << 30


class _Unreachable(Exception):
    """Git did not do it; the text is what it said."""


class GitFetcher:
    """`environ` is the server's own environment."""

    def __init__(self, start: StartProcess, environ: Mapping[str, str], *, bounds: FetchBounds | None = None) -> None:
        self._start = start
        self._environ = environ
        self._bounds = bounds or FetchBounds()

    async def fetch(
        self, url: str, target: Path, *, ref: str | None = None, sparse_paths: Sequence[str] | None = None
    ) -> str:
        """Check out the commit that a branch, a tag or an id names, in a new folder; return the commit's id.

        Without `ref`, the usual branch. Raises PluginFailed, PluginRefused.
        """
        with trio.move_on_after(self._bounds.seconds):
            return await self._fetch(url, target, ref=ref, sparse_paths=sparse_paths)
        raise PluginFailed(f"fetching {shown_address(url)} took longer than {self._bounds.seconds:g} seconds")

    async def newest(self, url: str, *, ref: str | None = None) -> str | None:
        """Return the commit that a branch or a tag names now; None where that cannot be told. Raises PluginFailed."""
        git = _Git(self._program(), self._settings(), self._start, Path("/"))
        with trio.move_on_after(self._bounds.seconds):
            try:
                told = await git.ask("ls-remote", "--", url, ref or _USUAL_BRANCH)
            except _Unreachable as error:
                raise PluginFailed(f"git ls-remote {shown_address(url)} failed: {error}") from error
            lines = [line.split("\t") for line in told.splitlines()]
            peeled = [line[0] for line in lines if line[-1].endswith("^{}")]
            return next(iter([*peeled, *(line[0] for line in lines)]), None)
        raise PluginFailed(f"asking {shown_address(url)} took longer than {self._bounds.seconds:g} seconds")

    async def _fetch(self, url: str, target: Path, *, ref: str | None, sparse_paths: Sequence[str] | None) -> str:
        git = _Git(self._program(), self._settings(), self._start, target)
        doing = f"git fetch {shown_address(url)}"
        try:
            await trio.to_thread.run_sync(target.mkdir)
            await git.ask("init", "--quiet", "--template=")
            commit = await self._fetched(git, url, ref)
            doing = f"git checkout {ref or _USUAL_BRANCH}"
            size = _Size(self._bounds)
            await git.run("ls-tree", "-r", "-l", "-z", "--full-tree", commit, take=size.take)
            if size.problem is not None:
                raise PluginRefused(size.problem)
            if sparse_paths:
                doing = f"git sparse-checkout set {' '.join(sparse_paths)}"
                # Without these it would be no marketplace.
                places = {f"/{place.parts[0]}/" for place in PLACES}
                patterns = [*sorted(places), *(f"/{path.strip('/')}/" for path in sparse_paths)]
                await git.ask("sparse-checkout", "set", "--no-cone", "--", *patterns)
            await git.ask("checkout", "--quiet", "--detach", commit)
        except _Unreachable as error:
            raise PluginFailed(f"{doing} failed: {error}") from error
        except OSError as error:
            raise PluginFailed(f"{doing} failed: {error.strerror}") from error
        return commit

    async def _fetched(self, git: _Git, url: str, ref: str | None) -> str:
        """Fetch the commit that is wanted and as little else as can be; return its id. Raises _Unreachable."""
        limit = self._bounds.total_bytes
        usual = ("fetch", "--quiet", "--no-recurse-submodules", "--no-auto-maintenance")
        try:
            await git.ask(*usual, "--depth=1", "--no-tags", "--", url, ref or _USUAL_BRANCH, limit=limit)
            return await git.ask("rev-parse", "--verify", "--end-of-options", "FETCH_HEAD^{commit}")
        except _Unreachable:
            if ref is None or not _SHA.fullmatch(ref):
                raise
        # Not every server gives out a commit by its id, and none by half of one.
        await git.ask(*usual, "--tags", "--", url, "+refs/heads/*:refs/remotes/origin/*", limit=limit)
        return await git.ask("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")

    def _program(self) -> str:
        programs = find_git(self._environ.get("PATH", ""))
        if not programs:
            raise PluginFailed("there is no git; install it to use sources other than folders")
        return programs[0]

    def _settings(self) -> GitSettings:
        settings = GitSettings(self._environ, protocols="https:http:ssh:file")
        # Git's processes have no terminal to ask on; these keep it from opening windows.
        settings.environ |= {"SSH_ASKPASS_REQUIRE": "never", "GIT_ASKPASS": "", "GIT_LFS_SKIP_SMUDGE": "1"}
        settings.configure(
            {
                "core.symlinks": "false",
                "core.askPass": "",
                "core.autocrlf": "false",
                "credential.interactive": "false",
                "submodule.recurse": "false",
                "protocol.ext.allow": "never",
                "gc.auto": "0",
            }
        )
        return settings


class _Size:
    """Adds up what `git ls-tree -l -z` lists."""

    def __init__(self, bounds: FetchBounds) -> None:
        self._bounds = bounds
        self._rest = b""
        self._files = 0
        self._bytes = 0
        self.problem: str | None = None

    def take(self, data: bytes) -> None:
        *records, self._rest = (self._rest + data).split(b"\0")
        for record in records:
            size = record.partition(b"\t")[0].split()[-1]
            self._files += 1
            self._bytes += int(size) if size.isdigit() else 0
        if self._files > self._bounds.files:
            self.problem = f"the source has more than {self._bounds.files} files"
        elif self._bytes > self._bounds.total_bytes:
            self.problem = f"the source has more than {self._bounds.total_bytes} bytes"


class _Git:
    """Runs git in a folder."""

    def __init__(self, program: str, settings: GitSettings, start: StartProcess, folder: Path) -> None:
        self._program = program
        self._settings = settings
        self._start = start
        self._folder = folder

    async def ask(self, *arguments: str, limit: int | None = None) -> str:
        """Return what git says. Raises _Unreachable with what it says instead."""
        pieces: list[bytes] = []
        await self.run(*arguments, take=pieces.append, limit=limit)
        return b"".join(pieces)[:_KEPT_ANSWER].decode(errors="replace").strip()

    async def run(self, *arguments: str, take: Callable[[bytes], object], limit: int | None = None) -> None:
        """Have `take` given what git says; `limit` is how many bytes it may put into the repository meanwhile.

        Raises _Unreachable with what it says when it fails.
        """
        request = SpawnRequest(
            argv=(self._program, *arguments), cwd=str(self._folder), env=self._settings.environ, merge_output=False
        )
        try:
            process = self._start(request)
        except SpawnError as error:
            raise _Unreachable(str(error)) from error
        words = bytearray()
        too_large = trio.Event()
        status = 0
        async with process:
            async with trio.open_nursery() as nursery:
                ended = trio.Event()
                nursery.start_soon(_keep_last, process.stderr, words, ended)
                if limit is not None:
                    nursery.start_soon(self._keep_below, limit, too_large, nursery.cancel_scope)
                while data := await process.stdout.receive():
                    take(data)
                await ended.wait()
                status = await process.wait()
                nursery.cancel_scope.cancel()
            if too_large.is_set():
                await process.kill()
        if too_large.is_set():
            raise _Unreachable(f"it is larger than {limit} bytes")
        if status:
            told = words.decode(errors="replace").strip()
            raise _Unreachable(shown_text(told) or f"it ended with {status}")

    async def _keep_below(self, limit: int, too_large: trio.Event, scope: trio.CancelScope) -> None:
        """Set an event and cancel a scope once the repository is too large."""
        packs = self._folder / ".git/objects/pack"
        # Nothing tells how much has come but the files that it goes into.
        while await trio.to_thread.run_sync(_bytes_in, packs) <= limit:  # noqa: ASYNC110
            await trio.sleep(_LOOK_SECONDS)
        too_large.set()
        scope.cancel()


async def _keep_last(stream: OutputStream | None, words: bytearray, ended: trio.Event) -> None:
    assert stream is not None
    while data := await stream.receive():
        words += data
        del words[:-_KEPT_WORDS]
    ended.set()


def _bytes_in(folder: Path) -> int:
    total = 0
    try:
        with os.scandir(folder) as found:
            for entry in found:
                total += entry.stat(follow_symlinks=False).st_size
    except OSError:
        pass  # Git makes the folder, and renames and removes files in it.
    return total
