"""TODO module guardian"""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import AbsolutePathBuf, Int64, JsonValue, Known, Open, Params, Tagged, UInt16, Wire
from codex_trio_protocol.v2.approval import NetworkApprovalProtocol
from codex_trio_protocol.v2.common import LegacyAppPathString
from codex_trio_protocol.v2.permissions import RequestPermissionProfile


class ThreadApproveGuardianDeniedActionParams(Params):
    """TODO ThreadApproveGuardianDeniedActionParams"""

    thread_id: str
    event: JsonValue


class ThreadGuardianReviewParams(Params):
    """TODO ThreadGuardianReviewParams"""

    thread_id: str


AutoReviewDecisionSource: TypeAlias = Annotated[str, Known("agent")]
"""TODO AutoReviewDecisionSource"""


GuardianApprovalReviewStatus: TypeAlias = Annotated[
    str, Known("inProgress", "approved", "denied", "timedOut", "aborted")
]
"""TODO GuardianApprovalReviewStatus"""


GuardianRiskLevel: TypeAlias = Annotated[str, Known("low", "medium", "high", "critical")]
"""TODO GuardianRiskLevel"""


GuardianUserAuthorization: TypeAlias = Annotated[str, Known("unknown", "low", "medium", "high")]
"""TODO GuardianUserAuthorization"""


class GuardianApprovalReview(Wire):
    """TODO GuardianApprovalReview"""

    status: GuardianApprovalReviewStatus
    risk_level: GuardianRiskLevel | None = None
    user_authorization: GuardianUserAuthorization | None = None
    rationale: str | None = None


GuardianCommandSource: TypeAlias = Annotated[str, Known("shell", "unifiedExec")]
"""TODO GuardianCommandSource"""


class CommandGuardianApprovalReviewAction(Tagged, tag="command"):
    """TODO CommandGuardianApprovalReviewAction"""

    source: GuardianCommandSource
    command: str
    cwd: LegacyAppPathString


class ExecveGuardianApprovalReviewAction(Tagged, tag="execve"):
    """TODO ExecveGuardianApprovalReviewAction"""

    source: GuardianCommandSource
    program: str
    argv: list[str]
    cwd: AbsolutePathBuf


class WriteStdinGuardianApprovalReviewAction(Tagged, tag="writeStdin"):
    """TODO WriteStdinGuardianApprovalReviewAction"""

    approval_id: str
    process_id: str
    stdin: str
    cwd: LegacyAppPathString


class ApplyPatchGuardianApprovalReviewAction(Tagged, tag="applyPatch"):
    """TODO ApplyPatchGuardianApprovalReviewAction"""

    cwd: LegacyAppPathString
    files: list[LegacyAppPathString]


class NetworkAccessGuardianApprovalReviewAction(Tagged, tag="networkAccess"):
    """TODO NetworkAccessGuardianApprovalReviewAction"""

    target: str
    host: str
    protocol: NetworkApprovalProtocol
    port: UInt16


class McpToolCallGuardianApprovalReviewAction(Tagged, tag="mcpToolCall"):
    """TODO McpToolCallGuardianApprovalReviewAction"""

    server: str
    tool_name: str
    connector_id: str | None = None
    connector_name: str | None = None
    tool_title: str | None = None


class RequestPermissionsGuardianApprovalReviewAction(Tagged, tag="requestPermissions"):
    """TODO RequestPermissionsGuardianApprovalReviewAction"""

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
"""TODO GuardianApprovalReviewAction"""


class GuardianWarningNotification(Wire):
    """TODO GuardianWarningNotification"""

    thread_id: str
    message: str


class ItemGuardianApprovalReviewCompletedNotification(Wire):
    """TODO ItemGuardianApprovalReviewCompletedNotification"""

    thread_id: str
    turn_id: str
    started_at_ms: Int64
    completed_at_ms: Int64
    review_id: str
    target_item_id: str | None = None
    decision_source: AutoReviewDecisionSource
    review: GuardianApprovalReview
    action: GuardianApprovalReviewAction


class ItemGuardianApprovalReviewStartedNotification(Wire):
    """TODO ItemGuardianApprovalReviewStartedNotification"""

    thread_id: str
    turn_id: str
    started_at_ms: Int64
    review_id: str
    target_item_id: str | None = None
    review: GuardianApprovalReview
    action: GuardianApprovalReviewAction


class StrictReviewRequiredNotification(Wire):
    """TODO StrictReviewRequiredNotification"""

    thread_id: str
    turn_id: str
    started_at_ms: Int64


class ThreadApproveGuardianDeniedActionResponse(Wire):
    """TODO ThreadApproveGuardianDeniedActionResponse"""


GuardianAssessmentOutcome: TypeAlias = Annotated[str, Known("allow", "deny")]
"""TODO GuardianAssessmentOutcome"""


class ThreadGuardianAssessment(Wire):
    """TODO ThreadGuardianAssessment"""

    outcome: GuardianAssessmentOutcome
    risk_level: GuardianRiskLevel
    user_authorization: GuardianUserAuthorization
    rationale: str


class ThreadGuardianReviewResponse(Wire):
    """TODO ThreadGuardianReviewResponse"""

    call_id: str
    assessment: ThreadGuardianAssessment | None = None
