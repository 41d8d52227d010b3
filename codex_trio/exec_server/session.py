"""What one client has on an exec-server: its processes, which outlive a connection that was cut.

Owns for how long a client may be away, and that nothing of it is left after that. Does not own connections
(connection.py) or how a process is confined (environments/local).
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Protocol
from uuid import uuid4

import msgspec
import trio

from codex_trio.environments.exec_permissions import UnknownPermissions, place_of
from codex_trio.environments.exec_protocol import (
    NETWORK_DECISION,
    NetworkDecision,
    ProcessStartParams,
    ProcessStartResult,
    path_from_wire,
)
from codex_trio.environments.local.confinement import confined
from codex_trio.environments.local.environment import LocalParts
from codex_trio.environments.place import WorkPlace
from codex_trio.exec_server.errors import internal_error, invalid_params, invalid_request
from codex_trio.exec_server.hosts import decision_of, hosts_of_process
from codex_trio.exec_server.output_log import OutputLog
from codex_trio.exec_server.process import Event, ServedProcess
from codex_trio.execution.env import apply_policy
from codex_trio.execution.errors import SpawnError
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.other_name import under_name
from codex_trio.execution.shells import hand_over, keep_path
from codex_trio.network.judging import Refusal
from codex_trio.sandbox.errors import RootChanged, SandboxUnavailable
from codex_trio.sandbox.policy import is_enforced_here
from codex_trio.sandbox.roots import RootAnchors
from codex_trio.util.bell import Bell

AWAY_SECONDS = 300.0
"""How long a client may be away before its processes are killed."""

MAX_PROCESSES = 256
"""How many may run at once, and of how many it is known how they ended."""

_KILL_SECONDS = 8.0
_LOGIN = "-lc"
_SCRIPT_OPTIONS = ("-c", _LOGIN)
_SCRIPT_WORDS = 3
"""A shell, its option and a script."""

_log = logging.getLogger(__name__)


class EventListener(Protocol):
    """A connection that events are told to."""

    async def notify(self, method: str, params: msgspec.Struct) -> None:
        """Tell; returns when it is written. What cannot be told is dropped: the client reads it when it is back."""
        ...

    def drop(self) -> None:
        """End it: its client has come back on another connection."""
        ...


class ServedSession:
    """`acknowledges` says whether the client tells what output it has seen."""

    def __init__(self, parts: LocalParts, *, acknowledges: bool, away_seconds: float = AWAY_SECONDS) -> None:
        self.id = str(uuid4())
        self.anchors = RootAnchors(parts.guarded)
        self.tmpdir = parts.tmpdir
        self._acknowledges = acknowledges
        self._away_seconds = away_seconds
        self._parts = parts
        self._nursery: trio.Nursery | None = None
        self._owner = parts.spawner.new_owner()
        self._processes: dict[str, ServedProcess] = {}
        self._listener: EventListener | None = None
        self._over = trio.Event()
        self._change = Bell()

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Keep it until its client has been away for too long, or `end` is called; then kill all that runs."""
        try:
            async with trio.open_nursery() as self._nursery:
                self._nursery.start_soon(self._end_when_left)
                task_status.started()
                await self._over.wait()
                self._nursery.cancel_scope.cancel()
        finally:
            self._over.set()
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _KILL_SECONDS):
                await self._parts.spawner.kill_all_of(self._owner)

    @property
    def is_over(self) -> bool:
        """Whether nobody can come back to it."""
        return self._over.is_set()

    def end(self) -> None:
        """Have it end now."""
        self._over.set()

    def attach(self, listener: EventListener) -> None:
        """Tell events to a connection from now on, and no longer to the one before."""
        before, self._listener = self._listener, listener
        if before is not None:
            before.drop()
        self._note_change()

    def detach(self, listener: EventListener) -> None:
        """Tell nobody any more, unless another connection has taken over already."""
        if self._listener is listener:
            self._listener = None
            self._note_change()

    async def _end_when_left(self) -> None:
        while True:
            while self._listener is not None:
                await self._change.wait()
            with trio.move_on_after(self._away_seconds):
                while self._listener is None:
                    await self._change.wait()
            if self._listener is None:
                _log.info("the client of session %s did not come back: what it has running is killed", self.id)
                self._over.set()
                return

    def _note_change(self) -> None:
        self._change.ring()
        for process in self._processes.values():
            process.log.set_attached(attached=self._listener is not None)

    def find(self, process_id: str) -> ServedProcess | None:
        """Return a process that was started, also an ended one; None for an unknown id."""
        return self._processes.get(process_id)

    async def start(self, params: ProcessStartParams) -> ProcessStartResult:
        """Start a process. Raises RequestRefused."""
        self._check_new(params.process_id)
        try:
            request, is_confined = await self._request(params)
            self._check_new(params.process_id)
            self._make_room()
            managed = self._parts.spawner.start(request, owner=self._owner)
        except SpawnError as error:
            data = {"kind": "spawnNotFound"} if isinstance(error.__cause__, FileNotFoundError) else None
            raise internal_error(str(error), data) from error
        log = OutputLog(acknowledged=self._acknowledges)
        log.set_attached(attached=self._listener is not None)
        process = ServedProcess(
            params.process_id,
            managed,
            has_input=request.tty or request.open_stdin,
            is_terminal=request.tty,
            log=log,
        )
        self._processes[process.id] = process
        assert self._nursery is not None
        self._nursery.start_soon(process.run, self._tell)
        sandbox = "linuxSeccomp" if is_confined else "none"
        return ProcessStartResult(process_id=process.id, sandbox_type=sandbox)

    async def terminate(self, process_id: str) -> bool:
        """Kill a process with all that it has started, also what it left running; returns whether it still ran."""
        process = self._processes.get(process_id)
        if process is None:
            return False
        was_running = process.is_running
        await process.kill()
        return was_running

    def _check_new(self, process_id: str) -> None:
        if process_id in self._processes:
            raise invalid_request(f"process {process_id} already exists")
        if self._nursery is None or self.is_over:
            raise invalid_request("the session has ended")

    async def _request(self, params: ProcessStartParams) -> tuple[SpawnRequest, bool]:
        """Return what to start, and whether that is a sandbox. Raises RequestRefused and SpawnError."""
        place, cwd = _checked(params, self.tmpdir)
        request = SpawnRequest(
            argv=tuple(params.argv),
            cwd=cwd,
            env=self._variables(params),
            tty=params.tty,
            open_stdin=params.pipe_stdin,
            merge_output=params.merge_output,
        )
        if params.arg0 is not None and params.arg0 != params.argv[0]:
            request = under_name(request, params.arg0)
        try:
            wanted = await confined(
                request,
                place,
                probe=self._parts.probe,
                anchors=self.anchors,
                tmpdir=self.tmpdir,
                door=partial(self._parts.proxies.door, tell=partial(self._tell_refusal, params.process_id)),
                processes=self._parts.spawner.bounds.processes,
            )
        except (SandboxUnavailable, RootChanged) as error:
            raise internal_error(f"the command cannot be confined: {error}") from error
        if len(params.argv) == _SCRIPT_WORDS and params.argv[1] in _SCRIPT_OPTIONS:
            wanted = hand_over(keep_path(wanted) if params.argv[1] == _LOGIN else wanted)
        return wanted, is_enforced_here(place.policy)

    def _variables(self, params: ProcessStartParams) -> dict[str, str]:
        if params.env_policy is None:
            return params.env
        return apply_policy(self._parts.environ, params.env_policy) | params.env

    async def _tell_refusal(self, process_id: str, refusal: Refusal) -> None:
        await self._tell(NETWORK_DECISION, decision_of(process_id, refusal))

    async def _tell(self, method: str, event: Event | NetworkDecision) -> None:
        if self._listener is not None:
            await self._listener.notify(method, event)

    def _make_room(self) -> None:
        if len(self._processes) < MAX_PROCESSES:
            return
        over = next((known for known, process in self._processes.items() if process.ended.is_set()), None)
        if over is None:
            raise invalid_request(f"{MAX_PROCESSES} processes run already: terminate some of them first")
        del self._processes[over]


def _checked(params: ProcessStartParams, tmpdir: str | None) -> tuple[WorkPlace, str]:
    """Return where a process is to run, and in which folder. Raises RequestRefused for what cannot be done so."""
    if not params.argv:
        raise invalid_params("argv must not be empty")
    hosts = hosts_of_process(params)
    try:
        cwd = path_from_wire(params.cwd)
        return place_of(params.sandbox, cwd, tmpdir=tmpdir, hosts=hosts), cwd
    except ValueError as error:
        raise invalid_params(str(error)) from error
    except UnknownPermissions as error:
        raise invalid_params(f"sandbox: {error}") from error
