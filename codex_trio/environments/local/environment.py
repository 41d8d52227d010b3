"""This machine as an environment, and as a thread has it open.

Owns the wiring of files, commands and repositories. Does not own any of them.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import msgspec
import trio

from codex_trio.config.command_writes import CommandWrites
from codex_trio.environments.environment import EnvironmentDescription, EnvironmentInfo, EnvironmentStatus, ThreadUse
from codex_trio.environments.local.commands import LocalCommands
from codex_trio.environments.local.git import LocalRepositories, writable_folders
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.selection import LOCAL
from codex_trio.execution.env import build_environment
from codex_trio.execution.groups import LocalGroup
from codex_trio.execution.sessions import ExecSessions
from codex_trio.execution.shells import Shells, find_shells
from codex_trio.execution.spawner import ProcessSpawner
from codex_trio.files.contents import WriteGate
from codex_trio.files.disk import DiskFiles
from codex_trio.files.local import LocalFiles
from codex_trio.network.proxies import CommandProxies
from codex_trio.sandbox.probe import SandboxProbe
from codex_trio.sandbox.roots import GuardedPaths, RootAnchors
from codex_trio.version import PROTOCOL_RELEASE


class LocalParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment is made of. `environ` is the server's own environment, which commands inherit."""

    environ: Mapping[str, str]
    spawner: ProcessSpawner
    writes: CommandWrites | None
    """Told while sandboxed commands can write."""
    guarded: GuardedPaths
    """What is the server's own, and out of the reach of commands and patches."""
    shells: Shells
    probe: Callable[[], Awaitable[SandboxProbe]]
    cwd: str
    """The server's own folder."""
    proxies: CommandProxies
    """The ways out of commands that may reach some hosts only."""

    @property
    def tmpdir(self) -> str | None:
        """The `$TMPDIR` that commands see."""
        return self.environ.get("TMPDIR")


class LocalEnvironment:
    id = LOCAL

    def __init__(self, parts: LocalParts) -> None:
        self._parts = parts
        self.files = LocalFiles()
        self.repositories = LocalRepositories(environ=parts.environ, tmpdir=parts.tmpdir)

    async def info(self) -> EnvironmentInfo:
        """Return what a client is told of it."""
        await trio.lowlevel.checkpoint()
        return EnvironmentInfo(shell=self._parts.shells.default, cwd=self._parts.cwd)

    def let_go(self) -> None:
        """Do nothing: this machine stays."""

    def status(self) -> EnvironmentStatus:
        """It is always there."""
        return EnvironmentStatus(kind="ready")

    async def description(self, place: WorkPlace) -> EnvironmentDescription:
        """Return what a model is told of a place in it."""
        await trio.lowlevel.checkpoint()
        folders = writable_folders(place, tmpdir=self._parts.tmpdir)
        return EnvironmentDescription(shell=self._parts.shells.default, writable_folders=folders)

    def open(self, use: ThreadUse, nursery: trio.Nursery) -> OpenLocalEnvironment:
        """Open it for a thread."""
        return OpenLocalEnvironment(self, self._parts, use, nursery)


class OpenLocalEnvironment:
    def __init__(self, environment: LocalEnvironment, parts: LocalParts, use: ThreadUse, nursery: trio.Nursery) -> None:
        self.environment = environment
        self._tmpdir = parts.tmpdir
        self._anchors = RootAnchors(parts.guarded)
        self.commands = LocalCommands(
            ExecSessions(LocalGroup(parts.spawner), nursery, parts.writes, use.clock),
            shells=parts.shells,
            probe=parts.probe,
            variables=partial(_variables, parts.environ, use),
            anchors=self._anchors,
            tmpdir=parts.tmpdir,
            proxies=parts.proxies,
            processes=parts.spawner.bounds.processes,
        )

    def note(self, place: WorkPlace) -> None:
        """Take the folders that commands may write from there as they are."""
        self._anchors.note(place.policy, cwd=place.cwd, tmpdir=self._tmpdir)

    def may_write(self, path: str, place: WorkPlace) -> bool:
        """Return whether a sandboxed command could write an absolute path. Raises RootChanged."""
        return self._anchors.may_write(path, place.policy, cwd=place.cwd, tmpdir=self._tmpdir)

    def writable_folders(self, place: WorkPlace) -> tuple[str, ...]:
        """Return the folders that commands may write, free of symlinks. Raises RootChanged."""
        roots = self._anchors.roots(place.policy, cwd=place.cwd, tmpdir=self._tmpdir)
        return tuple(root.path for root in roots)

    def writing(self, gate: WriteGate, place: WorkPlace, *, approved: frozenset[str]) -> DiskFiles:
        """Return the files for a patch; the gate says it all."""
        del place, approved
        return self.environment.files.blocking(gate)

    async def aclose(self) -> None:
        """End all that the thread has running."""
        await self.commands.aclose()


def find_local_parts(
    environ: Mapping[str, str],
    *,
    spawner: ProcessSpawner,
    writes: CommandWrites | None,
    guarded: GuardedPaths,
    probe: Callable[[], Awaitable[SandboxProbe]],
    cwd: str,
    proxies: CommandProxies,
) -> LocalParts:
    """Return what this machine has of shells and sandboxes; `probe` is called when a command needs a sandbox."""
    return LocalParts(
        environ=environ,
        spawner=spawner,
        writes=writes,
        guarded=guarded,
        shells=find_shells(_account_shell()),
        probe=probe,
        cwd=cwd,
        proxies=proxies,
    )


def _account_shell() -> str:
    """Return the shell of the user's account. Not `$SHELL`: what starts services and jobs sets that to sh."""
    try:
        return pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        return ""


def _variables(environ: Mapping[str, str], use: ThreadUse, call_id: str) -> dict[str, str]:
    return build_environment(
        environ,
        use.variables,
        thread_id=use.thread_id,
        session_id=use.thread_id,
        tool_call_id=call_id,
        version=PROTOCOL_RELEASE,
    )
