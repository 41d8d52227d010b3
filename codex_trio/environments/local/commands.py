"""The commands of a thread on this machine.

Owns what is started for a command: its variables, the sandbox around it, its script as the shell can take it. Does not
own processes (execution), what a sandbox is made of (sandbox) or whether a command may run (execpolicy).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from codex_trio.environments.commands import CommandRequest, HostAccess
from codex_trio.environments.local.confinement import confined
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.running import RunningSessions
from codex_trio.execpolicy.programs import Programs, Work
from codex_trio.execution.launch import Door, SpawnRequest
from codex_trio.execution.sessions import ExecSession, ExecSessions
from codex_trio.execution.shells import Shells, hand_over, keep_path
from codex_trio.execution.yielding import OnOutput
from codex_trio.network.notices import HostNotices
from codex_trio.network.proxies import CommandProxies
from codex_trio.sandbox.policy import HostLimits, outside
from codex_trio.sandbox.probe import SandboxProbe
from codex_trio.sandbox.roots import RootAnchors


class LocalCommands(RunningSessions):
    """The commands of one thread on this machine.

    Args:
        sessions: the thread's.
        shells: those of this machine.
        probe: what can confine a command here.
        variables: what a command sees of the environment, by call id.
        anchors: the folders that the thread may write, as they were when it began.
        tmpdir: the `$TMPDIR` that commands see.
        proxies: gives commands their way out where that leads to some hosts only.
        processes: how many each may have.
    """

    def __init__(
        self,
        sessions: ExecSessions,
        *,
        shells: Shells,
        probe: Callable[[], Awaitable[SandboxProbe]],
        variables: Callable[[str], Mapping[str, str]],
        anchors: RootAnchors,
        tmpdir: str | None,
        proxies: CommandProxies,
        processes: int | None = None,
    ) -> None:
        super().__init__(sessions)
        self._shells = shells
        self._probe = probe
        self._variables = variables
        self._anchors = anchors
        self._tmpdir = tmpdir
        self._proxies = proxies
        self._processes = processes

    def shell(self, name: str | None, *, may_write: Callable[[str], bool]) -> str:
        """Return the shell for what a model has called it; never one that a command may have written."""
        return self._shells.named(name, may_write=may_write)

    def programs(self, call_id: str, *, cwd: str, work: Work) -> Programs:
        """Return what the names in a command of a call lead to."""
        return Programs(self._variables(call_id).get("PATH", ""), cwd, work)

    async def start(
        self,
        request: CommandRequest,
        place: WorkPlace,
        *,
        group: str,
        on_output: OnOutput,
    ) -> ExecSession:
        """Start a command. Raises SpawnError, SandboxUnavailable."""
        notices = HostNotices()
        wanted = await self._spawn_request(request, place, partial(self._door, request.hosts, notices))
        wanted = hand_over(keep_path(wanted) if request.reads_login else wanted)
        session = await self._sessions.open(wanted, group=group, on_output=on_output)
        notices.tell_with(session.say)
        return session

    def _door(self, access: HostAccess | None, notices: HostNotices, hosts: HostLimits) -> Door:
        rules = tuple if access is None else access.rules
        return self._proxies.door(hosts, rules=rules, judge=access, tell=notices.add)

    async def _spawn_request(
        self, request: CommandRequest, place: WorkPlace, door: Callable[[HostLimits], Door]
    ) -> SpawnRequest:
        """Return what to start: the command itself, or the sandbox around it."""
        bare = SpawnRequest(argv=request.argv, cwd=request.cwd, env=self._variables(request.call_id), tty=request.tty)
        if not request.sandboxed:
            place = WorkPlace(cwd=place.cwd, policy=outside(place.policy))
        return await confined(
            bare,
            place,
            probe=self._probe,
            anchors=self._anchors,
            tmpdir=self._tmpdir,
            door=door,
            processes=self._processes,
        )
