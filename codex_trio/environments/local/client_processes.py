"""What one client has running on this machine, outside of any thread.

Owns: the variables that such processes see, the sandbox around those that have one, and that nothing is left of them
when the client goes. Does not own one process (execution/client_process.py) or what clients may ask for (processors).
It is a resource of the client's connection; see `codex_trio.rpc.resources`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.environments.local.confinement import confined
from codex_trio.environments.local.environment import LocalParts
from codex_trio.environments.place import WorkPlace
from codex_trio.execution.env import apply_policy, build_client_environment, with_overrides
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess
from codex_trio.execution.write_notes import note_begin, note_end
from codex_trio.sandbox.errors import RootChanged, SandboxUnavailable
from codex_trio.sandbox.roots import RootAnchors

_log = logging.getLogger(__name__)


class ClientProcesses:
    """The processes of one client: each gets its variables and its sandbox, and is killed when this closes."""

    def __init__(self, parts: LocalParts) -> None:
        self._parts = parts
        self._owner = parts.spawner.new_owner()
        self._anchors = RootAnchors(parts.guarded)

    def variables(
        self, overrides: Mapping[str, str | None] | None, *, policy: ShellEnvironmentPolicy
    ) -> dict[str, str]:
        """Return the server's own environment, as far as `policy` lets it through, with a client's overrides."""
        return with_overrides(apply_policy(self._parts.environ, policy), overrides or {})

    def command_variables(
        self, overrides: Mapping[str, str | None] | None, *, policy: ShellEnvironmentPolicy
    ) -> dict[str, str]:
        """Return the same with what commands are told besides."""
        return build_client_environment(self._parts.environ, policy, overrides or {})

    async def confined(self, request: SpawnRequest, place: WorkPlace) -> SpawnRequest:
        """Return what to start so that a process runs under the policy of a place. Raises SandboxUnavailable."""
        try:
            return await confined(
                request,
                place,
                probe=self._parts.probe,
                anchors=self._anchors,
                tmpdir=self._parts.tmpdir,
                door=self._parts.proxies.door,
                processes=self._parts.spawner.bounds.processes,
            )
        except RootChanged as error:
            raise SandboxUnavailable(
                f"the writable folder `{error.path}` has been replaced since this client first ran a command "
                f"({error.what}); connect anew to work in it"
            ) from error

    @asynccontextmanager
    async def start(self, request: SpawnRequest) -> AsyncGenerator[ManagedProcess]:
        """Provide a running process. Raises SpawnError."""
        await note_begin(self._parts.writes, request)
        try:
            async with self._parts.spawner.start(request, owner=self._owner) as process:
                yield process
        finally:
            await note_end(self._parts.writes, request)

    async def aclose(self) -> None:
        """Kill what they have left running, wherever that went."""
        await self._parts.spawner.kill_all_of(self._owner)
