"""What whoever runs commands needs of processes, whichever machine these run on: to start them, and to end all of them.

Owns the interfaces, and those processes of this machine that belong together. Does not own one process (`processes`) or
how its descendants are found (`spawner`).
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

import trio

from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess
from codex_trio.execution.spawner import ProcessOwner, ProcessSpawner


class Output(Protocol):
    """What a process writes. One task reads at a time."""

    async def receive(self) -> bytes:
        """Return the next bytes; empty at the end."""
        ...

    def has_data(self) -> bool:
        """Return whether `receive` would return at once."""
        ...


class RunningProcess(Protocol):
    """A started process; see `processes.ManagedProcess`, whose words these are."""

    @property
    def pid(self) -> int:
        """What its system calls it."""
        ...

    @property
    def stdout(self) -> Output:
        """Its output."""
        ...

    @property
    def stderr(self) -> Output | None:
        """The rest of it, unless that is merged."""
        ...

    @property
    def exit_code(self) -> int | None:
        """128+n after signal n; None while it runs."""
        ...

    @property
    def ended_because(self) -> str | None:
        """Why the server ended it by itself; None where it did not."""
        ...

    async def wait(self) -> int:
        """Wait for the process itself to end."""
        ...

    async def keep_absent(self) -> None:
        """Set aside, for as long as the process is open, what appears where nothing may stand."""
        ...

    async def write(self, data: bytes) -> None:
        """Send input, waiting while the process does not read. Raises `StdinClosed`."""
        ...

    async def interrupt(self) -> None:
        """Send SIGINT, as a terminal does."""
        ...

    async def kill(self) -> None:
        """Kill it with all that it has started; returns when these are gone."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class ProcessGroup(Protocol):
    """Processes that belong together."""

    def inner(self) -> ProcessGroup:
        """Return a group whose processes also belong to this one."""
        ...

    async def start(self, request: SpawnRequest) -> RunningProcess:
        """Start a process, which the caller must close. Raises `SpawnError`."""
        ...

    async def kill_all(self) -> None:
        """Kill every process of the group, with all that those have left behind."""
        ...


class LocalGroup:
    """Processes of this machine."""

    def __init__(self, spawner: ProcessSpawner, owner: ProcessOwner | None = None) -> None:
        self._spawner = spawner
        self._owner = owner or spawner.new_owner()

    def inner(self) -> LocalGroup:
        """Return a group whose processes also belong to this one."""
        return LocalGroup(self._spawner, self._spawner.new_owner(self._owner))

    async def start(self, request: SpawnRequest) -> ManagedProcess:
        """Start a process. Never waits."""
        # No checkpoint behind it: a process that nobody knows of would be lost.
        await trio.lowlevel.checkpoint_if_cancelled()
        return self._spawner.start(request, owner=self._owner)

    async def kill_all(self) -> None:
        """Kill every process of the group, with all that those have left behind."""
        await self._spawner.kill_all_of(self._owner)
