"""The environments of one thread: opened when they are first used, closed together."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from codex_trio.environments.commands import Commands
from codex_trio.environments.environment import EnvironmentDescription, OpenEnvironment, ThreadUse
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.selection import EnvironmentSelection
from codex_trio.environments.turn import TurnEnvironment


class ThreadEnvironments:
    """Made by `open_thread_environments`."""

    def __init__(self, manager: EnvironmentManager, use: ThreadUse, nursery: trio.Nursery) -> None:
        self._manager = manager
        self._use = use
        self._nursery = nursery
        self._opened: dict[str, OpenEnvironment] = {}

    def commands(self) -> list[Commands]:
        """Return the commands in each environment that the thread has open."""
        return [opened.commands for opened in self._opened.values()]

    def note(self, environment_id: str, place: WorkPlace) -> None:
        """Take the folders that commands may write as they are now. Raises UnusableEnvironment."""
        self._open(environment_id).note(place)

    def for_turn(self, environment_id: str, place: WorkPlace) -> TurnEnvironment:
        """Return an environment as a turn works in it. Raises UnusableEnvironment."""
        return TurnEnvironment(environment_id, self._open(environment_id), place)

    async def description(self, selections: Sequence[EnvironmentSelection], place: WorkPlace) -> EnvironmentDescription:
        """Return what a model is told of where the thread works. Raises UnusableEnvironment."""
        return await self._manager.first(selections).description(place)

    async def shell(self, environment_id: str, place: WorkPlace) -> str | None:
        """Return the name of the shell of an environment; None where that is not known now."""
        shell = (await self._manager.get(environment_id).description(place)).shell
        return None if shell is None else os.path.basename(shell)

    def root(self, selections: Sequence[EnvironmentSelection], folder: Path) -> str:
        """Return the work tree around a folder where the thread works, else the folder. Blocking."""
        return str(self._manager.first(selections).repositories.root(folder) or folder)

    def _open(self, environment_id: str) -> OpenEnvironment:
        opened = self._opened.get(environment_id)
        if opened is None:
            opened = self._manager.get(environment_id).open(self._use, self._nursery)
            self._opened[environment_id] = opened
        return opened

    async def aclose(self) -> None:
        """End all that the thread has running."""
        async with trio.open_nursery() as nursery:
            for opened in self._opened.values():
                nursery.start_soon(opened.aclose)


@asynccontextmanager
async def open_thread_environments(manager: EnvironmentManager, use: ThreadUse) -> AsyncGenerator[ThreadEnvironments]:
    """Provide the environments of a thread; when this ends, nothing of the thread runs in them."""
    async with trio.open_nursery() as nursery:
        environments = ThreadEnvironments(manager, use, nursery)
        try:
            yield environments
        finally:
            await environments.aclose()
