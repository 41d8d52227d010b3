"""The events that a rollout stores (`event_msg` payloads), of today's releases and of older ones.

Owns the structs and their encoding. Does not own lines or files (lines.py, recorder.py) nor what the events add up to
(state/history). Built by the engine, decoded by lines.py.

Times are Unix seconds unless the name ends in `_ms`. Keys with a None default are left out when None.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from codex_trio.domain.items import (
    Change,
    Duration,
    FunctionCallOutput,
    KnownItem,
    ParsedCommand,
    TurnItem,
    UserMessage,
)


def _always(default: str) -> str:
    """Return a field that other releases insist on, written even when it has its default."""
    # Of fields with a factory, only empty containers are left out.
    made: str = msgspec.field(default_factory=lambda: default)
    return made


class TokenUsage(msgspec.Struct, kw_only=True, frozen=True):
    """Token counts of one model response, or a sum of several."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0
    total_tokens: int = 0


class TokenUsageInfo(msgspec.Struct, kw_only=True, frozen=True):
    """A thread's token usage so far; `last` is that of the latest response."""

    total_token_usage: TokenUsage
    last_token_usage: TokenUsage
    last_usage_includes_reasoning: bool = False
    model_context_window: int | None = None


class TurnError(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Why a turn failed; `codex_error_info` in the rollout's snake_case form."""

    message: str
    codex_error_info: Any = None
    additional_details: str | None = None


# --- events that today's files hold ----------------------------------------------------------------------------------


class TaskStarted(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="task_started"):
    """A turn began."""

    turn_attribution: dict[str, Any] | None = None
    turn_id: str
    root_turn_id: str | None = None
    started_at: int | None = None
    model_context_window: int | None = None
    collaboration_mode_kind: str | None = None

    @classmethod
    def root(
        cls,
        turn_id: str,
        *,
        started_at: int,
        model_context_window: int | None,
        trigger: str | None = None,
        parent_turn_id: str | None = None,
        root_turn_id: str | None = None,
    ) -> TaskStarted:
        """Return the event of a turn that no agent caused; a client may say which turns it follows from."""
        return cls(
            turn_attribution={
                "turn_id": turn_id,
                "turn_trigger": trigger,
                "parent_turn_id": parent_turn_id,
                "initiating_agent_path": None,
                "root_turn_id": root_turn_id or turn_id,
            },
            turn_id=turn_id,
            root_turn_id=root_turn_id or turn_id,
            started_at=started_at,
            model_context_window=model_context_window,
            collaboration_mode_kind="default",
        )


class TaskComplete(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="task_complete"
):
    """A turn ended by itself; with `error` it failed."""

    root_turn_id: str | None = None
    turn_id: str
    last_agent_message: str | None
    error: TurnError | None = None
    started_at: int | None = None
    completed_at: int | None = None
    duration_ms: int | None = None
    time_to_first_token_ms: int | None = None


class TurnAborted(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="turn_aborted"):
    """A turn was stopped: `interrupted`, `replaced`, ..."""

    root_turn_id: str | None = None
    turn_id: str | None = None
    reason: str = _always("interrupted")
    started_at: int | None = None
    completed_at: int | None = None
    duration_ms: int | None = None


class ItemCompletedLine(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="item_completed"):
    """An item of a turn is complete; the same id again replaces it."""

    thread_id: str
    turn_id: str
    item: TurnItem
    started_at_ms: int | None = None
    completed_at_ms: int | None = None


class InputAccepted(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="codex_trio_input_accepted"
):
    """A running turn was told more, which it has yet to take up: an item with this id is to follow.

    This project's own; others pass it over. It matters only if the turn's process dies before: whoever gave the input
    was told that it was accepted. `history` is what the model is to be told. The line has no ordinal: it takes no place
    among the lines that others know.
    """

    turn_id: str
    item: UserMessage | FunctionCallOutput
    history: list[dict[str, Any]]
    accepted_at_ms: int


class TokenCount(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="token_count"):
    """Token usage and rate limits as of now; either may be unknown."""

    info: TokenUsageInfo | None = None
    rate_limits: dict[str, Any] | None = None


class ThreadSettingsApplied(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="thread_settings_applied"
):
    """The settings that later turns run with, in the file's own snake_case form."""

    thread_id: str
    thread_settings: dict[str, Any]


class ThreadRolledBack(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="thread_rolled_back"):
    """The last so many turns no longer count."""

    num_turns: int


class ThreadGoalUpdated(
    msgspec.Struct,
    kw_only=True,
    frozen=True,
    omit_defaults=True,
    rename={"thread_id": "threadId", "turn_id": "turnId"},
    tag_field="type",
    tag="thread_goal_updated",
):
    """The thread's goal changed; `goal` has the wire's camelCase keys."""

    thread_id: str | None = None
    turn_id: str | None = None
    goal: dict[str, Any] | None = None


# --- events of older files -------------------------------------------------------------------------------------------
# `item_id` is this project's own key on them: it names the item that the same file also holds as `item_completed`.


class UserMessageEvent(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="user_message"
):
    """What the user said: all text joined, data or remote images, local image paths."""

    message: str
    images: list[str] | None = None
    local_images: list[str] | None = None
    text_elements: list[dict[str, Any]] | None = None
    item_id: str | None = None


class AgentMessageEvent(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="agent_message"
):
    """What the model said."""

    message: str
    phase: str | None = None
    memory_citation: Any = None
    item_id: str | None = None


class AgentReasoningEvent(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="agent_reasoning"
):
    """One part of a reasoning summary."""

    text: str
    item_id: str | None = None


class AgentReasoningRawEvent(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="agent_reasoning_raw_content"
):
    """One part of raw reasoning."""

    text: str
    item_id: str | None = None


class PatchApplyEndEvent(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="patch_apply_end"
):
    """A patch was applied, failed or was declined."""

    call_id: str
    turn_id: str = _always("")
    stdout: str = _always("")
    stderr: str = _always("")
    success: bool
    changes: dict[str, Change] = msgspec.field(default_factory=dict[str, Change])
    status: Literal["completed", "failed", "declined"] | None = None
    item_id: str | None = None


class WebSearchEndEvent(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="web_search_end"
):
    """A web search ended."""

    call_id: str
    query: str
    action: dict[str, Any] | None = None
    item_id: str | None = None


class McpToolCallEndEvent(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="mcp_tool_call_end"):
    """A call of an MCP tool ended; `result` is `{"Ok": ...}` or `{"Err": text}`."""

    call_id: str
    invocation: dict[str, Any]
    duration: Duration | None = None
    result: Any = None


class ImageGenerationEndEvent(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="image_generation_end"):
    """An image was generated."""

    call_id: str
    status: str = "completed"
    revised_prompt: str | None = None
    result: str = ""
    saved_path: str | None = None


class ContextCompactedEvent(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="context_compacted"
):
    """The conversation was summarised."""

    item_id: str | None = None


class EnteredReviewModeEvent(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="entered_review_mode"
):
    """A review began."""

    target: dict[str, Any]
    user_facing_hint: str | None = None
    item_id: str | None = None


class ExitedReviewModeEvent(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="exited_review_mode"):
    """A review ended."""

    review_output: dict[str, Any] | None = None
    item_id: str | None = None


class ExecCommandEndEvent(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="exec_command_end"):
    """A command ended (only in files written with extended history)."""

    call_id: str
    turn_id: str = ""
    process_id: str | None = None
    command: list[str]
    cwd: str
    parsed_cmd: list[ParsedCommand] = []
    source: Literal["agent", "user_shell", "unified_exec_startup", "unified_exec_interaction"] = "agent"
    aggregated_output: str = ""
    exit_code: int = 0
    duration: Duration | None = None
    status: Literal["completed", "failed", "declined"] | None = None


class ErrorEvent(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="error"):
    """A turn failed (only in files written with extended history)."""

    message: str
    codex_error_info: Any = None


class OtherEvent(msgspec.Struct, kw_only=True, frozen=True):
    """An event of a kind that this version does not know, or cannot decode, kept verbatim."""

    raw: dict[str, Any]


CommonEvent: TypeAlias = (
    TaskStarted
    | InputAccepted
    | TaskComplete
    | TurnAborted
    | TokenCount
    | ThreadSettingsApplied
    | ThreadRolledBack
    | ThreadGoalUpdated
    | UserMessageEvent
    | AgentMessageEvent
    | AgentReasoningEvent
    | AgentReasoningRawEvent
    | PatchApplyEndEvent
    | WebSearchEndEvent
    | McpToolCallEndEvent
    | ImageGenerationEndEvent
    | ContextCompactedEvent
    | EnteredReviewModeEvent
    | ExitedReviewModeEvent
    | ExecCommandEndEvent
    | ErrorEvent
)
Event: TypeAlias = CommonEvent | ItemCompletedLine | OtherEvent


class KnownItemCompleted(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="item_completed"):
    """What a decoder sees in place of `ItemCompletedLine`: a union with `Other` in it cannot be decoded directly."""

    thread_id: str = ""
    turn_id: str
    item: KnownItem
    started_at_ms: int | None = None
    completed_at_ms: int | None = None


DecodableEvent: TypeAlias = CommonEvent | KnownItemCompleted
