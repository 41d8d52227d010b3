"""Goals: what a thread works towards, turn after turn, until it is reached or paid out."""

from typing import Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Int64, OpenWord, Params, Wire

ThreadGoalMutationOrigin: TypeAlias = Literal["user", "automatic"]
"""Whether the user or the program changed a goal."""


class ThreadGoalClearParams(Params):
    """Give a goal up.

    Errors: -32600 for an unknown or ephemeral thread.
    """

    thread_id: str
    origin: ThreadGoalMutationOrigin | None = None
    """Null does not count as the user's word."""


class ThreadGoalGetParams(Params):
    """Read a thread's goal.

    Errors: -32600 for an unknown or ephemeral thread.
    """

    thread_id: str


ThreadGoalStatus: TypeAlias = Literal["active", "paused", "blocked", "usageLimited", "budgetLimited", "complete"]
"""Whether a goal is worked on, and if not, why."""


class ThreadGoalSetParams(Params):
    """Set or change a goal. An active one on an idle thread starts a turn by itself.

    Errors: -32600 for an unknown or ephemeral thread, a blank objective or one of more than 4000 characters, a budget
    below 1, and a change where there is no goal.
    """

    thread_id: str
    origin: ThreadGoalMutationOrigin | None = None
    """Null does not count as the user's word."""
    objective: str | None = None
    """Null keeps it."""
    status: ThreadGoalStatus | None = None
    """Null keeps it."""
    token_budget: Int64 | UnsetType | None = UNSET
    """Null takes the limit away, absence keeps it."""


class ThreadGoal(Wire):
    """A goal and how far it has come. A null budget is no limit. Times are Unix seconds."""

    thread_id: str
    objective: str
    status: OpenWord[ThreadGoalStatus]
    token_budget: Int64 | None = None
    tokens_used: Int64
    time_used_seconds: Int64
    created_at: Int64
    updated_at: Int64


class ThreadGoalClearedNotification(Wire):
    """A thread has no goal any more."""

    thread_id: str


class ThreadGoalUpdatedNotification(Wire):
    """A goal was set, or has progressed in a turn; null when no turn did it."""

    thread_id: str
    turn_id: str | None = None
    goal: ThreadGoal


class ThreadGoalClearResponse(Wire):
    """Whether there was a goal."""

    cleared: bool


class ThreadGoalGetResponse(Wire):
    """The goal; null when there is none."""

    goal: ThreadGoal | None = None


class ThreadGoalSetResponse(Wire):
    """The goal as it is now."""

    goal: ThreadGoal
