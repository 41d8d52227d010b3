"""Automatic review of approval requests by a reviewing sub-agent."""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import AbsolutePathBuf, Int64, JsonValue, Known, Open, Params, Tagged, UInt16, Wire
from codex_trio_protocol.v2.approval import NetworkApprovalProtocol
from codex_trio_protocol.v2.common import LegacyAppPathString
from codex_trio_protocol.v2.permissions import RequestPermissionProfile


class ThreadApproveGuardianDeniedActionParams(Params):
    """Allow after all what the automatic review refused.

    Errors: -32600 for an unknown thread or an unreadable event.
    """

    thread_id: str
    event: JsonValue
    """The review's event, as it was received."""


class ThreadGuardianReviewParams(Params):
    """Have a thread's pending action reviewed; also subscribes to the thread.

    Errors: -32600 when the thread is not loaded or nothing is pending.
    """

    thread_id: str


AutoReviewDecisionSource: TypeAlias = Annotated[str, Known("agent")]
"""Who reached the decision."""


GuardianApprovalReviewStatus: TypeAlias = Annotated[
    str, Known("inProgress", "approved", "denied", "timedOut", "aborted")
]
"""Where a review stands."""


GuardianRiskLevel: TypeAlias = Annotated[str, Known("low", "medium", "high", "critical")]
"""How much harm an action could do."""


GuardianUserAuthorization: TypeAlias = Annotated[str, Known("unknown", "low", "medium", "high")]
"""How clearly the user wanted the action."""


class GuardianApprovalReview(Wire):
    """A review's state; the assessment is null until it is made."""

    status: GuardianApprovalReviewStatus
    risk_level: GuardianRiskLevel | None = None
    user_authorization: GuardianUserAuthorization | None = None
    rationale: str | None = None


GuardianCommandSource: TypeAlias = Annotated[str, Known("shell", "unifiedExec")]
"""Which tool would run the command."""


class CommandGuardianApprovalReviewAction(Tagged, tag="command"):
    """Run a command line."""

    source: GuardianCommandSource
    command: str
    cwd: LegacyAppPathString


class ExecveGuardianApprovalReviewAction(Tagged, tag="execve"):
    """Start a program from within a running command."""

    source: GuardianCommandSource
    program: str
    argv: list[str]
    cwd: AbsolutePathBuf


class WriteStdinGuardianApprovalReviewAction(Tagged, tag="writeStdin"):
    """Type into a running command."""

    approval_id: str
    process_id: str
    stdin: str
    cwd: LegacyAppPathString


class ApplyPatchGuardianApprovalReviewAction(Tagged, tag="applyPatch"):
    """Change files."""

    cwd: LegacyAppPathString
    files: list[LegacyAppPathString]


class NetworkAccessGuardianApprovalReviewAction(Tagged, tag="networkAccess"):
    """Reach a host."""

    target: str
    host: str
    protocol: NetworkApprovalProtocol
    port: UInt16


class McpToolCallGuardianApprovalReviewAction(Tagged, tag="mcpToolCall"):
    """Call an MCP server's tool."""

    server: str
    tool_name: str
    connector_id: str | None = None
    connector_name: str | None = None
    tool_title: str | None = None


class RequestPermissionsGuardianApprovalReviewAction(Tagged, tag="requestPermissions"):
    """Get more permissions."""

    reason: str | None = None
    permissions: RequestPermissionProfile


GuardianApprovalReviewAction: TypeAlias = Open[
    CommandGuardianApprovalReviewAction
    | ExecveGuardianApprovalReviewAction
    | WriteStdinGuardianApprovalReviewAction
    | ApplyPatchGuardianApprovalReviewAction
    | NetworkAccessGuardianApprovalReviewAction
    | McpToolCallGuardianApprovalReviewAction
    | RequestPermissionsGuardianApprovalReviewAction
]
"""What is under review."""


class GuardianWarningNotification(Wire):
    """The review has a warning for the user."""

    thread_id: str
    message: str


class ItemGuardianApprovalReviewCompletedNotification(Wire):
    """A review has reached its decision. Times are Unix milliseconds."""

    thread_id: str
    turn_id: str
    started_at_ms: Int64
    completed_at_ms: Int64
    review_id: str
    target_item_id: str | None = None
    """The item under review; null when none exists."""
    decision_source: AutoReviewDecisionSource
    review: GuardianApprovalReview
    action: GuardianApprovalReviewAction


class ItemGuardianApprovalReviewStartedNotification(Wire):
    """A review begins. The time is Unix milliseconds."""

    thread_id: str
    turn_id: str
    started_at_ms: Int64
    review_id: str
    target_item_id: str | None = None
    """The item under review; null when none exists."""
    review: GuardianApprovalReview
    action: GuardianApprovalReviewAction


class StrictReviewRequiredNotification(Wire):
    """From now on every action of the turn is reviewed. The time is Unix milliseconds."""

    thread_id: str
    turn_id: str
    started_at_ms: Int64


class ThreadApproveGuardianDeniedActionResponse(Wire):
    """Answer to `thread/approveGuardianDeniedAction`: it is done."""


GuardianAssessmentOutcome: TypeAlias = Annotated[str, Known("allow", "deny")]
"""What the reviewer decided."""


class ThreadGuardianAssessment(Wire):
    """The reviewer's decision and its reasons."""

    outcome: GuardianAssessmentOutcome
    risk_level: GuardianRiskLevel
    user_authorization: GuardianUserAuthorization
    rationale: str


class ThreadGuardianReviewResponse(Wire):
    """The assessment; null when policy made a review needless."""

    call_id: str
    assessment: ThreadGuardianAssessment | None = None
