"""Running a command that the user typed.

Protocol source: `thread/shellCommand`, release 0.171.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_work as wire

from codex_trio.engine.tasks.shell import UserCommand
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_params, invalid_request
from codex_trio.threads.shell import run_user_command

DEFAULT_TIMEOUT_MS = 60 * 60 * 1000
MAX_COMMAND_BYTES = 128 * 1024
"""What the system takes as one argument."""


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"thread/shellCommand": ShellCommandProcessor(services).run}


class ShellCommandProcessor:
    """See the module."""

    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._gate = services.gate

    async def run(
        self, params: wire.ThreadShellCommandParams, context: RequestContext
    ) -> wire.ThreadShellCommandResponse:
        """Begin with the command: in the turn that runs, else in one of its own."""
        self._gate.check()
        live = self._threads.loaded.get(parse_thread_id(params.thread_id))
        script, timeout = params.command, params.timeout_ms
        if not script.strip():
            raise invalid_request("command must not be empty")
        if "\0" in script:
            raise invalid_params("thread/shellCommand command must not contain null characters")
        size = len(script.encode(errors="surrogateescape"))
        if size >= MAX_COMMAND_BYTES:
            raise invalid_params(
                f"thread/shellCommand command has {size} bytes, and fewer than {MAX_COMMAND_BYTES} can be run; "
                "put it into a file and run that"
            )
        if timeout is not None and timeout < 0:
            raise invalid_params(f"thread/shellCommand timeoutMs must be non-negative, got {timeout}")
        command = UserCommand(script=script, timeout_ms=DEFAULT_TIMEOUT_MS if timeout is None else timeout)
        await run_user_command(live, command, context)
        return wire.ThreadShellCommandResponse()
