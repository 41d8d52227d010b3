"""A machine behind an exec-server as an environment, and as a thread has it open.

Owns the wiring of connection, files and commands. Does not own any of them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import trio

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.environments.environment import (
    EnvironmentDescription,
    EnvironmentInfo,
    EnvironmentStatus,
    ThreadUse,
)
from codex_trio.environments.errors import EnvironmentUnreachable
from codex_trio.environments.exec_protocol import EnvironmentFacts, path_from_wire
from codex_trio.environments.news import ConnectionChange, ConnectionNews
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.remote.channel import OpenChannel
from codex_trio.environments.remote.commands import USUAL_SHELL, RemoteCommands
from codex_trio.environments.remote.connection import ExecConnection, ServerRefused
from codex_trio.environments.remote.files import RemoteFiles, RemotePatchFiles
from codex_trio.environments.remote.processes import (
    CannotStart,
    RemoteGroup,
    RemoteProcess,
    RemoteProcesses,
    RemoteRequest,
)
from codex_trio.environments.targets import RemoteTarget
from codex_trio.environments.workspace import WorkspaceState
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.sessions import ExecSessions
from codex_trio.files.contents import WriteGate
from codex_trio.sandbox.policy import ReadOnly, WorkspaceWrite
from codex_trio.sandbox.protected import PROTECTED_NAMES, SETTINGS_FOLDER
from codex_trio.sandbox.roots import is_within
from codex_trio.state.rollout.lines import GitInfo


class RemoteEnvironment:
    """Connected when something of it is needed, or `connection.dial` asks for it ahead. `nursery` hosts the connection;
    `news` tells of it.
    """

    def __init__(
        self, target: RemoteTarget, open_channel: OpenChannel, nursery: trio.Nursery, *, news: ConnectionNews
    ) -> None:
        self.id = target.id
        self._news = news
        self.processes = RemoteProcesses(nursery, told=self._tell)
        self.connection = ExecConnection(target, open_channel, nursery, self.processes)
        self.processes.use(self.connection)
        self.files = RemoteFiles(self.connection)
        self.repositories = RemoteRepositories(self.files)

    async def info(self) -> EnvironmentInfo:
        """Return what a client is told of it. Raises EnvironmentUnreachable."""
        await self.connection.ready()
        facts = self.connection.facts
        if facts is None:
            try:
                facts = await self.connection.request("environment/info", None, EnvironmentFacts)
            except ServerRefused as error:
                raise EnvironmentUnreachable(f"the exec-server does not say: {error.message}") from error
        try:
            cwd = None if facts.cwd is None else path_from_wire(facts.cwd)
        except ValueError as error:
            raise EnvironmentUnreachable(f"what the exec-server says makes no sense: {error}") from error
        return EnvironmentInfo(shell=facts.shell.path, cwd=cwd)

    async def start_server(self, request: SpawnRequest, *, taken: Sequence[str]) -> RemoteProcess:
        """Start a program there that is talked to. Raises SpawnError."""
        try:
            await self.connection.ready()
        except EnvironmentUnreachable as error:
            raise CannotStart(str(error)) from error
        facts = self.connection.facts
        usual = "/" if facts is None or facts.cwd is None else path_from_wire(facts.cwd)
        wanted = RemoteRequest(
            argv=request.argv,
            cwd=os.path.join(usual, request.cwd),
            env=request.env,
            open_stdin=True,
            merge_output=False,
            variables=ShellEnvironmentPolicy(include_only=tuple(taken)),
            sandbox=None,
        )
        return await RemoteGroup(self.processes).start(wanted)

    def _tell(self, *, is_connected: bool) -> None:
        self._news.tell(ConnectionChange(environment_id=self.id, is_connected=is_connected))

    def let_go(self) -> None:
        """Close a connection that was only tried ahead."""
        self.connection.close_unused()

    def status(self) -> EnvironmentStatus:
        """Return whether it can be reached, as far as that is known."""
        return self.connection.status

    async def description(self, place: WorkPlace) -> EnvironmentDescription:
        """Return what a model is told of a place in it."""
        shell = None
        try:
            await self.connection.ready()
            facts = self.connection.facts
            shell = USUAL_SHELL if facts is None else facts.shell.path
        except EnvironmentUnreachable:
            # The model is told so by what it tries to do there.
            await trio.lowlevel.checkpoint()
        return EnvironmentDescription(shell=shell, writable_folders=writable_folders(place, self.tmpdir))

    @property
    def tmpdir(self) -> str | None:
        """The `$TMPDIR` there, as far as it is known."""
        facts = self.connection.facts
        return None if facts is None or facts.temp_dir is None else path_from_wire(facts.temp_dir)

    def open(self, use: ThreadUse, nursery: trio.Nursery) -> OpenRemoteEnvironment:
        """Open it for a thread."""
        return OpenRemoteEnvironment(self, use, nursery)


class OpenRemoteEnvironment:
    def __init__(self, environment: RemoteEnvironment, use: ThreadUse, nursery: trio.Nursery) -> None:
        self.environment = environment
        group = RemoteGroup(environment.processes)
        self.commands = RemoteCommands(
            ExecSessions(group, nursery, None, use.clock), connection=environment.connection, use=use
        )
        self._files = environment.files.blocking()
        self._canonical = cache(self._files.leads_to)

    def note(self, place: WorkPlace) -> None:
        """Leave it to the exec-server, which takes the folders as they are when it is first told of them."""

    def may_write(self, path: str, place: WorkPlace) -> bool:
        """Return whether a sandboxed command could write a path, as far as its name says: the exec-server sees to the
        rest. Blocking.
        """
        policy = place.policy
        if not isinstance(policy, WorkspaceWrite):
            return not isinstance(policy, ReadOnly)
        folders = writable_folders(place, self.environment.tmpdir)
        if _is_open(path, folders):
            return True
        try:
            return _is_open(path, tuple(map(self._canonical, folders)))
        except OSError:
            return False

    def writable_folders(self, place: WorkPlace) -> tuple[str, ...]:
        """Return the folders that commands may write."""
        return writable_folders(place, self.environment.tmpdir)

    def writing(self, gate: WriteGate, place: WorkPlace, *, approved: frozenset[str]) -> RemotePatchFiles:
        """Return the files for a patch."""
        return self.environment.files.writing(gate, place, approved)

    async def aclose(self) -> None:
        """End all that the thread has running."""
        await self.commands.aclose()


class RemoteRepositories:
    """The git repositories there. Their state is not asked for: nothing runs there but what the model wants."""

    def __init__(self, files: RemoteFiles) -> None:
        self._files = files.blocking()

    def root(self, folder: Path) -> Path | None:
        """Return the work tree around a folder. Blocking."""
        try:
            return next((each for each in (folder, *folder.parents) if self._is_there(each / ".git")), None)
        except OSError:
            return None

    def _is_there(self, path: Path) -> bool:
        try:
            mode = self._files.status(str(path)).st_mode
        except FileNotFoundError:
            return False
        return stat.S_ISDIR(mode) or stat.S_ISREG(mode)

    def main_root(self, folder: Path) -> Path | None:
        """Return the same."""
        return self.root(folder)

    async def info(self, place: WorkPlace) -> GitInfo | None:
        """Return that it is not known."""
        del place
        await trio.lowlevel.checkpoint()

    async def workspace(self, place: WorkPlace) -> WorkspaceState | None:
        """Return that it is not known."""
        del place
        await trio.lowlevel.checkpoint()


def writable_folders(place: WorkPlace, tmpdir: str | None) -> tuple[str, ...]:
    """Return the folders that the policy of a place names."""
    policy = place.policy
    if not isinstance(policy, WorkspaceWrite):
        return ()
    folders = [*((place.cwd,) if policy.workspace_roots is None else policy.workspace_roots), *policy.writable_roots]
    if not policy.exclude_slash_tmp:
        folders.append("/tmp")
    if tmpdir is not None and not policy.exclude_tmpdir_env_var:
        folders.append(tmpdir)
    return tuple(dict.fromkeys(os.path.normpath(os.path.join(place.cwd, folder)) for folder in folders))


def _is_open(path: str, folders: tuple[str, ...]) -> bool:
    """Return whether a path lies in one of the folders, and not where these are protected."""
    path = os.path.normpath(path)
    inside = [os.path.relpath(path, folder).split(os.sep) for folder in folders if is_within(path, folder)]
    return bool(inside) and not any(words[0] in PROTECTED_NAMES or SETTINGS_FOLDER in words for words in inside)
