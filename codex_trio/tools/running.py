"""Commands that run, from their start until their item is complete.

Owns the one place where a command's item becomes final, whoever sees its end first: the call that started it, a later
`write_stdin`, the watcher of a command that outlived its call, or an interruption. Does not own the process
(execution/sessions.py). Used by the command tools and by the session.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import trio

from codex_trio.domain.items import CommandExecution, Duration
from codex_trio.execution.sessions import ExecSession, ExecSessions
from codex_trio.tools.log import ItemLog

KILLED_EXIT_CODE = -1
"""What an item shows when the server ended the command (observed in 0.169.0)."""


class RunningCommand:
    """A started command and the item that shows it."""

    def __init__(
        self, *, session: ExecSession, sessions: ExecSessions, item: CommandExecution, log: ItemLog, turn_id: str
    ) -> None:
        self.session = session
        self._sessions = sessions
        self.item = item
        self.log = log
        self.turn_id = turn_id
        self._killed = False
        self._finishing = False
        self._finished = trio.Event()

    async def finish(self) -> None:
        """Waits for the process and completes the item, once; every caller returns after that."""
        await self.session.wait()
        if self._finishing:
            await self._finished.wait()
            return
        self._finishing = True
        try:
            await self.log.completed(self._final_item())
        finally:
            self._finished.set()

    async def kill(self) -> None:
        """Ends the whole process tree and completes the item."""
        if self.session.exit_code is None:
            self._killed = True
        await self._sessions.kill(self.session)
        await self.finish()

    def _final_item(self) -> CommandExecution:
        session = self.session
        code = KILLED_EXIT_CODE if self._killed else session.exit_code
        ended_at = session.started_at if session.ended_at is None else session.ended_at
        return msgspec.structs.replace(
            self.item,
            status="completed" if code == 0 else "failed",
            aggregated_output=session.transcript.text() or None,
            exit_code=code,
            duration=Duration.from_seconds(ended_at - session.started_at),
        )


class RunningCommands:
    """The commands of one thread that have not ended."""

    def __init__(self) -> None:
        self._commands: dict[int, RunningCommand] = {}

    def __iter__(self) -> Iterator[RunningCommand]:
        return iter(list(self._commands.values()))

    def add(self, command: RunningCommand) -> None:
        self._commands[command.session.id] = command

    def remove(self, command: RunningCommand) -> None:
        self._commands.pop(command.session.id, None)

    def get(self, session_id: int) -> RunningCommand | None:
        """The command behind a session id that the model was given; None once it has ended."""
        return self._commands.get(session_id)

    def of_turn(self, turn_id: str) -> list[RunningCommand]:
        """The commands that a turn started and that still run."""
        return [command for command in self._commands.values() if command.turn_id == turn_id]
