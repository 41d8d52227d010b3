"""Commands that run, from their start until their item is complete.

Owns the one place where a command's item becomes final, whoever sees its end first: the call that started it, a later
`write_stdin`, the watcher of a command that outlived its call, or an interruption. Does not own the process
(execution/sessions.py). Used by the command tools and by the session.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import msgspec
import trio

from codex_trio.domain.items import CommandExecution, Duration
from codex_trio.execution.sessions import ExecSession, ExecSessions
from codex_trio.tools.log import ItemLog

_log = logging.getLogger(__name__)

KILLED_EXIT_CODE = -1
"""What an item shows when the server ended the command (observed in 0.169.0)."""

STOP_SECONDS = 10.0
"""How long a command that was killed may take to be gone. Its item is complete then, whatever became of it."""


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
        self._completing = trio.Lock()
        self._is_complete = False

    async def finish(self) -> None:
        """Wait for the process and complete the item. Raises RolloutWriteError when that cannot be stored."""
        await self.session.wait()
        await self.complete()

    async def kill(self) -> None:
        """End the whole process tree and complete the item. Raises RolloutWriteError when that cannot be stored."""
        await self.stop()
        await self.complete()

    async def stop(self) -> None:
        """End the whole process tree, as far as that can be: a process may be stuck in a disk that does not answer."""
        if self.session.exit_code is None:
            self._killed = True
        with trio.move_on_after(STOP_SECONDS) as waiting:
            await self._sessions.kill(self.session)
        if waiting.cancelled_caught:
            _log.error("the command %s cannot be ended: %s", self.item.id, self.item.command)

    async def complete(self) -> None:
        """Make the item final, once. Raises RolloutWriteError when that cannot be stored."""
        async with self._completing:
            if not self._is_complete:
                await self.log.completed(self._final_item())
                self._is_complete = True

    def _final_item(self) -> CommandExecution:
        session = self.session
        code = KILLED_EXIT_CODE if self._killed else session.exit_code
        ended_at = trio.current_time() if session.ended_at is None else session.ended_at
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
