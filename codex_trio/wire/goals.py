"""Goals in the protocol's form."""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_goal as wire

from codex_trio.state.store.goals import Goal


def goal_to_wire(thread_id: str, goal: Goal) -> wire.ThreadGoal:
    """Return a thread's goal as clients see it."""
    return wire.ThreadGoal(
        thread_id=thread_id,
        objective=goal.objective,
        status=goal.status,
        token_budget=goal.token_budget,
        tokens_used=goal.tokens_used,
        time_used_seconds=goal.time_used_ms // 1000,
        created_at=goal.created_at_ms // 1000,
        updated_at=goal.updated_at_ms // 1000,
    )
