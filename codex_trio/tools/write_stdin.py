"""The `write_stdin` tool: input for a command that still runs, and a look at what it said meanwhile."""

from __future__ import annotations

from typing import Any

import msgspec

from codex_trio.execution.errors import StdinClosed, StdinNotTaken, UnknownSession
from codex_trio.execution.yielding import write_yield_ms
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.command_output import command_output, output_budget
from codex_trio.tools.context import CommandAccess, ToolContext

SPEC: dict[str, Any] = {
    "type": "function",
    "name": "write_stdin",
    "description": "Writes to a command that exec_command left running, and returns what it has said since.",
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {
            "session_id": {"type": "number", "description": "The running command, as exec_command named it."},
            "chars": {
                "type": "string",
                "description": "What to write. Empty or absent: only look. U+0003 alone interrupts any command.",
            },
            "yield_time_ms": {
                "type": "number",
                "description": "How long to wait, in ms. Default 250 after a write, 5000 for a look.",
            },
            "max_output_tokens": {"type": "number", "description": "How much output to return. Default 10000."},
        },
        "required": ["session_id"],
        "additionalProperties": False,
    },
}

STDIN_CLOSED = (
    "write_stdin failed: stdin is closed for this session; rerun exec_command with tty=true to keep stdin open"
)

STDIN_NOT_TAKEN = (
    "write_stdin failed: the command did not take all of this input in time. It may still take what it was sent, so "
    "look at what it says before you write the same again"
)


class WriteStdinArguments(msgspec.Struct):
    """Arguments of `write_stdin`."""

    session_id: float
    chars: str = ""
    yield_time_ms: float | None = None
    max_output_tokens: float | None = None


class WriteStdin:
    """Reaches the processes that outlived their call."""

    spec = SPEC
    parallel = True

    def __init__(self, commands: CommandAccess) -> None:
        self._commands = commands

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = decode_arguments(call.arguments, WriteStdinArguments)
        session_id = int(arguments.session_id)
        command = self._commands.running.get(session_id)
        if command is None or not command.is_of_model:
            raise ToolFailure(f"write_stdin failed: Unknown process id {session_id}")
        command.log.terminal_interaction(command.item.id, str(session_id), arguments.chars)
        try:
            await command.commands.write(session_id, arguments.chars)
        except UnknownSession as error:
            raise ToolFailure(f"write_stdin failed: {error}") from error
        except StdinClosed as error:
            raise ToolFailure(STDIN_CLOSED) from error
        except StdinNotTaken as error:
            raise ToolFailure(STDIN_NOT_TAKEN) from error
        requested = None if arguments.yield_time_ms is None else int(arguments.yield_time_ms)
        collected = await command.commands.collect(
            command.session,
            yield_ms=write_yield_ms(requested, chars=arguments.chars, max_poll_ms=self._commands.settings.max_poll_ms),
        )
        if collected.exit_code is not None:
            await command.finish()
            self._commands.running.end_reported(command)
        return command_output(collected, session_id, output_budget(arguments.max_output_tokens, context))
