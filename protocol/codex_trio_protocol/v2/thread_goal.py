"""TODO module thread_goal"""

from typing import Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Int64, Params, Wire

ThreadGoalMutationOrigin: TypeAlias = Literal["user", "automatic"]
"""TODO ThreadGoalMutationOrigin"""


class ThreadGoalClearParams(Params):
    """TODO ThreadGoalClearParams"""

    thread_id: str
    origin: ThreadGoalMutationOrigin | None = None


class ThreadGoalGetParams(Params):
    """TODO ThreadGoalGetParams"""

    thread_id: str


ThreadGoalStatus: TypeAlias = Literal["active", "paused", "blocked", "usageLimited", "budgetLimited", "complete"]
"""TODO ThreadGoalStatus"""


class ThreadGoalSetParams(Params):
    """TODO ThreadGoalSetParams"""

    thread_id: str
    origin: ThreadGoalMutationOrigin | None = None
    objective: str | None = None
    status: ThreadGoalStatus | None = None
    token_budget: Int64 | UnsetType | None = UNSET


class ThreadGoal(Wire):
    """TODO ThreadGoal"""

    thread_id: str
    objective: str
    status: ThreadGoalStatus
    token_budget: Int64 | None = None
    tokens_used: Int64
    time_used_seconds: Int64
    created_at: Int64
    updated_at: Int64


class ThreadGoalClearedNotification(Wire):
    """TODO ThreadGoalClearedNotification"""

    thread_id: str


class ThreadGoalUpdatedNotification(Wire):
    """TODO ThreadGoalUpdatedNotification"""

    thread_id: str
    turn_id: str | None = None
    goal: ThreadGoal


class ThreadGoalClearResponse(Wire):
    """TODO ThreadGoalClearResponse"""

    cleared: bool


class ThreadGoalGetResponse(Wire):
    """TODO ThreadGoalGetResponse"""

    goal: ThreadGoal | None = None


class ThreadGoalSetResponse(Wire):
    """TODO ThreadGoalSetResponse"""

    goal: ThreadGoal
