"""Commands that a thread left running: listing and ending them.

Protocol source: `thread/backgroundTerminals/list|clean|terminate`, release 0.169.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_work as wire

from codex_trio.execpolicy.bash import shell_script
from codex_trio.execpolicy.words import join
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.tools.running import ENDED_BY_CLIENT, RunningCommands
from codex_trio.wire.items import path_of

DEFAULT_LIMIT = 25


def handlers(services: WorkServices) -> dict[str, Handler]:
    """The handlers of this module."""
    processor = BackgroundTerminalsProcessor(services)
    return {
        "thread/backgroundTerminals/list": processor.list,
        "thread/backgroundTerminals/clean": processor.clean,
        "thread/backgroundTerminals/terminate": processor.terminate,
    }


class BackgroundTerminalsProcessor:
    """See the module."""

    def __init__(self, services: WorkServices) -> None:
        self._runtime = services.threads

    async def list(
        self, params: wire.ThreadBackgroundTerminalsListParams, _context: RequestContext
    ) -> wire.ThreadBackgroundTerminalsListResponse:
        """The running commands, oldest first; the cursor is the place of the next one."""
        commands = sorted(await self._running(params.thread_id), key=lambda command: command.session.started_at)
        try:
            start = int(params.cursor or 0)
        except ValueError as error:
            raise invalid_request(f"invalid cursor: {params.cursor}") from error
        end = start + max(1, DEFAULT_LIMIT if params.limit is None else params.limit)
        return wire.ThreadBackgroundTerminalsListResponse(
            data=[
                wire.ThreadBackgroundTerminal(
                    item_id=command.item.id,
                    process_id=str(command.session.id),
                    command=shell_script(command.item.command) or join(command.item.command),
                    cwd=path_of(command.item.cwd),
                    os_pid=command.session.process.pid,
                )
                for command in commands[start:end]
            ],
            next_cursor=str(end) if end < len(commands) else None,
        )

    async def clean(
        self, params: wire.ThreadBackgroundTerminalsCleanParams, context: RequestContext
    ) -> wire.ThreadBackgroundTerminalsCleanResponse:
        """Ends all of them."""
        running = await self._running(params.thread_id)
        for command in running:
            await running.kill(command, because=ENDED_BY_CLIENT)
        return wire.ThreadBackgroundTerminalsCleanResponse()

    async def terminate(
        self, params: wire.ThreadBackgroundTerminalsTerminateParams, _context: RequestContext
    ) -> wire.ThreadBackgroundTerminalsTerminateResponse:
        """Ends one; false when it does not run any more."""
        running = await self._running(params.thread_id)
        command = running.get(int(params.process_id)) if params.process_id.isdecimal() else None
        if command is None or not command.is_running:
            return wire.ThreadBackgroundTerminalsTerminateResponse(terminated=False)
        await running.kill(command, because=ENDED_BY_CLIENT)
        return wire.ThreadBackgroundTerminalsTerminateResponse(terminated=True)

    async def _running(self, thread_id: str) -> RunningCommands:
        runtime = self._runtime
        return runtime.loaded.get(parse_thread_id(thread_id)).session.running
