"""Commands that run, from their start until their item is complete and the model knows how they ended.

Owns the one place where a command's item becomes final, whoever sees its end first: the call that started it, a later
`write_stdin`, the watcher of a command that outlived its call, or an interruption. Does not own the process, which is
its environment's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import msgspec
import trio

from codex_trio.domain.items import CommandExecution, Duration
from codex_trio.environments.commands import Commands, CommandSession
from codex_trio.tools.log import ItemLog

_log = logging.getLogger(__name__)

KILLED_EXIT_CODE = -1
"""What an item shows when the server ended the command (observed in 0.169.0)."""

STOP_SECONDS = 10.0
"""How long a command that was killed may take to be gone. Its item is complete then, whatever became of it."""

INTERRUPTED = "the turn was interrupted"
ENDED_BY_CLIENT = "the client has ended it"


class RunningCommand:
    """A started command and the item that shows it."""

    def __init__(
        self, *, commands: Commands, session: CommandSession, item: CommandExecution, log: ItemLog, turn_id: str
    ) -> None:
        self.commands = commands
        """Those of the environment that it runs in."""
        self.session = session
        self.item = item
        self.log = log
        self.turn_id = turn_id
        self._completing = trio.Lock()
        self._is_complete = False

    @property
    def is_running(self) -> bool:
        """Whether its end has yet to be noticed."""
        return not self.session.finished.is_set()

    @property
    def is_complete(self) -> bool:
        """Whether its item is final."""
        return self._is_complete

    @property
    def is_of_model(self) -> bool:
        """Whether the model has started it, and may reach it."""
        return self.item.source != "user_shell"

    async def finish(self) -> None:
        """Wait for the process and complete the item. Raises RolloutWriteError when that cannot be stored."""
        await self.session.wait()
        await self.complete()

    async def complete(self) -> None:
        """Make the item final, once. Raises RolloutWriteError when that cannot be stored."""
        # Shielded: the command has ended, whoever stops waiting for it now.
        with trio.CancelScope(shield=True):
            async with self._completing:
                if not self._is_complete:
                    final = self._final_item()
                    await self.log.completed(final)
                    self.item, self._is_complete = final, True
                    self.session.forget_transcript()

    def _final_item(self) -> CommandExecution:
        session = self.session
        code = session.exit_code if session.killed_because is None else KILLED_EXIT_CODE
        ended_at = trio.current_time() if session.ended_at is None else session.ended_at
        return msgspec.structs.replace(
            self.item,
            status="completed" if code == 0 else "failed",
            aggregated_output=session.transcript.text() or None,
            exit_code=code,
            duration=Duration.from_seconds(ended_at - session.started_at),
        )


class RunningCommands:
    """The commands of one thread: those that run, and those whose end the model has yet to be told.

    `everywhere` gives the commands of each environment that the thread has open.
    """

    def __init__(self, everywhere: Callable[[], Iterable[Commands]]) -> None:
        self._everywhere = everywhere
        self._commands: dict[int, RunningCommand] = {}

    def __iter__(self) -> Iterator[RunningCommand]:
        """Yield those that run."""
        return iter([command for command in self._commands.values() if command.is_running])

    def add(self, command: RunningCommand) -> None:
        """Note a command that has just been started."""
        for session_id in [known for known, other in self._commands.items() if not other.commands.has(known)]:
            del self._commands[session_id]
        self._commands[command.session.id] = command

    def end_reported(self, command: RunningCommand) -> None:
        """Note that the model knows how a command ended."""
        if self._commands.get(command.session.id) is command:
            del self._commands[command.session.id]

    def get(self, session_id: int) -> RunningCommand | None:
        """Return the command behind a session id that the model was given; None once it was told of the end."""
        return self._commands.get(session_id)

    async def kill(self, command: RunningCommand, *, because: str) -> None:
        """End a command's whole process tree and complete its item.

        Raises RolloutWriteError when that cannot be stored.
        """
        with trio.move_on_after(STOP_SECONDS) as waiting:
            await command.commands.kill(command.session, because=because)
        if waiting.cancelled_caught:
            _cannot_be_ended(command)
        await command.complete()

    async def stop_turn(self, turn_id: str, *, because: str) -> list[RunningCommand]:
        """End all that a turn has started, what its commands have left in the background too.

        That is as far as it can be: a process may be stuck in a disk that does not answer. Returns the commands that
        are to be completed.
        """
        mine = [command for command in self._commands.values() if command.turn_id == turn_id]
        commands = [command for command in mine if not command.is_complete]
        with trio.move_on_after(STOP_SECONDS) as waiting:
            async with trio.open_nursery() as nursery:
                for there in self._everywhere():
                    nursery.start_soon(partial(there.kill_group, turn_id, because=because))
        if waiting.cancelled_caught:
            for command in commands:
                if command.is_running:
                    _cannot_be_ended(command)
        return commands

    def turn_ended(self, turn_id: str) -> None:
        """Leave what an ended turn has left running to its thread."""
        for there in self._everywhere():
            there.forget_group(turn_id)


def _cannot_be_ended(command: RunningCommand) -> None:
    _log.error("the command %s cannot be ended: %s", command.item.id, command.item.command)
