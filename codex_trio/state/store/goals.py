"""What threads work towards, turn after turn: what a store of goals promises.

Owns the values, and how tokens are counted so that none is lost or counted twice: a goal says up to which of its
thread's tokens it has been counted. Does not own when a goal is worked on (engine/goals).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, Protocol, TypeAlias

import msgspec

GoalStatus: TypeAlias = Literal["active", "paused", "blocked", "usageLimited", "budgetLimited", "complete"]
"""Whether a goal is worked on, and if not, why; in the protocol's words."""


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A goal and how far it has come. Times are Unix milliseconds.

    `counted_to` is how many tokens its thread had used when those that it uses were counted last; None when the thread
    was not loaded then.
    """

    id: str
    objective: str
    status: GoalStatus
    token_budget: int | None = None
    tokens_used: int = 0
    counted_to: int | None = None
    time_used_ms: int = 0
    created_at_ms: int
    updated_at_ms: int
    is_deferred: bool = False
    """Whether it waits, though it is active, until somebody has said something in its thread."""

    @property
    def remaining(self) -> int | None:
        """How many tokens are left; None without a budget."""
        return None if self.token_budget is None else max(self.token_budget - self.tokens_used, 0)

    @property
    def is_spent(self) -> bool:
        """Whether it has used up its budget."""
        return self.token_budget is not None and self.tokens_used >= self.token_budget


GoalChange: TypeAlias = Callable[[Goal | None], Goal | None]
"""What becomes of a goal, or of there being none. It may be called more than once."""


class GoalStore(Protocol):
    """The goals of all threads, at most one each.

    Raises ThreadStoreError (internal) when what is kept cannot be had, or nothing can be kept.
    """

    @property
    def problem(self) -> str | None:
        """Why goals cannot be kept now; None when they can."""
        ...

    async def get(self, thread_id: str) -> Goal | None:
        """Return a thread's goal."""
        ...

    async def change(self, thread_id: str, change: GoalChange) -> Goal | None:
        """Put another goal in the place of a thread's, or none; the new one. What `change` raises changes nothing."""
        ...

    async def forget(self, thread_ids: Iterable[str]) -> None:
        """Forget the goals of threads that are gone."""
        ...
