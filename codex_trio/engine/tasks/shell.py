"""A command that a user runs in a thread by hand: unasked, and the model reads how it went.

It runs outside of the sandbox, unless an administrator lets nothing do so.

Owns the command's item and what the model is told. While a turn runs the command belongs to it; otherwise it is a turn
of its own. Does not own processes (environments) or which of the two it is (threads/shell.py).
"""

from __future__ import annotations

from functools import partial

import msgspec
import trio

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import CommandExecution, Duration
from codex_trio.engine.history import message_item
from codex_trio.engine.item_log import TurnLog
from codex_trio.engine.sampling import Sampler
from codex_trio.engine.session.task import Task
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.tasks.turn import Turn
from codex_trio.engine.turn_request import Remark, TurnRequest, UserInput
from codex_trio.environments.commands import CommandRequest
from codex_trio.execution.errors import SpawnError
from codex_trio.sandbox.errors import SandboxUnavailable
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.tools.running import KILLED_EXIT_CODE, RunningCommand
from codex_trio.tools.truncate import fit


class UserCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What the user wants to be run, and for how long at most."""

    script: str
    timeout_ms: int


class UserCommandRun:
    """One run of it, in a turn that has an environment."""

    def __init__(self, context: TaskContext, log: TurnLog, command: UserCommand) -> None:
        self._context = context
        self._log = log
        self._command = command
        self._running: RunningCommand | None = None
        self._failed: CommandExecution | None = None

    async def start(self) -> None:
        """Start it and show it; if it cannot be started, that is how it went."""
        environment, commands = self._context.environments()[0], self._context.commands
        login = "-lc" if commands.settings.allow_login else "-c"
        argv = [environment.shell(None), login, self._command.script]
        item = CommandExecution(
            id=uuid7(),
            command=argv,
            cwd=environment.cwd.as_uri(),
            parsed_cmd=await trio.to_thread.run_sync(commands.policy.parse, argv),
            source="user_shell",
            status="in_progress",
        )
        request = CommandRequest(
            call_id=item.id,
            argv=tuple(argv),
            reads_login=commands.settings.allow_login,
            cwd=str(environment.cwd),
            tty=False,
            sandboxed=self._context.confines_users,
        )
        self._log.started(item)
        try:
            session = await environment.start(
                request,
                group=self._log.turn_id,
                on_output=partial(self._log.output_delta, item.id),
            )
        except (SpawnError, SandboxUnavailable) as error:
            await self._fail(item, f"The command could not be started: {error}")
            return
        except trio.Cancelled:
            with trio.CancelScope(shield=True):
                await self._fail(item, "The command was stopped before it began.")
            raise
        self._running = RunningCommand(
            commands=environment.commands, session=session, item=item, log=self._log, turn_id=self._log.turn_id
        )
        commands.running.add(self._running)

    async def _fail(self, item: CommandExecution, reason: str) -> None:
        nothing = Duration.from_seconds(0)
        self._failed = msgspec.structs.replace(
            item, status="failed", aggregated_output=reason, exit_code=KILLED_EXIT_CODE, duration=nothing
        )
        await self._log.completed(self._failed)

    async def finish(self) -> None:
        """Wait for its end, or bring that about when it takes too long. Raises RolloutWriteError."""
        command = self._running
        if command is None:
            return
        with trio.move_on_after(self._command.timeout_ms / 1000) as waiting:
            await command.session.wait()
        if waiting.cancelled_caught:
            await self._context.running.kill(command, because=f"it ran for {self._command.timeout_ms} milliseconds")
        await command.complete()
        await command.commands.collect(command.session, yield_ms=0)
        self._context.running.end_reported(command)

    @property
    def report(self) -> str | None:
        """What the model is told of it; None before it has ended."""
        item = self._failed
        if self._running is not None and self._running.is_complete:
            item = self._running.item
        if item is None:
            return None
        assert item.duration is not None
        seconds = item.duration.secs + item.duration.nanos / 1e9
        output = fit(item.aggregated_output or "", max_tokens=self._context.model.tool_output_token_limit)
        return (
            f"<user_shell_command>\n<command>\n{self._command.script}\n</command>\n"
            f"<result>\nExit code: {item.exit_code}\nDuration: {seconds:.4f} seconds\nOutput:\n{output}\n</result>\n"
            "</user_shell_command>"
        )


class ShellTurn(Turn):
    """A turn that is a user's command. What is said to it meanwhile the model answers when the command has ended."""

    is_upkeep = True

    def __init__(self, context: TaskContext, turn_id: str, command: UserCommand) -> None:
        super().__init__(context, TurnRequest(turn_id=turn_id, input=UserInput(content=[])))
        self._inbox.clear()
        self._run = UserCommandRun(context, self._log, command)

    async def _do(self) -> None:
        await self._context.memory.store([self._started_line(), *self._context.settings_news()])
        self.stored.set()
        self._tell_start(())
        await self._run.start()
        await self._run.finish()
        await self._report()
        while self._inbox and isinstance(self._inbox[0].given, Remark):
            await self._take_up(self._inbox.popleft())
        if self._inbox:
            await self._answer()
        self.accepts_input = False

    async def _report(self) -> None:
        report = self._run.report
        if report is not None:
            await self._log.history(message_item("user", [report], item_id=uuid7()))

    async def _answer(self) -> None:
        """Have the model answer what was said meanwhile."""
        context = self._context
        surroundings = await context.context_items()
        await context.memory.store([*surroundings, *context.settings_lines(self.id, root_turn_id=self.root_id)])
        self._log.show_raw(*surroundings)
        self._sampler = Sampler(context, self._log, stop=self.stop)
        await self._loop()

    async def _wind_up(self) -> None:
        if self._sampler is None:
            await self._report()
        await super()._wind_up()


async def begin_in_turn(context: TaskContext, turn: Task, command: UserCommand, answered: trio.Event) -> None:
    """Run a command as part of a turn that is under way, once its client has the answer; it may outlive the turn."""
    run = UserCommandRun(context, context.log(turn.id), command)
    context.commands.run_in_background(partial(_run_in_turn, run, context, answered))


async def _run_in_turn(run: UserCommandRun, context: TaskContext, answered: trio.Event) -> None:
    await answered.wait()
    try:
        await run.start()
        # Shielded: when the thread is closed all its commands end, and that is to be stored as well.
        with trio.CancelScope(shield=True):
            await run.finish()
            report = run.report
            if report is not None:
                await context.remark(message_item("user", [report], item_id=uuid7()))
    except RolloutWriteError as error:
        context.warnings.tell(f"How a command went could not be stored: {error}")
