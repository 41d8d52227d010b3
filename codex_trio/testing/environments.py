"""An environment that is not on this machine: files in memory, and commands that say what a test has them say.

For tests of whatever works in an environment. What works here touches nothing of the machine that the test runs on.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import trio

from codex_trio.environments.commands import CommandRequest, CommandSession
from codex_trio.environments.environment import EnvironmentDescription, EnvironmentInfo, EnvironmentStatus, ThreadUse
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.workspace import WorkspaceState
from codex_trio.execpolicy.programs import Programs, Work
from codex_trio.execution.errors import StdinClosed, UnknownSession
from codex_trio.execution.output import HeadTailBuffer
from codex_trio.execution.yielding import Collected, OnOutput
from codex_trio.files.contents import Contents, NotWritable, WriteGate
from codex_trio.sandbox.policy import DangerFullAccess, ExternalSandbox, WorkspaceWrite
from codex_trio.sandbox.roots import is_within
from codex_trio.state.rollout.lines import GitInfo
from codex_trio.util.regular_file import FileTooLarge, check_regular

SHELL = "/bin/sh"


class MemoryFiles:
    """Files by their paths; every folder of theirs is there too. Without links."""

    def __init__(self, contents: Mapping[str, bytes] | None = None) -> None:
        self.contents = dict(contents or {})

    async def read(self, path: str, *, limit: int) -> bytes:
        """Return all bytes of a file. Raises OSError."""
        await trio.lowlevel.checkpoint()
        files = self.blocking()
        check_regular(files.status(path), path)
        if len(self.contents[path]) > limit:
            raise FileTooLarge(errno.EFBIG, f"is larger than {limit} bytes", path)
        return self.contents[path]

    def blocking(self, gate: WriteGate | None = None) -> MemoryPatchFiles:
        """Return the same files, as patches see them."""
        return MemoryPatchFiles(self.contents, gate)


class MemoryPatchFiles:
    def __init__(self, contents: dict[str, bytes], gate: WriteGate | None) -> None:
        self._contents = contents
        self._gate = gate

    def status(self, path: str) -> os.stat_result:
        """Return what is at `path`. Raises OSError."""
        content = self._contents.get(path)
        if content is None and not any(is_within(known, path) for known in self._contents):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        mode = stat.S_IFDIR if content is None else stat.S_IFREG
        return os.stat_result((mode, 0, 0, 1, 0, 0, len(content or b""), 0, 0, 0))

    def is_link(self, path: str) -> bool:
        """There are none."""
        del path
        return False

    def leads_to(self, path: str) -> str:
        """Return the path itself."""
        return os.path.normpath(path)

    def entry_of(self, path: str) -> str:
        """Return the path itself."""
        return os.path.normpath(path)

    def read_start(self, path: str, *, limit: int) -> bytes:
        """Return the first bytes of a file. Raises OSError."""
        check_regular(self.status(path), path)
        return self._contents[path][:limit]

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; None when nothing is there. Raises OSError."""
        try:
            check_regular(self.status(path), path)
        except FileNotFoundError:
            return None
        return self._contents[path]

    def peek(self, path: str) -> Contents:
        """Return the same."""
        return self.read(path)

    def peek_entry(self, path: str) -> Contents:
        """Return the same."""
        return self.read(path)

    def write(self, path: str, content: bytes) -> None:
        """Give a file, perhaps a new one, this content. Raises OSError."""
        self._check(path)
        self.read(path)
        self._contents[path] = content

    def move(self, path: str, target: str, content: bytes, *, changed: bool) -> None:
        """Rename a file and give it this content. Raises OSError."""
        del changed
        self._check(path)
        self.write(target, content)
        if path != target:
            del self._contents[path]

    def delete(self, path: str) -> None:
        """Remove a file. Raises OSError."""
        self._check(path)
        check_regular(self.status(path), path)
        del self._contents[path]

    def _check(self, path: str) -> None:
        if self._gate is not None and not self._gate.admits(path):
            raise NotWritable(errno.EPERM, "it may not be written", path)


class ScriptedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What a command does: what it says at once, and how it ends; with None it runs until it is killed."""

    output: str = ""
    exit_code: int | None = 0


class ScriptedSession:
    """A command that was started."""

    os_pid = 4711

    def __init__(self, session_id: int, request: CommandRequest, group: str) -> None:
        self.id = session_id
        self.request = request
        self.group = group
        self.typed: list[str] = []
        self.finished = trio.Event()
        self.started_at = trio.current_time()
        self.ended_at: float | None = None
        self.exit_code: int | None = None
        self.killed_because: str | None = None
        self.transcript = HeadTailBuffer()
        self.unread = ""

    async def wait(self) -> int:
        """Wait for the end."""
        await self.finished.wait()
        assert self.exit_code is not None
        return self.exit_code

    def forget_transcript(self) -> None:
        """Give it back."""
        self.transcript = HeadTailBuffer()

    def say(self, text: str) -> None:
        """Put out a text."""
        self.transcript.append(text.encode())
        self.unread += text

    def end(self, exit_code: int, *, because: str | None = None) -> None:
        """End it, once."""
        if not self.finished.is_set():
            self.exit_code, self.killed_because = exit_code, because
            self.ended_at = trio.current_time()
            self.finished.set()


class ScriptedCommands:
    """The commands of one thread. Each new one does what `script` says of its request."""

    def __init__(self, script: Callable[[CommandRequest], ScriptedCommand]) -> None:
        self._script = script
        self.started: list[ScriptedSession] = []
        self.places: list[WorkPlace] = []
        self.is_closed = False

    def shell(self, name: str | None, *, may_write: Callable[[str], bool]) -> str:
        """There is one."""
        del name, may_write
        return SHELL

    def programs(self, call_id: str, *, cwd: str, work: Work) -> Programs:
        """No program is known."""
        del call_id
        return Programs("", cwd, work)

    async def start(
        self,
        request: CommandRequest,
        place: WorkPlace,
        *,
        group: str,
        on_output: OnOutput,
    ) -> ScriptedSession:
        """Start a command."""
        does = self._script(request)
        session = ScriptedSession(1000 + len(self.started), request, group)
        self.started.append(session)
        self.places.append(place)
        if does.output:
            session.say(does.output)
            await on_output(does.output)
        if does.exit_code is not None:
            session.end(does.exit_code)
        return session

    async def collect(self, session: CommandSession, *, yield_ms: int) -> Collected:
        """Take what is new; who waits for a command that runs waits no longer than that takes."""
        del yield_ms
        await trio.lowlevel.checkpoint()
        own = self._get(session.id)
        unread, own.unread = own.unread, ""
        is_over = own.finished.is_set()
        return Collected(
            output=unread, exit_code=own.exit_code, session_id=None if is_over else own.id, wall_seconds=0.0
        )

    async def write(self, session_id: int, chars: str) -> None:
        """Note what is typed."""
        await trio.lowlevel.checkpoint()
        session = self._get(session_id)
        if chars and not session.request.tty:
            raise StdinClosed
        session.typed += [chars] if chars else []

    def has(self, session_id: int) -> bool:
        """Return whether it was started."""
        return any(session.id == session_id for session in self.started)

    async def kill(self, session: CommandSession, *, because: str) -> None:
        """End a command."""
        await trio.lowlevel.checkpoint()
        self._get(session.id).end(137, because=because)

    async def kill_group(self, group: str, *, because: str) -> None:
        """End all of a group."""
        await trio.lowlevel.checkpoint()
        for session in self.started:
            if session.group == group:
                session.end(137, because=because)

    def forget_group(self, group: str) -> None:
        """Let them be like all others."""
        for session in self.started:
            if session.group == group:
                session.group = ""

    def _get(self, session_id: int) -> ScriptedSession:
        for session in self.started:
            if session.id == session_id:
                return session
        raise UnknownSession(session_id)


class NoRepositories:
    """Nothing is under version control."""

    def root(self, folder: Path) -> Path | None:
        """Find none."""
        del folder

    def main_root(self, folder: Path) -> Path | None:
        """Find none."""
        del folder

    async def info(self, place: WorkPlace) -> GitInfo | None:
        """Find none."""
        del place
        await trio.lowlevel.checkpoint()

    async def workspace(self, place: WorkPlace) -> WorkspaceState | None:
        """Find none."""
        del place
        await trio.lowlevel.checkpoint()


class MemoryEnvironment:
    """What threads have open of it is in `opened`."""

    def __init__(
        self,
        environment_id: str,
        contents: Mapping[str, bytes] | None = None,
        *,
        script: Callable[[CommandRequest], ScriptedCommand] = lambda _: ScriptedCommand(),
    ) -> None:
        self.id = environment_id
        self.files = MemoryFiles(contents)
        self.repositories = NoRepositories()
        self.opened: list[OpenMemoryEnvironment] = []
        self.was_let_go = False
        self._script = script

    async def info(self) -> EnvironmentInfo:
        """Return what a client is told of it."""
        await trio.lowlevel.checkpoint()
        return EnvironmentInfo(shell=SHELL, cwd="/")

    def let_go(self) -> None:
        """Take note of it."""
        self.was_let_go = True

    def status(self) -> EnvironmentStatus:
        """It is always there."""
        return EnvironmentStatus(kind="ready")

    async def description(self, place: WorkPlace) -> EnvironmentDescription:
        """Return what a model is told of a place in it."""
        await trio.lowlevel.checkpoint()
        return EnvironmentDescription(shell=SHELL, writable_folders=writable_folders(place))

    def open(self, use: ThreadUse, nursery: trio.Nursery) -> OpenMemoryEnvironment:
        """Open it for a thread."""
        del use, nursery
        self.opened.append(OpenMemoryEnvironment(self, ScriptedCommands(self._script)))
        return self.opened[-1]


class OpenMemoryEnvironment:
    """A memory environment as one thread has it open."""

    def __init__(self, environment: MemoryEnvironment, commands: ScriptedCommands) -> None:
        self.environment = environment
        self.commands = commands
        self.noted: list[WorkPlace] = []

    def note(self, place: WorkPlace) -> None:
        """Note that it was told."""
        self.noted.append(place)

    def may_write(self, path: str, place: WorkPlace) -> bool:
        """Return whether a path lies where the policy lets commands write."""
        if isinstance(place.policy, DangerFullAccess | ExternalSandbox):
            return True
        return any(is_within(path, folder) for folder in self.writable_folders(place))

    def writable_folders(self, place: WorkPlace) -> tuple[str, ...]:
        """Return the folders of the policy."""
        return writable_folders(place)

    def writing(self, gate: WriteGate, place: WorkPlace, *, approved: frozenset[str]) -> MemoryPatchFiles:
        """Return the files for a patch."""
        del place, approved
        return self.environment.files.blocking(gate)

    async def aclose(self) -> None:
        """End all that runs."""
        for session in self.commands.started:
            session.end(137, because="its thread was closed")
        self.commands.is_closed = True
        await trio.lowlevel.checkpoint()


def writable_folders(place: WorkPlace) -> tuple[str, ...]:
    """Return the folders that a policy names."""
    policy = place.policy
    if not isinstance(policy, WorkspaceWrite):
        return ()
    return (*((place.cwd,) if policy.workspace_roots is None else policy.workspace_roots), *policy.writable_roots)
