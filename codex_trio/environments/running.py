"""What is asked of a thread's commands once they run: the same wherever that is.

Owns the verbs of `Commands` about sessions. Does not own starting them (`local`, `remote`) or the sessions (execution).
"""

from __future__ import annotations

from codex_trio.environments.commands import CommandSession
from codex_trio.execution.sessions import ExecSession, ExecSessions
from codex_trio.execution.yielding import Collected


class RunningSessions:
    """`sessions` are the thread's."""

    def __init__(self, sessions: ExecSessions) -> None:
        self._sessions = sessions

    async def collect(self, session: CommandSession, *, yield_ms: int) -> Collected:
        """Wait until a command has ended, at most `yield_ms`, and take what is new. An ended one is then forgotten."""
        return await self._sessions.collect(_own(session), yield_ms=yield_ms)

    async def write(self, session_id: int, chars: str) -> None:
        """Send input. Raises UnknownSession, StdinClosed, StdinNotTaken."""
        await self._sessions.write(session_id, chars)

    def has(self, session_id: int) -> bool:
        """Return whether a command runs, or has ended and was not collected."""
        return self._sessions.has(session_id)

    async def kill(self, session: CommandSession, *, because: str) -> None:
        """End a command with all that it has started, and wait for its end."""
        await self._sessions.kill(_own(session), because=because)

    async def kill_group(self, group: str, *, because: str) -> None:
        """The same for all commands of a group at once, and for what ended ones have left running."""
        await self._sessions.kill_group(group, because=because)

    def forget_group(self, group: str) -> None:
        """Let the commands of a group be like all others."""
        self._sessions.forget_group(group)

    async def aclose(self) -> None:
        """Leave nothing behind."""
        await self._sessions.aclose()


def _own(session: CommandSession) -> ExecSession:
    assert isinstance(session, ExecSession)
    return session
