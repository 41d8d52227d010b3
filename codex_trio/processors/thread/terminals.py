"""Commands that a thread left running: listing and ending them.

Protocol source: `thread/backgroundTerminals/list|clean|terminate`, release 0.169.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_work as wire

from codex_trio.execpolicy.bash import shell_script
from codex_trio.execpolicy.words import shown
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.threads.live import LiveThread
from codex_trio.util.paging import page_size
from codex_trio.util.visible import with_unseen
from codex_trio.wire.items import path_of


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = BackgroundTerminalsProcessor(services)
    return {
        "thread/backgroundTerminals/list": processor.list,
        "thread/backgroundTerminals/clean": processor.clean,
        "thread/backgroundTerminals/terminate": processor.terminate,
    }


class BackgroundTerminalsProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads

    async def list(
        self, params: wire.ThreadBackgroundTerminalsListParams, _context: RequestContext
    ) -> wire.ThreadBackgroundTerminalsListResponse:
        """Return the running commands, oldest first; the cursor is the place of the next one."""
        commands = self._live(params.thread_id).background_commands
        try:
            start = int(params.cursor or 0)
        except ValueError as error:
            raise invalid_request(f"invalid cursor: {params.cursor}") from error
        end = start + page_size(params.limit, most=None)
        return wire.ThreadBackgroundTerminalsListResponse(
            data=[
                wire.ThreadBackgroundTerminal(
                    item_id=command.item.id,
                    process_id=str(command.process_id),
                    command=with_unseen(shell_script(command.item.command) or "") or shown(command.item.command),
                    cwd=path_of(command.item.cwd),
                    os_pid=command.os_pid,
                )
                for command in commands[start:end]
            ],
            next_cursor=str(end) if end < len(commands) else None,
        )

    async def clean(
        self, params: wire.ThreadBackgroundTerminalsCleanParams, context: RequestContext
    ) -> wire.ThreadBackgroundTerminalsCleanResponse:
        """End all of them."""
        await self._live(params.thread_id).end_commands()
        return wire.ThreadBackgroundTerminalsCleanResponse()

    async def terminate(
        self, params: wire.ThreadBackgroundTerminalsTerminateParams, _context: RequestContext
    ) -> wire.ThreadBackgroundTerminalsTerminateResponse:
        """End one; false when it does not run any more."""
        live = self._live(params.thread_id)
        is_number = params.process_id.isdecimal()
        terminated = is_number and await live.end_command(int(params.process_id))
        return wire.ThreadBackgroundTerminalsTerminateResponse(terminated=terminated)

    def _live(self, thread_id: str) -> LiveThread:
        return self._threads.loaded.get(parse_thread_id(thread_id))
