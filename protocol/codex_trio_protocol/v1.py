"""Handshake of a connection, and the approval requests of the first protocol generation."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import AbsolutePathBuf, JsonObject, OneOf, Open, Params, Tagged, Until, Wire
from codex_trio_protocol.v2.common import NetworkPolicyAmendment, ThreadId


class AddFileChange(Tagged, tag="add"):
    """A file to be created with this content."""

    content: str


class DeleteFileChange(Tagged, tag="delete"):
    """A file to be removed; `content` is what it held."""

    content: str


class UpdateFileChange(Tagged, tag="update", rename=None):
    """A file to be edited by this diff, and moved when `move_path` is not null."""

    unified_diff: str
    move_path: str | None = None


FileChange: TypeAlias = Open[AddFileChange | DeleteFileChange | UpdateFileChange]
"""What a patch wants to do to one file."""


class ApplyPatchApprovalParams(Wire):
    """Ask whether a patch may be applied. Older form; threads of today send `item/fileChange/requestApproval`."""

    conversation_id: ThreadId
    call_id: str
    file_changes: dict[str, FileChange]
    """What would happen, by absolute path."""
    reason: str | None = None
    grant_root: str | None = None
    """When not null, approving also permits writes below this folder for the session."""


class ApprovedExecpolicyAmendment(Params, rename=None):
    """Approve, and allow all commands that start with these words from now on."""

    proposed_execpolicy_amendment: list[str]


class NetworkPolicyAmendmentReview(Params, rename=None):
    """Approve or refuse a host for good."""

    network_policy_amendment: NetworkPolicyAmendment


class DeniedReview(Params):
    """Refuse, with words for the model."""

    rejection: str


class ReviewDecisionObject(OneOf, rename=None):
    """The decisions that carry more than a word."""

    one_of: ClassVar[tuple[str, ...]] = ("approved_execpolicy_amendment", "network_policy_amendment", "denied")

    approved_execpolicy_amendment: ApprovedExecpolicyAmendment | UnsetType = UNSET
    network_policy_amendment: NetworkPolicyAmendmentReview | UnsetType = UNSET
    denied: DeniedReview | UnsetType = UNSET


ReviewDecision: TypeAlias = (
    Literal["approved", "approved_for_session", "approved_mcp_policy_amendment", "timed_out", "abort"]
    | ReviewDecisionObject
    | Annotated[Literal["denied"], Until("0.131.0")]
)
"""How a client answers an approval request of the older form.

`denied` refuses and goes on with the turn, `abort` also ends it.
"""


class ApplyPatchApprovalResponse(Params):
    """The decision on a patch."""

    decision: ReviewDecision


class ClientInfo(Params):
    """Who connects. The name becomes part of the user agent and must be a legal HTTP header value."""

    name: str
    title: str | None = None
    version: str


class InitializeCapabilities(Params):
    """What this connection can do and wants to hear."""

    required_human_approval: bool = False
    """The client shows `humanCommand` approvals to a person and answers them once, never for the session."""
    explicit_gateway_oauth: bool = False
    """The client starts gateway logins itself; the server opens no browser."""
    experimental_api: bool = False
    """Unlocks experimental methods and fields for this connection."""
    request_attestation: bool = False
    """The client answers `attestation/generate`."""
    mcp_server_openai_form_elicitation: bool = False
    """Older way to accept `openai/form` elicitations."""
    opt_out_notification_methods: list[str] | None = None
    """Exact names of notifications not to be sent here; unknown names do no harm."""
    extensions: JsonObject | None = None
    """MCP extensions that the client supports, with their settings."""


class InitializeParams(Params):
    """First request of a connection. Null capabilities mean none.

    Errors: -32600 `Already initialized` the second time, and for a client name that no HTTP header can carry.
    """

    client_info: ClientInfo
    capabilities: InitializeCapabilities | None = None


class ReadParsedCommand(Tagged, tag="read"):
    """Reads a file; the path is a guess when the working directory is not certain."""

    cmd: str
    name: str
    path: str


class ListFilesParsedCommand(Tagged, tag="list_files"):
    """Lists a folder; null when it names none."""

    cmd: str
    path: str | None = None


class SearchParsedCommand(Tagged, tag="search"):
    """Searches below a path for something; either may be unknown."""

    cmd: str
    query: str | None = None
    path: str | None = None


class UnknownParsedCommand(Tagged, tag="unknown"):
    """A command that is none of the others."""

    cmd: str


ParsedCommand: TypeAlias = Open[ReadParsedCommand | ListFilesParsedCommand | SearchParsedCommand | UnknownParsedCommand]
"""What a command seems to do, for display only."""


class ExecCommandApprovalParams(Wire):
    """Ask whether a command may run. Older form; threads of today send `item/commandExecution/requestApproval`."""

    conversation_id: ThreadId
    call_id: str
    approval_id: str | None = None
    """Tells several approvals of one call apart; null when there is one."""
    command: list[str]
    cwd: str
    reason: str | None = None
    parsed_cmd: list[ParsedCommand]


class ExecCommandApprovalResponse(Params):
    """The decision on a command."""

    decision: ReviewDecision


class InitializeResponse(Wire):
    """Who serves."""

    user_agent: str
    """As sent to model providers: client name, server version, system, terminal."""
    codex_home: AbsolutePathBuf
    platform_family: str
    """`unix` or `windows`."""
    platform_os: str
    """`linux`, `macos` or `windows`."""
