"""Asking the user before something runs.

Owns the questions, the answers and what was accepted for the session. Does not own how a client is asked: the thread
layer implements `Approver`.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol

import msgspec

from codex_trio.domain.items import ParsedCommand


class ReviewOutcome(enum.Enum):
    """What became of a question to the user."""

    ACCEPTED = "accepted"
    ACCEPTED_FOR_SESSION = "accepted_for_session"
    ACCEPTED_WITH_AMENDMENT = "accepted_with_amendment"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    """Declined, and the turn is to end."""
    FAILED = "failed"
    """The client answered with an error or with something that is no decision: nothing may run."""


class ReviewDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question.

    `amendment` is the command prefix to allow from now on. `reason` is what the model is told of a refusal.
    """

    outcome: ReviewOutcome
    amendment: list[str] | None = None
    reason: str = "rejected by user"

    @property
    def accepted(self) -> bool:
        """Whether what was asked about may run."""
        return self.outcome in (
            ReviewOutcome.ACCEPTED,
            ReviewOutcome.ACCEPTED_FOR_SESSION,
            ReviewOutcome.ACCEPTED_WITH_AMENDMENT,
        )


class CommandQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """May this command run? `started_ms` is when its item was shown (Unix milliseconds)."""

    turn_id: str
    item_id: str
    started_ms: int
    command: list[str]
    cwd: str
    environment_id: str
    parsed_cmd: list[ParsedCommand]
    reason: str | None
    proposed_amendment: list[str] | None


class PatchQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """May this patch be applied?"""

    turn_id: str
    item_id: str
    started_ms: int
    reason: str | None = None
    grant_root: str | None = None


class Approver(Protocol):
    """Asks the user. ApprovalFlow knows in which order."""

    def hold(self, item_id: str) -> None:
        """Have the thread wait for an answer about this item from now on."""
        ...

    async def ask_command(self, question: CommandQuestion) -> ReviewDecision:
        """Ask about a command."""
        ...

    async def ask_patch(self, question: PatchQuestion) -> ReviewDecision:
        """Ask about a patch."""
        ...

    def release(self, item_id: str) -> None:
        """Have the thread wait for this item's answer no longer."""
        ...


class SessionApprovals:
    """What the user accepted for the rest of the session: exact commands and exact files."""

    def __init__(self) -> None:
        self._commands: set[tuple[str, ...]] = set()
        self._paths: set[str] = set()

    def allow_command(self, key: tuple[str, ...]) -> None:
        self._commands.add(key)

    def allows_command(self, key: tuple[str, ...]) -> bool:
        return key in self._commands

    def allow_paths(self, paths: Sequence[str]) -> None:
        self._paths.update(paths)

    def allows_paths(self, paths: Sequence[str]) -> bool:
        return bool(paths) and self._paths.issuperset(paths)
