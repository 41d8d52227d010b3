"""The commands of a thread on a machine elsewhere.

Owns what is asked of the exec-server for a command: its variables, and what confines it. Does not own processes
(processes.py), sessions (execution) or whether a command may run (execpolicy).
"""

from __future__ import annotations

import os
from collections.abc import Callable

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.environments.commands import CommandRequest, HostAccess
from codex_trio.environments.environment import ThreadUse
from codex_trio.environments.errors import EnvironmentUnreachable
from codex_trio.environments.exec_permissions import context_of
from codex_trio.environments.exec_protocol import path_to_wire
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.remote.connection import ExecConnection
from codex_trio.environments.remote.hosts import RemoteHosts
from codex_trio.environments.remote.processes import CannotStart, RemoteRequest
from codex_trio.environments.running import RunningSessions
from codex_trio.execpolicy.programs import Programs, UnknownPrograms, Work
from codex_trio.execution.env import build_environment
from codex_trio.execution.sessions import ExecSession, ExecSessions
from codex_trio.execution.yielding import OnOutput
from codex_trio.sandbox.policy import has_network, hosts_of, outside
from codex_trio.version import PROTOCOL_RELEASE

USUAL_SHELL = "/bin/bash"
"""What commands are run with where the machine does not say."""

_KNOWN_SHELLS = ("bash", "zsh", "sh")
_NO_HOSTS = (
    "the network is limited to hosts, which this exec-server cannot see to (it does not say `networkProxyLaunch`): "
    "update it, work on the app-server's own machine, or choose permissions that close the network or open all of it"
)
_OFFLINE = "CODEX_SANDBOX_NETWORK_DISABLED"


class RemoteCommands(RunningSessions):
    """`sessions` are the thread's."""

    def __init__(self, sessions: ExecSessions, *, connection: ExecConnection, use: ThreadUse) -> None:
        super().__init__(sessions)
        self._connection = connection
        self._use = use

    def shell(self, name: str | None, *, may_write: Callable[[str], bool]) -> str:
        """Return the shell for what a model has called it: the machine's own, or another one by its bare name."""
        del may_write
        facts = self._connection.facts
        usual = USUAL_SHELL if facts is None else facts.shell.path
        wanted = None if name is None else os.path.basename(name)
        if wanted is None or wanted == os.path.basename(usual) or wanted not in _KNOWN_SHELLS:
            return usual
        return f"/bin/{wanted}"

    def programs(self, call_id: str, *, cwd: str, work: Work) -> Programs:
        """Return that nothing is known of the programs there."""
        del call_id
        return UnknownPrograms("", cwd, work)

    async def start(
        self,
        request: CommandRequest,
        place: WorkPlace,
        *,
        group: str,
        on_output: OnOutput,
    ) -> ExecSession:
        """Start a command. Raises SpawnError."""
        try:
            # Afterwards it is known how paths are written there.
            await self._connection.ready()
        except EnvironmentUnreachable as error:
            raise CannotStart(str(error)) from error
        if not request.sandboxed:
            place = WorkPlace(cwd=place.cwd, policy=outside(place.policy))
        wanted = RemoteRequest(
            argv=request.argv,
            cwd=request.cwd,
            env=self._own_variables(request.call_id, place),
            tty=request.tty,
            variables=self._use.variables,
            sandbox=context_of(place, self._written),
            hosts=self._hosts(request.hosts, place),
        )
        return await self._sessions.open(wanted, group=group, on_output=on_output)

    def _hosts(self, access: HostAccess | None, place: WorkPlace) -> RemoteHosts | None:
        """Return what limits a command's hosts; None where nothing does. Raises CannotStart."""
        limits = hosts_of(place.policy)
        if limits is None:
            return None
        facts = self._connection.facts
        if facts is None or not facts.capabilities.network_proxy_launch:
            raise CannotStart(_NO_HOSTS)
        return RemoteHosts(limits, access)

    def _written(self, path: str) -> str:
        return path_to_wire(path, as_uri=self._connection.takes_uris)

    def _own_variables(self, call_id: str, place: WorkPlace) -> dict[str, str]:
        own = build_environment(
            {},
            ShellEnvironmentPolicy(inherit="none"),
            thread_id=self._use.thread_id,
            session_id=self._use.thread_id,
            tool_call_id=call_id,
            version=PROTOCOL_RELEASE,
        )
        return own if has_network(place.policy) else {**own, _OFFLINE: "1"}
