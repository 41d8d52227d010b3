"""TODO module item_events"""

from codex_trio_protocol.base import Int64, UInt64, Wire
from codex_trio_protocol.jsonrpc import RequestId
from codex_trio_protocol.v2.item import FileUpdateChange, ThreadItem


class AgentMessageDeltaNotification(Wire):
    """TODO AgentMessageDeltaNotification"""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class CommandExecutionOutputDeltaNotification(Wire):
    """TODO CommandExecutionOutputDeltaNotification"""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class FileChangeOutputDeltaNotification(Wire):
    """TODO FileChangeOutputDeltaNotification"""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class FileChangePatchUpdatedNotification(Wire):
    """TODO FileChangePatchUpdatedNotification"""

    thread_id: str
    turn_id: str
    item_id: str
    changes: list[FileUpdateChange]


class ItemCompletedNotification(Wire):
    """TODO ItemCompletedNotification"""

    item: ThreadItem
    thread_id: str
    turn_id: str
    content_token_count: UInt64 | None = None
    completed_at_ms: Int64


class ItemStartedNotification(Wire):
    """TODO ItemStartedNotification"""

    item: ThreadItem
    thread_id: str
    turn_id: str
    started_at_ms: Int64


class McpToolCallProgressNotification(Wire):
    """TODO McpToolCallProgressNotification"""

    thread_id: str
    turn_id: str
    item_id: str
    message: str


class PlanDeltaNotification(Wire):
    """TODO PlanDeltaNotification"""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class ReasoningSummaryPartAddedNotification(Wire):
    """TODO ReasoningSummaryPartAddedNotification"""

    thread_id: str
    turn_id: str
    item_id: str
    summary_index: Int64


class ReasoningSummaryTextDeltaNotification(Wire):
    """TODO ReasoningSummaryTextDeltaNotification"""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str
    summary_index: Int64


class ReasoningTextDeltaNotification(Wire):
    """TODO ReasoningTextDeltaNotification"""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str
    content_index: Int64


class ServerRequestResolvedNotification(Wire):
    """TODO ServerRequestResolvedNotification"""

    thread_id: str
    request_id: RequestId


class TerminalInteractionNotification(Wire):
    """TODO TerminalInteractionNotification"""

    thread_id: str
    turn_id: str
    item_id: str
    process_id: str
    stdin: str
