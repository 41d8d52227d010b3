"""The seam: what an environment is, for all machines, and what a thread has open of it.

Owns the interfaces and the values that pass through them. Does not own an implementation: this machine's is in
`environments/local`. Whoever implements another one implements these, and no tool knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import msgspec
import trio

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.environments.commands import Commands
from codex_trio.environments.files import Files, PatchFiles
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.workspace import WorkspaceState
from codex_trio.execution.groups import RunningProcess
from codex_trio.execution.launch import SpawnRequest
from codex_trio.files.contents import WriteGate
from codex_trio.state.rollout.lines import GitInfo
from codex_trio.util.stoppable_clock import StoppableClock


class EnvironmentDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is told of a place: its shell, and the folders that commands may write, where these are given."""

    shell: str | None
    """None where it is not known: the place cannot be reached now."""
    writable_folders: tuple[str, ...]


class EnvironmentInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a client is told of an environment: the shell of commands, and the folder to begin in, if it has one."""

    shell: str
    cwd: str | None


class EnvironmentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an environment can be used now; `error` says why not. A pending one was not tried yet."""

    kind: Literal["ready", "pending", "disconnected"]
    error: str | None = None


class Repositories(Protocol):
    """The git repositories of an environment."""

    def root(self, folder: Path) -> Path | None:
        """Return the work tree around a folder; None outside of git. Blocking."""
        ...

    def main_root(self, folder: Path) -> Path | None:
        """Return the same, or for a linked worktree the root of its main checkout. Blocking."""
        ...

    async def info(self, place: WorkPlace) -> GitInfo | None:
        """Return the state of the repository that is worked in; None outside of one, or without a git to be asked."""
        ...

    async def workspace(self, place: WorkPlace) -> WorkspaceState | None:
        """Return how the work tree stands just now; None outside of one, or without a git to be asked."""
        ...


class ThreadUse(msgspec.Struct, frozen=True, kw_only=True):
    """For whom an environment is opened, and which variables its commands inherit."""

    thread_id: str
    variables: ShellEnvironmentPolicy
    clock: StoppableClock
    """The clock by which calls wait for commands."""


class OpenEnvironment(Protocol):
    """An environment as one thread has it open, from its first use until the thread is unloaded."""

    @property
    def environment(self) -> Environment:
        """What was opened."""
        ...

    @property
    def commands(self) -> Commands:
        """The commands of the thread."""
        ...

    def note(self, place: WorkPlace) -> None:
        """Take the folders that commands may write from there as they are, before any command can replace them."""
        ...

    def may_write(self, path: str, place: WorkPlace) -> bool:
        """Return whether a sandboxed command could write an absolute path. Blocking. Raises RootChanged."""
        ...

    def writable_folders(self, place: WorkPlace) -> tuple[str, ...]:
        """Return the folders that commands may write, free of symlinks. Blocking. Raises RootChanged."""
        ...

    def writing(self, gate: WriteGate, place: WorkPlace, *, approved: frozenset[str]) -> PatchFiles:
        """Return the files for a patch from a place; `approved` are those that its policy need not let be written."""
        ...

    async def aclose(self) -> None:
        """End all that the thread has running there, in bounded time, whoever is cancelled."""
        ...


@runtime_checkable
class ServerHost(Protocol):
    """An environment, other than this machine, that runs programs which are talked to."""

    async def start_server(self, request: SpawnRequest, *, taken: Sequence[str]) -> RunningProcess:
        """Start a program, outside of any sandbox, with these variables of those that the environment has.

        Without a folder it runs where the environment does. It runs until it is killed. Raises SpawnError.
        """
        ...


class Environment(Protocol):
    """A machine, or a part of one, that threads work in."""

    @property
    def id(self) -> str:
        """What clients call it."""
        ...

    @property
    def files(self) -> Files:
        """Its files."""
        ...

    @property
    def repositories(self) -> Repositories:
        """Its repositories."""
        ...

    async def info(self) -> EnvironmentInfo:
        """Return what a client is told of it. Raises EnvironmentUnreachable."""
        ...

    def status(self) -> EnvironmentStatus:
        """Return whether it can be used, as far as that is known without asking it."""
        ...

    def let_go(self) -> None:
        """Take note that nobody can choose it any more; who uses it goes on."""
        ...

    async def description(self, place: WorkPlace) -> EnvironmentDescription:
        """Return what a model is told of a place in it."""
        ...

    def open(self, use: ThreadUse, nursery: trio.Nursery) -> OpenEnvironment:
        """Open it for a thread; `nursery` is for what runs there until it is closed. Never waits."""
        ...
