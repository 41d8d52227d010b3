"""What a session reports while it works.

Owns the event types. Does not own their wire form: wire/events.py is the only translator. Emitted by the
engine, received by the thread that the session belongs to. Times are Unix milliseconds unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from codex_trio.domain.approval_reviews import ApprovalReview
from codex_trio.domain.items import Change, TurnItem
from codex_trio.extensions.hooks.hook import Run
from codex_trio.model.errors import ErrorInfo
from codex_trio.state.rollout.events import TokenUsage, TokenUsageInfo
from codex_trio.state.store.goals import Goal
from codex_trio.tools.log import PlanStep

TurnStatus: TypeAlias = Literal["completed", "interrupted", "failed"]


class TurnFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a turn failed, or why a request is being repeated."""

    message: str
    info: ErrorInfo | None
    additional_details: str | None = None


class _Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    turn_id: str


class TurnStarted(_Event, frozen=True, kw_only=True, gc=False):
    """The turn's task runs; `started_at` in Unix seconds."""

    root_turn_id: str
    started_at: int


class TurnEnded(_Event, frozen=True, kw_only=True, gc=False):
    """Nothing more of this turn will come, but for processes that it left running."""

    root_turn_id: str
    status: TurnStatus
    failure: TurnFailure | None
    last_message: TurnItem | None
    last_message_started_ms: int | None
    last_message_completed_ms: int | None
    started_at: int
    completed_at: int
    duration_ms: int
    has_message: bool
    """Whether the model has said something in full, however the turn ended."""
    is_upkeep: bool = False
    """Whether it was work on the thread itself, of which there is nothing to read when it went well."""
    goes_on: bool = False
    """Whether another turn follows by itself, so that there is nothing to read yet."""


class ItemStarted(_Event, frozen=True, kw_only=True, gc=False):
    """An item is under way."""

    item: TurnItem
    started_ms: int


class ItemCompleted(_Event, frozen=True, kw_only=True, gc=False):
    """An item is final, and on disk."""

    item: TurnItem
    started_ms: int
    completed_ms: int


class AgentMessageDelta(_Event, frozen=True, kw_only=True, gc=False):
    """More text of an agent message."""

    item_id: str
    delta: str


class PatchPreviewed(_Event, frozen=True, kw_only=True, gc=False):
    """What a patch that the model is still writing would change, so far; paths are as it writes them."""

    item_id: str
    changes: Mapping[str, Change]


class ToolProgress(_Event, frozen=True, kw_only=True, gc=False):
    """A tool of an MCP server is further along."""

    item_id: str
    message: str


class PlanDelta(_Event, frozen=True, kw_only=True, gc=False):
    """More text of a proposed plan."""

    item_id: str
    delta: str


class ReasoningSummaryPartStarted(_Event, frozen=True, kw_only=True, gc=False):
    """The next summary part of a reasoning item begins."""

    item_id: str
    index: int


class ReasoningSummaryDelta(_Event, frozen=True, kw_only=True, gc=False):
    """More text of a summary part."""

    item_id: str
    delta: str
    index: int


class RawReasoningDelta(_Event, frozen=True, kw_only=True, gc=False):
    """More raw reasoning text."""

    item_id: str
    delta: str
    index: int


class CommandOutput(_Event, frozen=True, kw_only=True, gc=False):
    """More output of a command, stdout and stderr as they came."""

    item_id: str
    delta: str


class TerminalInteraction(_Event, frozen=True, kw_only=True, gc=False):
    """The model wrote to a running command, or looked at it (empty `stdin`)."""

    item_id: str
    process_id: str
    stdin: str


class DiffUpdated(_Event, frozen=True, kw_only=True, gc=False):
    """What the turn's patches have changed so far, as one git-style diff."""

    diff: str


class PlanUpdated(_Event, frozen=True, kw_only=True, gc=False):
    """The model's plan."""

    explanation: str | None
    steps: Sequence[PlanStep]


class TokensUsed(_Event, frozen=True, kw_only=True, gc=False):
    """Token use after a model response."""

    usage: TokenUsageInfo


class RateLimitsChanged(_Event, frozen=True, kw_only=True, gc=False):
    """What the provider said of its limits; None when it said nothing."""

    limits: Any


class ErrorReported(_Event, frozen=True, kw_only=True, gc=False):
    """Something failed; with `will_retry` a request to the model is being repeated, else the turn fails for it."""

    failure: TurnFailure
    will_retry: bool


class ModelRerouted(_Event, frozen=True, kw_only=True, gc=False):
    """The provider lets another model answer than the one that was asked."""

    asked: str
    answers: str


class VerificationWanted(_Event, frozen=True, kw_only=True):
    """The provider asks the user to pass checks, named as clients know them."""

    checks: tuple[str, ...]


class Moderated(_Event, frozen=True, kw_only=True):
    """What the provider's moderation says about the turn."""

    metadata: Any


class LoginRenewed(_Event, frozen=True, kw_only=True, gc=False):
    """A session with the model's provider is being renewed, or was, when `is_done`."""

    provider: str
    message: str
    is_done: bool


class RawResponse(_Event, frozen=True, kw_only=True, gc=False):
    """A response is complete; `reported` is its usage as the provider counts it."""

    response_id: str
    usage: TokenUsage | None
    reported: Any


class ThreadWarning(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the user should know."""

    message: str


class GuardianWarning(msgspec.Struct, frozen=True, kw_only=True):
    """What the user should know of automatic reviews."""

    message: str


class ApprovalReviewed(_Event, frozen=True, kw_only=True, gc=False):
    """An automatic review has begun, or is over."""

    review: ApprovalReview


class HookRan(msgspec.Struct, frozen=True, kw_only=True):
    """A hook has begun, or has ended."""

    turn_id: str
    run: Run


class GoalUpdated(msgspec.Struct, frozen=True, kw_only=True):
    """The thread's goal was set, or has come further in a turn; no turn where none did it."""

    turn_id: str | None
    goal: Goal


class GoalCleared(msgspec.Struct, frozen=True, kw_only=True):
    """The thread has no goal any more."""


class RawItem(_Event, frozen=True, kw_only=True, gc=False):
    """An item that entered the model's history, as the model sees it."""

    item: dict[str, Any]


Event: TypeAlias = (
    TurnStarted
    | TurnEnded
    | ItemStarted
    | ItemCompleted
    | AgentMessageDelta
    | PlanDelta
    | ReasoningSummaryPartStarted
    | ReasoningSummaryDelta
    | RawReasoningDelta
    | CommandOutput
    | TerminalInteraction
    | PatchPreviewed
    | ToolProgress
    | DiffUpdated
    | PlanUpdated
    | TokensUsed
    | RateLimitsChanged
    | ErrorReported
    | ModelRerouted
    | VerificationWanted
    | Moderated
    | LoginRenewed
    | ThreadWarning
    | GuardianWarning
    | ApprovalReviewed
    | HookRan
    | GoalUpdated
    | GoalCleared
    | RawItem
    | RawResponse
)
