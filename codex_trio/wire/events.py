"""From engine events to wire notifications: the only translator.

Owns the method and params of every notification that a turn causes. Does not own who receives it (threads/live.py).
Items are translated by wire/items.py, so that what is streamed is what is read back.
"""

from __future__ import annotations

import msgspec
from codex_trio_protocol import decoding
from codex_trio_protocol.v2 import account_limits, item_events, notice, thread_goal, turn, turn_events
from codex_trio_protocol.v2.guardian import GuardianWarningNotification

from codex_trio.engine import events
from codex_trio.engine.events import TurnFailure
from codex_trio.model.limits import RateLimitSnapshot, RateLimitWindow
from codex_trio.state.rollout.events import TokenUsage, TokenUsageInfo
from codex_trio.wire.goals import goal_to_wire
from codex_trio.wire.guardian import review_notice
from codex_trio.wire.hooks import hook_notice
from codex_trio.wire.items import project_changes, project_item

Projected = tuple[str, msgspec.Struct]

_STEP_STATUS = {"pending": "pending", "in_progress": "inProgress", "completed": "completed"}


def project(thread_id: str, event: events.Event) -> Projected | None:
    """Method and params of the notification for an event; None for events that clients do not hear of as such."""
    match event:
        case events.HookRan():
            return hook_notice(thread_id, event.turn_id, event.run)
        case events.AgentMessageDelta():
            return "item/agentMessage/delta", item_events.AgentMessageDeltaNotification(
                thread_id=thread_id, turn_id=event.turn_id, item_id=event.item_id, delta=event.delta
            )
        case events.CommandOutput():
            return "item/commandExecution/outputDelta", item_events.CommandExecutionOutputDeltaNotification(
                thread_id=thread_id, turn_id=event.turn_id, item_id=event.item_id, delta=event.delta
            )
        case events.ReasoningSummaryDelta():
            return "item/reasoning/summaryTextDelta", item_events.ReasoningSummaryTextDeltaNotification(
                thread_id=thread_id,
                turn_id=event.turn_id,
                item_id=event.item_id,
                delta=event.delta,
                summary_index=event.index,
            )
        case events.RawReasoningDelta():
            return "item/reasoning/textDelta", item_events.ReasoningTextDeltaNotification(
                thread_id=thread_id,
                turn_id=event.turn_id,
                item_id=event.item_id,
                delta=event.delta,
                content_index=event.index,
            )
        case events.ReasoningSummaryPartStarted():
            return "item/reasoning/summaryPartAdded", item_events.ReasoningSummaryPartAddedNotification(
                thread_id=thread_id, turn_id=event.turn_id, item_id=event.item_id, summary_index=event.index
            )
        case events.ItemStarted():
            return "item/started", item_events.ItemStartedNotification(
                item=project_item(event.item, started_ms=event.started_ms, completed_ms=None),
                thread_id=thread_id,
                turn_id=event.turn_id,
                started_at_ms=event.started_ms,
            )
        case events.ItemCompleted():
            return "item/completed", item_events.ItemCompletedNotification(
                item=project_item(event.item, started_ms=event.started_ms, completed_ms=event.completed_ms),
                thread_id=thread_id,
                turn_id=event.turn_id,
                completed_at_ms=event.completed_ms,
            )
        case _:
            return _project_rare(thread_id, event)


def _of_item(thread_id: str, event: events.PlanDelta | events.PatchPreviewed | events.TerminalInteraction) -> Projected:
    """Return what is told of an item while it is under way."""
    match event:
        case events.PlanDelta():
            return "item/plan/delta", item_events.PlanDeltaNotification(
                thread_id=thread_id, turn_id=event.turn_id, item_id=event.item_id, delta=event.delta
            )
        case events.PatchPreviewed():
            return "item/fileChange/patchUpdated", item_events.FileChangePatchUpdatedNotification(
                thread_id=thread_id,
                turn_id=event.turn_id,
                item_id=event.item_id,
                changes=project_changes(event.changes),
            )
        case events.TerminalInteraction():
            return "item/commandExecution/terminalInteraction", item_events.TerminalInteractionNotification(
                thread_id=thread_id,
                turn_id=event.turn_id,
                item_id=event.item_id,
                process_id=event.process_id,
                stdin=event.stdin,
            )


def _project_rare(thread_id: str, event: events.Event) -> Projected | None:
    match event:
        case events.TurnStarted():
            return "turn/started", turn_events.TurnStartedNotification(
                thread_id=thread_id, turn=running_turn(event.turn_id, event.root_turn_id, started_at=event.started_at)
            )
        case events.TurnEnded():
            return "turn/completed", turn_events.TurnCompletedNotification(thread_id=thread_id, turn=ended_turn(event))
        case events.TokensUsed():
            return "thread/tokenUsage/updated", token_usage_notification(thread_id, event.turn_id, event.usage)
        case events.RateLimitsChanged():
            return "account/rateLimits/updated", account_limits.AccountRateLimitsUpdatedNotification(
                rate_limits=project_limits(event.limits)
            )
        case events.DiffUpdated():
            return "turn/diff/updated", turn_events.TurnDiffUpdatedNotification(
                thread_id=thread_id, turn_id=event.turn_id, diff=event.diff
            )
        case events.PlanUpdated():
            return "turn/plan/updated", turn_events.TurnPlanUpdatedNotification(
                thread_id=thread_id,
                turn_id=event.turn_id,
                explanation=event.explanation,
                plan=[
                    turn_events.TurnPlanStep(step=step.step, status=_STEP_STATUS[step.status]) for step in event.steps
                ],
            )
        case events.PlanDelta() | events.PatchPreviewed() | events.TerminalInteraction():
            return _of_item(thread_id, event)
        case events.ErrorReported():
            return "error", turn_events.ErrorNotification(
                error=project_failure(event.failure),
                will_retry=event.will_retry,
                thread_id=thread_id,
                turn_id=event.turn_id,
            )
        case events.ModelRerouted() | events.LoginRenewed() | events.VerificationWanted() | events.Moderated():
            return _of_provider(thread_id, event)
        case events.ThreadWarning():
            return "warning", notice.WarningNotification(thread_id=thread_id, message=event.message)
        case events.RawItem():
            return "rawResponseItem/completed", turn_events.RawResponseItemCompletedNotification(
                thread_id=thread_id, turn_id=event.turn_id, item=event.item
            )
        case events.RawResponse():
            return "rawResponse/completed", turn_events.RawResponseCompletedNotification(
                thread_id=thread_id,
                turn_id=event.turn_id,
                response_id=event.response_id,
                usage=None if event.usage is None else _breakdown(event.usage),
                usage_metadata=None
                if event.reported is None
                else turn_events.ResponseUsageMetadata(metadata=event.reported),
            )
        case _:
            return _project_rarest(thread_id, event)


def _of_provider(
    thread_id: str, event: events.ModelRerouted | events.LoginRenewed | events.VerificationWanted | events.Moderated
) -> Projected:
    if isinstance(event, events.VerificationWanted):
        return "model/verification", turn_events.ModelVerificationNotification(
            thread_id=thread_id, turn_id=event.turn_id, verifications=list(event.checks)
        )
    if isinstance(event, events.Moderated):
        return "turn/moderationMetadata", turn_events.TurnModerationMetadataNotification(
            thread_id=thread_id, turn_id=event.turn_id, metadata=event.metadata
        )
    if isinstance(event, events.LoginRenewed):
        method = "modelProvider/authRecovery" + ("Completed" if event.is_done else "Started")
        return method, turn_events.AuthRecoveryNotification(
            thread_id=thread_id, turn_id=event.turn_id, provider=event.provider, message=event.message
        )
    return "model/rerouted", turn_events.ModelReroutedNotification(
        thread_id=thread_id,
        turn_id=event.turn_id,
        from_model=event.asked,
        to_model=event.answers,
        # The protocol knows no other reason.
        reason="highRiskCyberActivity",
    )


def _project_rarest(thread_id: str, event: events.Event) -> Projected | None:
    match event:
        case events.ApprovalReviewed():
            return review_notice(thread_id, event.review)
        case events.GuardianWarning():
            return "guardianWarning", GuardianWarningNotification(thread_id=thread_id, message=event.message)
        case events.ToolProgress():
            return "item/mcpToolCall/progress", item_events.McpToolCallProgressNotification(
                thread_id=thread_id, turn_id=event.turn_id, item_id=event.item_id, message=event.message
            )
        case events.GoalUpdated():
            return "thread/goal/updated", thread_goal.ThreadGoalUpdatedNotification(
                thread_id=thread_id, turn_id=event.turn_id, goal=goal_to_wire(thread_id, event.goal)
            )
        case events.GoalCleared():
            return "thread/goal/cleared", thread_goal.ThreadGoalClearedNotification(thread_id=thread_id)
        case _:
            return None


def running_turn(turn_id: str, root_turn_id: str, *, started_at: int | None) -> turn.Turn:
    """Return a turn under way; `started_at` (Unix seconds) is None until its task runs."""
    return turn.Turn(
        id=turn_id,
        root_turn_id=root_turn_id,
        items=[],
        items_view="notLoaded",
        status="inProgress",
        started_at=started_at,
    )


def ended_turn(event: events.TurnEnded) -> turn.Turn:
    """Return a finished turn with its last agent message, as `turn/completed` shows it."""
    items = (
        []
        if event.last_message is None
        else [
            project_item(
                event.last_message,
                started_ms=event.last_message_started_ms,
                completed_ms=event.last_message_completed_ms,
            )
        ]
    )
    return turn.Turn(
        id=event.turn_id,
        root_turn_id=event.root_turn_id,
        items=items,
        items_view="summary" if items else "notLoaded",
        status=event.status,
        error=None if event.failure is None else project_failure(event.failure),
        started_at=event.started_at,
        completed_at=event.completed_at,
        duration_ms=event.duration_ms,
    )


def project_failure(failure: TurnFailure) -> turn.TurnError:
    """Return the wire form of what went wrong."""
    info = failure.info
    return turn.TurnError(
        message=failure.message,
        codex_error_info=None if info is None else decoding.convert(info.to_wire(), turn.CodexErrorInfo),
        additional_details=failure.additional_details,
    )


def token_usage_notification(
    thread_id: str, turn_id: str, usage: TokenUsageInfo
) -> turn_events.ThreadTokenUsageUpdatedNotification:
    """Token use of a thread after one of its turns."""
    return turn_events.ThreadTokenUsageUpdatedNotification(
        thread_id=thread_id,
        turn_id=turn_id,
        token_usage=turn_events.ThreadTokenUsage(
            total=_breakdown(usage.total_token_usage),
            last=_breakdown(usage.last_token_usage),
            model_context_window=usage.model_context_window,
        ),
    )


def project_limits(limits: RateLimitSnapshot | None) -> account_limits.RateLimitSnapshot:
    """Return what is known of the account's limits; the default family without figures when nothing is."""
    limits = limits or RateLimitSnapshot()
    return account_limits.RateLimitSnapshot(
        limit_id=limits.limit_id,
        limit_name=limits.limit_name,
        primary=_window(limits.primary),
        secondary=_window(limits.secondary),
        credits=None
        if limits.credits is None
        else account_limits.CreditsSnapshot(
            has_credits=limits.credits.has_credits,
            unlimited=limits.credits.unlimited,
            balance=limits.credits.balance,
        ),
        spend_control_reached=limits.spend_control_reached,
    )


def _window(window: RateLimitWindow | None) -> account_limits.RateLimitWindow | None:
    if window is None:
        return None
    return account_limits.RateLimitWindow(
        used_percent=round(window.used_percent),
        window_duration_mins=window.window_minutes,
        resets_at=window.resets_at,
    )


def _breakdown(usage: TokenUsage) -> turn.TokenUsageBreakdown:
    return turn.TokenUsageBreakdown(
        total_tokens=usage.total_tokens,
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        cache_write_input_tokens=usage.cache_write_input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_output_tokens=usage.reasoning_output_tokens,
    )
