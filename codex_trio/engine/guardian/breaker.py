"""When an automatic reviewer has refused so much in a turn that the turn ends. Pure.

Protocol source: the counts of release 0.171.0.
"""

from __future__ import annotations

from collections import deque

CONSECUTIVE = 3
RECENT = 10
WINDOW = 50
"""A turn ends after so many refusals on end, or after so many among so many reviews."""


class Breaker:
    """Counts the reviews of one turn at a time. One that came to no assessment is no refusal."""

    def __init__(self) -> None:
        self._turn_id = ""
        self._consecutive = 0
        self._recent: deque[bool] = deque(maxlen=WINDOW)

    def note(self, turn_id: str, *, refused: bool) -> str | None:
        """Count a review; return why the turn is to end, where it is."""
        if turn_id != self._turn_id:
            self._turn_id = turn_id
            self._consecutive = 0
            self._recent.clear()
        self._recent.append(refused)
        self._consecutive = self._consecutive + 1 if refused else 0
        total = sum(self._recent)
        if not refused or (self._consecutive < CONSECUTIVE and total < RECENT):
            return None
        return (
            f"Automatic approval review rejected too many approval requests for this turn ({self._consecutive} "
            f"consecutive, {total} in the last {WINDOW} reviews); interrupting the turn."
        )
