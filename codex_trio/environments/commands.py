"""The commands of a thread in an environment, as tools see them.

Owns the interfaces and what a command is asked for with. Does not own processes, sandboxes or sessions: those of this
machine are in `codex_trio.execution` and `codex_trio.sandbox`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import trio

from codex_trio.environments.place import WorkPlace
from codex_trio.execpolicy.programs import Programs, Work
from codex_trio.execpolicy.rules import NetworkRule
from codex_trio.execution.output import HeadTailBuffer
from codex_trio.execution.yielding import Collected, OnOutput
from codex_trio.network.judging import HostJudge


class HostAccess(HostJudge, Protocol):
    """Who decides about the hosts of one command."""

    def rules(self) -> Sequence[NetworkRule]:
        """Return the rules about hosts, as they are at the moment."""
        ...


class CommandRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A shell with a script. `reads_login` says whether it reads its login files first."""

    call_id: str
    """What the command's item is called, which it can tell from its variables."""
    argv: tuple[str, ...]
    reads_login: bool
    cwd: str
    tty: bool
    sandboxed: bool
    """Whether the policy of its place holds for it; otherwise it runs as it is."""
    hosts: HostAccess | None = None
    """Decides about hosts that it wants to reach, where the policy limits these; None lets it reach listed ones."""


class CommandSession(Protocol):
    """A command that was started."""

    @property
    def id(self) -> int:
        """What the model calls it."""
        ...

    @property
    def os_pid(self) -> int:
        """What the system of the environment calls it."""
        ...

    @property
    def finished(self) -> trio.Event:
        """Set when it has ended and its output has been passed on."""
        ...

    @property
    def started_at(self) -> float:
        """On trio's clock."""
        ...

    @property
    def ended_at(self) -> float | None:
        """On trio's clock; None while it runs."""
        ...

    @property
    def exit_code(self) -> int | None:
        """128+n after signal n; None while it runs."""
        ...

    @property
    def killed_because(self) -> str | None:
        """Why it was ended; None for one that ended by itself, or runs."""
        ...

    @property
    def transcript(self) -> HeadTailBuffer:
        """All output so far, until `forget_transcript`."""
        ...

    async def wait(self) -> int:
        """Wait for the end, in this turn or a later one; returns the exit code."""
        ...

    def forget_transcript(self) -> None:
        """Give back the memory of what everybody has seen but for the one who collects."""
        ...


class Commands(Protocol):
    """All commands of one thread in one environment. Its ids are its own."""

    def shell(self, name: str | None, *, may_write: Callable[[str], bool]) -> str:
        """Return the shell for what a model has called it; never one that a command may have written."""
        ...

    def programs(self, call_id: str, *, cwd: str, work: Work) -> Programs:
        """Return what the names in a command of a call lead to."""
        ...

    async def start(
        self,
        request: CommandRequest,
        place: WorkPlace,
        *,
        group: str,
        on_output: OnOutput,
    ) -> CommandSession:
        """Start a command. `group` is for `kill_group`.

        Raises SpawnError, SandboxUnavailable.
        """
        ...

    async def collect(self, session: CommandSession, *, yield_ms: int) -> Collected:
        """Wait until a command has ended, at most `yield_ms`, and take what is new. An ended one is then forgotten."""
        ...

    async def write(self, session_id: int, chars: str) -> None:
        """Send input. Raises UnknownSession, StdinClosed when the command takes none, and StdinNotTaken."""
        ...

    def has(self, session_id: int) -> bool:
        """Return whether a command runs, or has ended and was not collected."""
        ...

    async def kill(self, session: CommandSession, *, because: str) -> None:
        """End a command with all that it has started, and wait for its end. It can still be collected."""
        ...

    async def kill_group(self, group: str, *, because: str) -> None:
        """The same for all commands of a group at once, and for what ended ones have left running."""
        ...

    def forget_group(self, group: str) -> None:
        """Let the commands of a group be like all others."""
        ...
