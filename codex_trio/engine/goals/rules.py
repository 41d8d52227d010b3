"""What becomes of a goal when somebody changes it, or its thread has used tokens and time.

Owns the rules, which are those of 0.171.0 where clients see them. Does not own when they are applied (keeper.py) or
where goals are kept (the store). Pure.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from codex_trio.domain.ids import uuid7
from codex_trio.state.rollout.events import TokenUsageInfo
from codex_trio.state.store.goals import Goal, GoalStatus
from codex_trio.tools.goals import GoalRefused

MAX_OBJECTIVE = 4000
"""How many characters an objective may have."""


class GoalWish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants a goal to be. None keeps what it is; no budget, which is None too, takes the limit away."""

    objective: str | None = None
    status: GoalStatus | None = None
    token_budget: int | UnsetType | None = UNSET


def checked(wish: GoalWish) -> GoalWish:
    """Return a wish that can be granted, its objective without blanks around it. Raises GoalRefused."""
    budget = wish.token_budget
    if isinstance(budget, int) and budget <= 0:
        raise GoalRefused("goal budgets must be positive when provided")
    if wish.objective is None:
        return wish
    objective = wish.objective.strip()
    if not objective:
        raise GoalRefused("goal objective must not be empty")
    if len(objective) > MAX_OBJECTIVE:
        raise GoalRefused(f"goal objective must be at most {MAX_OBJECTIVE} characters")
    return msgspec.structs.replace(wish, objective=objective)


def granted(goal: Goal | None, wish: GoalWish, *, thread_id: str, spent: int | None, now_ms: int) -> Goal:
    """Return what becomes of a goal by a wish that was checked; `spent` is what its thread has used, where known.

    Raises GoalRefused.
    """
    if goal is None:
        if wish.objective is None:
            raise GoalRefused(f"cannot update goal for thread {thread_id}: no goal exists")
        return begun(wish, spent=spent, now_ms=now_ms)
    was_active = goal.status == "active"
    changed = msgspec.structs.replace(
        goal,
        objective=goal.objective if wish.objective is None else wish.objective,
        token_budget=goal.token_budget if wish.token_budget is UNSET else wish.token_budget,
        status=goal.status if wish.status is None or _is_paid_out_pause(goal, wish) else wish.status,
        is_deferred=goal.is_deferred and wish.status != "active",
        updated_at_ms=now_ms,
    )
    # What was used while it was not worked on is not its own.
    changed = changed if was_active else msgspec.structs.replace(changed, counted_to=spent)
    is_paid_out = changed.is_spent and changed.status in ("active", "paused")
    return msgspec.structs.replace(changed, status="budgetLimited") if is_paid_out else changed


def _is_paid_out_pause(goal: Goal, wish: GoalWish) -> bool:
    """Return whether a goal is to be paused that is not worked on for another reason: that goes before (0.171.0)."""
    return goal.status == "budgetLimited" and wish.status == "paused"


def begun(wish: GoalWish, *, spent: int | None, now_ms: int) -> Goal:
    """Return a new goal, active unless the wish says otherwise; it must name an objective."""
    assert wish.objective is not None
    return Goal(
        id=uuid7(),
        objective=wish.objective,
        status=wish.status or "active",
        token_budget=None if wish.token_budget is UNSET else wish.token_budget,
        counted_to=spent,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
    )


def counted(goal: Goal, *, spent: int, time_ms: int, now_ms: int) -> Goal:
    """Return a goal with all that its thread has used since the last count; one that has used up its budget says so."""
    before = spent if goal.counted_to is None else min(goal.counted_to, spent)
    if spent == before == goal.counted_to and not time_ms:
        return goal
    used = msgspec.structs.replace(
        goal,
        tokens_used=goal.tokens_used + spent - before,
        counted_to=spent,
        time_used_ms=goal.time_used_ms + time_ms,
        updated_at_ms=now_ms,
    )
    is_paid_out = used.is_spent and used.status == "active"
    return msgspec.structs.replace(used, status="budgetLimited") if is_paid_out else used


def spent_tokens(usage: TokenUsageInfo | None) -> int:
    """Return how many tokens of a thread's use count: what was read from a cache does not."""
    if usage is None:
        return 0
    total = usage.total_token_usage
    return max(total.input_tokens - total.cached_input_tokens, 0) + total.output_tokens
