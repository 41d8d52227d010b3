"""Summing up a thread's history to make room.

Protocol source: `thread/compact/start`, release 0.171.0.
"""

from __future__ import annotations

from functools import partial

from codex_trio_protocol.v2 import thread_work as wire

from codex_trio.domain.ids import uuid7
from codex_trio.engine.tasks.compact import Compaction
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"thread/compact/start": CompactionProcessor(services).start}


class CompactionProcessor:
    """Starts the summing up, as a turn of the thread that clients can see and stop."""

    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._gate = services.gate

    async def start(
        self, params: wire.ThreadCompactStartParams, context: RequestContext
    ) -> wire.ThreadCompactStartResponse:
        """Start summing up, as a turn of its own. A turn that runs is stopped for it (0.171.0)."""
        self._gate.check()
        live = self._threads.loaded.get(parse_thread_id(params.thread_id))
        await live.replace_turn(partial(Compaction, turn_id=uuid7()), context)
        return wire.ThreadCompactStartResponse()
