"""Notifications about single items: started, streamed, completed."""

from codex_trio_protocol.base import Int64, UInt64, Wire
from codex_trio_protocol.jsonrpc import RequestId
from codex_trio_protocol.v2.item import FileUpdateChange, ThreadItem


class AgentMessageDeltaNotification(Wire):
    """More text of an assistant message."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class CommandExecutionOutputDeltaNotification(Wire):
    """More output of a command, both streams together."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class FileChangeOutputDeltaNotification(Wire):
    """More output of a patch. No longer sent."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class FileChangePatchUpdatedNotification(Wire):
    """What a patch will change, while the model still writes it."""

    thread_id: str
    turn_id: str
    item_id: str
    changes: list[FileUpdateChange]


class ItemCompletedNotification(Wire):
    """An item has ended and will not change again."""

    item: ThreadItem
    thread_id: str
    turn_id: str
    content_token_count: UInt64 | None = None
    """Tokens of an assistant message by the provider's count; null when unknown."""
    completed_at_ms: Int64
    """Unix milliseconds."""


class ItemStartedNotification(Wire):
    """An item begins."""

    item: ThreadItem
    thread_id: str
    turn_id: str
    started_at_ms: Int64
    """Unix milliseconds."""


class McpToolCallProgressNotification(Wire):
    """An MCP server reports progress."""

    thread_id: str
    turn_id: str
    item_id: str
    message: str


class PlanDeltaNotification(Wire):
    """More text of a proposed plan."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class ReasoningSummaryPartAddedNotification(Wire):
    """A new section of the reasoning summary begins."""

    thread_id: str
    turn_id: str
    item_id: str
    summary_index: Int64


class ReasoningSummaryTextDeltaNotification(Wire):
    """More text of a section of the reasoning summary."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str
    summary_index: Int64


class ReasoningTextDeltaNotification(Wire):
    """More raw reasoning text."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str
    content_index: Int64


class ServerRequestResolvedNotification(Wire):
    """A server request needs no answer any more: it was answered, or its turn ended."""

    thread_id: str
    request_id: RequestId


class TerminalInteractionNotification(Wire):
    """The model typed into a running command."""

    thread_id: str
    turn_id: str
    item_id: str
    process_id: str
    stdin: str
