"""Having a provider read beforehand what every request of a thread begins with, where it is talked to on a websocket.

Owns the request for that. Does not own which threads do it (`threads.hosting`), or the connection (`model.client`).

Protocol source: the request of kind `prewarm` that 0.171.0 sends when a thread is started or resumed.
"""

from __future__ import annotations

from functools import partial

from codex_trio.engine.history import ModelHistory
from codex_trio.engine.request import RequestOrigin, build_request
from codex_trio.engine.session.session import Session
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.settings import TurnOverrides
from codex_trio.model.errors import ModelError


async def prewarm(session: Session) -> None:
    """Open the thread's websocket and send what comes before its history, unless a task is about to do that.

    The first request then sends the rest alone. What goes wrong is for that one to tell.
    """
    await session.beside(partial(_prewarm, session), TurnOverrides())


async def _prewarm(session: Session, context: TaskContext) -> None:
    try:
        client = context.client()
    except ModelError:
        return
    if not client.can_prewarm(context.thread_id):
        return
    # With other tools than the first request has it would be of no use.
    await context.tools_settled()
    if session.active is None:
        origin = RequestOrigin(kind="prewarm", turn_id="", root_turn_id="")
        await client.prewarm(build_request(context, origin, tools=context.tools().specs, history=ModelHistory()))
