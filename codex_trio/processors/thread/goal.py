"""What a thread works towards.

Protocol source: `thread/goal/*`, release 0.171.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_goal as wire

from codex_trio.engine.goals.rules import GoalWish
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.wire.goals import goal_to_wire


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadGoalProcessor(services)
    return {
        "thread/goal/set": processor.set,
        "thread/goal/get": processor.get,
        "thread/goal/clear": processor.clear,
    }


class ThreadGoalProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads

    async def set(self, params: wire.ThreadGoalSetParams, context: RequestContext) -> wire.ThreadGoalSetResponse:
        """Set a goal, or change one. Work on it begins after the answer, if the thread is loaded and free."""
        thread_id = parse_thread_id(params.thread_id)
        wish = GoalWish(objective=params.objective, status=params.status, token_budget=params.token_budget)
        goal = await self._threads.goals.set(thread_id, wish)
        context.when_answered(lambda: self._threads.queues.wake(thread_id))
        return wire.ThreadGoalSetResponse(goal=goal_to_wire(thread_id, goal))

    async def get(self, params: wire.ThreadGoalGetParams, _context: RequestContext) -> wire.ThreadGoalGetResponse:
        """Return a goal."""
        thread_id = parse_thread_id(params.thread_id)
        goal = await self._threads.goals.get(thread_id)
        return wire.ThreadGoalGetResponse(goal=None if goal is None else goal_to_wire(thread_id, goal))

    async def clear(self, params: wire.ThreadGoalClearParams, _context: RequestContext) -> wire.ThreadGoalClearResponse:
        """Give a goal up; a turn that works on it goes on to its end."""
        return wire.ThreadGoalClearResponse(cleared=await self._threads.goals.clear(parse_thread_id(params.thread_id)))
