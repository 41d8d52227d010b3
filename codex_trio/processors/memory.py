"""What is remembered of former threads.

Protocol source: `memory/status|reset`, `thread/memory/read`, release 0.171.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_settings as wire

from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_params
from codex_trio.threads.memories.settings import memory_settings

_MOST_THREADS = 4096


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = MemoryProcessor(services)
    return {
        "memory/status": processor.status,
        "memory/reset": processor.reset,
        "thread/memory/read": processor.read,
    }


class MemoryProcessor:
    def __init__(self, services: Services) -> None:
        self._threads = services.threads

    async def status(self, params: wire.MemoryStatusParams, _context: RequestContext) -> wire.MemoryStatusResponse:
        """Return how many threads the summary covers."""
        wanted = params.min_consolidated_threads
        if wanted is not None and not 1 <= wanted <= _MOST_THREADS:
            raise invalid_params(f"minConsolidatedThreads must be between 1 and {_MOST_THREADS}")
        status = await self._threads.memories.status(wanted=wanted)
        return wire.MemoryStatusResponse(v2_consolidated_threads=status.consolidated, v2_ready=status.is_ready)

    async def reset(self, _params: None, _context: RequestContext) -> wire.MemoryResetResponse:
        """Forget everything."""
        try:
            await self._threads.memories.reset()
        except OSError as error:
            raise internal_error(f"failed to clear memories: {error.filename or ''}: {error.strerror}") from error
        return wire.MemoryResetResponse()

    async def read(
        self, params: wire.ThreadMemoryReadParams, _context: RequestContext
    ) -> wire.ThreadMemoryReadResponse:
        """Return the summary that a loaded thread's model is told."""
        live = self._threads.loaded.get(parse_thread_id(params.thread_id))
        if not memory_settings(live.config).use:
            return wire.ThreadMemoryReadResponse(summary=None)
        try:
            summary = await self._threads.memories.summary()
        except OSError as error:
            raise internal_error(f"failed to read memories: {error.filename or ''}: {error.strerror}") from error
        return wire.ThreadMemoryReadResponse(summary=summary)
