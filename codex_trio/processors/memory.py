"""What is remembered of former threads.

Protocol source: `memory/status|reset`, `thread/memory/read`, release 0.171.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_settings as wire

from codex_trio.files.memories import MemoryFolder
from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_params

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
        self._folder = MemoryFolder(services.codex_home)
        self._loaded = services.threads.loaded

    async def status(self, params: wire.MemoryStatusParams, _context: RequestContext) -> wire.MemoryStatusResponse:
        """Return how many threads memories of the second kind cover: none, for nothing makes any here."""
        wanted = params.min_consolidated_threads
        if wanted is not None and not 1 <= wanted <= _MOST_THREADS:
            raise invalid_params(f"minConsolidatedThreads must be between 1 and {_MOST_THREADS}")
        # Nothing is left to be taken over where nothing is remembered.
        return wire.MemoryStatusResponse(v2_consolidated_threads=0, v2_ready=await self._folder.is_empty())

    async def reset(self, _params: None, _context: RequestContext) -> wire.MemoryResetResponse:
        """Forget everything."""
        try:
            await self._folder.clear()
        except OSError as error:
            raise internal_error(f"failed to clear memories: {error.filename or ''}: {error.strerror}") from error
        return wire.MemoryResetResponse()

    async def read(
        self, params: wire.ThreadMemoryReadParams, _context: RequestContext
    ) -> wire.ThreadMemoryReadResponse:
        """Return the summary that a loaded thread's model is told."""
        live = self._loaded.get(parse_thread_id(params.thread_id))
        summary = await self._folder.summary() if live.config.feature("memories") else None
        return wire.ThreadMemoryReadResponse(summary=summary)
