"""TODO module v1"""

from typing import ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import AbsolutePathBuf, JsonObject, OneOf, Open, Params, Tagged, Wire
from codex_trio_protocol.v2.common import NetworkPolicyAmendment, ThreadId


class AddFileChange(Tagged, tag="add"):
    """TODO AddFileChange"""

    content: str


class DeleteFileChange(Tagged, tag="delete"):
    """TODO DeleteFileChange"""

    content: str


class UpdateFileChange(Tagged, tag="update", rename=None):
    """TODO UpdateFileChange"""

    unified_diff: str
    move_path: str | None = None


FileChange: TypeAlias = Open[AddFileChange | DeleteFileChange | UpdateFileChange]
"""TODO FileChange"""


class ApplyPatchApprovalParams(Wire):
    """TODO ApplyPatchApprovalParams"""

    conversation_id: ThreadId
    call_id: str
    file_changes: dict[str, FileChange]
    reason: str | None = None
    grant_root: str | None = None


class ReviewDecisionObjectApprovedExecpolicyAmendment(Params, rename=None):
    """TODO ReviewDecisionObjectApprovedExecpolicyAmendment"""

    proposed_execpolicy_amendment: list[str]


class ReviewDecisionObjectNetworkPolicyAmendment(Params, rename=None):
    """TODO ReviewDecisionObjectNetworkPolicyAmendment"""

    network_policy_amendment: NetworkPolicyAmendment


class ReviewDecisionObjectDenied(Params):
    """TODO ReviewDecisionObjectDenied"""

    rejection: str


class ReviewDecisionObject(OneOf, rename=None):
    """TODO ReviewDecisionObject"""

    one_of: ClassVar[tuple[str, ...]] = ("approved_execpolicy_amendment", "network_policy_amendment", "denied")

    approved_execpolicy_amendment: ReviewDecisionObjectApprovedExecpolicyAmendment | UnsetType = UNSET
    network_policy_amendment: ReviewDecisionObjectNetworkPolicyAmendment | UnsetType = UNSET
    denied: ReviewDecisionObjectDenied | UnsetType = UNSET


ReviewDecision: TypeAlias = (
    Literal["approved", "denied", "approved_for_session", "approved_mcp_policy_amendment", "timed_out", "abort"]
    | ReviewDecisionObject
)
"""TODO ReviewDecision"""


class ApplyPatchApprovalResponse(Params):
    """TODO ApplyPatchApprovalResponse"""

    decision: ReviewDecision


class ClientInfo(Params):
    """TODO ClientInfo"""

    name: str
    title: str | None = None
    version: str


class InitializeCapabilities(Params):
    """TODO InitializeCapabilities"""

    required_human_approval: bool = False
    explicit_gateway_oauth: bool = False
    experimental_api: bool = False
    request_attestation: bool = False
    mcp_server_openai_form_elicitation: bool = False
    opt_out_notification_methods: list[str] | None = None
    extensions: JsonObject | None = None


class InitializeParams(Params):
    """TODO InitializeParams"""

    client_info: ClientInfo
    capabilities: InitializeCapabilities | None = None


class ReadParsedCommand(Tagged, tag="read"):
    """TODO ReadParsedCommand"""

    cmd: str
    name: str
    path: str


class ListFilesParsedCommand(Tagged, tag="list_files"):
    """TODO ListFilesParsedCommand"""

    cmd: str
    path: str | None = None


class SearchParsedCommand(Tagged, tag="search"):
    """TODO SearchParsedCommand"""

    cmd: str
    query: str | None = None
    path: str | None = None


class UnknownParsedCommand(Tagged, tag="unknown"):
    """TODO UnknownParsedCommand"""

    cmd: str


ParsedCommand: TypeAlias = Open[ReadParsedCommand | ListFilesParsedCommand | SearchParsedCommand | UnknownParsedCommand]
"""TODO ParsedCommand"""


class ExecCommandApprovalParams(Wire):
    """TODO ExecCommandApprovalParams"""

    conversation_id: ThreadId
    call_id: str
    approval_id: str | None = None
    command: list[str]
    cwd: str
    reason: str | None = None
    parsed_cmd: list[ParsedCommand]


class ExecCommandApprovalResponse(Params):
    """TODO ExecCommandApprovalResponse"""

    decision: ReviewDecision


class InitializeResponse(Wire):
    """TODO InitializeResponse"""

    user_agent: str
    codex_home: AbsolutePathBuf
    platform_family: str
    platform_os: str
