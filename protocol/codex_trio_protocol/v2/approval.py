"""TODO module approval"""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Int64, Known, OneOf, Params, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString, NetworkPolicyAmendment
from codex_trio_protocol.v2.item import CommandAction
from codex_trio_protocol.v2.permissions import (
    AdditionalPermissionProfile,
    GrantedPermissionProfile,
    RequestPermissionProfile,
)


class CommandExecutionApprovalDecisionObjectAcceptWithExecpolicyAmendment(Wire, rename=None):
    """TODO CommandExecutionApprovalDecisionObjectAcceptWithExecpolicyAmendment"""

    execpolicy_amendment: list[str]


class CommandExecutionApprovalDecisionObjectApplyNetworkPolicyAmendment(Wire, rename=None):
    """TODO CommandExecutionApprovalDecisionObjectApplyNetworkPolicyAmendment"""

    network_policy_amendment: NetworkPolicyAmendment


class CommandExecutionApprovalDecisionObject(OneOf):
    """TODO CommandExecutionApprovalDecisionObject"""

    one_of: ClassVar[tuple[str, ...]] = ("accept_with_execpolicy_amendment", "apply_network_policy_amendment")

    accept_with_execpolicy_amendment: (
        CommandExecutionApprovalDecisionObjectAcceptWithExecpolicyAmendment | UnsetType
    ) = UNSET
    apply_network_policy_amendment: CommandExecutionApprovalDecisionObjectApplyNetworkPolicyAmendment | UnsetType = (
        UNSET
    )


CommandExecutionApprovalDecision: TypeAlias = (
    Literal["accept", "acceptForSession", "decline", "cancel"] | CommandExecutionApprovalDecisionObject
)
"""TODO CommandExecutionApprovalDecision"""


CommandExecutionApprovalKind: TypeAlias = Annotated[str, Known("command", "writeStdin", "humanCommand")]
"""TODO CommandExecutionApprovalKind"""


NetworkApprovalProtocol: TypeAlias = Annotated[str, Known("http", "https", "socks5Tcp", "socks5Udp")]
"""TODO NetworkApprovalProtocol"""


class NetworkApprovalContext(Wire):
    """TODO NetworkApprovalContext"""

    host: str
    protocol: NetworkApprovalProtocol


class CommandExecutionRequestApprovalParams(Wire):
    """TODO CommandExecutionRequestApprovalParams"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"additional_permissions", "available_decisions"})

    kind: CommandExecutionApprovalKind = "command"
    thread_id: str
    turn_id: str
    item_id: str
    started_at_ms: Int64
    approval_id: str | UnsetType | None = UNSET
    environment_id: str | None = None
    reason: str | UnsetType | None = UNSET
    network_approval_context: NetworkApprovalContext | UnsetType | None = UNSET
    command: str | UnsetType | None = UNSET
    cwd: LegacyAppPathString | UnsetType | None = UNSET
    command_actions: list[CommandAction] | UnsetType | None = UNSET
    additional_permissions: AdditionalPermissionProfile | UnsetType | None = UNSET
    proposed_execpolicy_amendment: list[str] | UnsetType | None = UNSET
    proposed_network_policy_amendments: list[NetworkPolicyAmendment] | UnsetType | None = UNSET
    available_decisions: list[CommandExecutionApprovalDecision] | UnsetType | None = UNSET


class CommandExecutionRequestApprovalResponse(Params):
    """TODO CommandExecutionRequestApprovalResponse"""

    decision: CommandExecutionApprovalDecision


class FileChangeRequestApprovalParams(Wire):
    """TODO FileChangeRequestApprovalParams"""

    thread_id: str
    turn_id: str
    item_id: str
    started_at_ms: Int64
    reason: str | None = None
    grant_root: str | None = None


FileChangeApprovalDecision: TypeAlias = Literal["accept", "acceptForSession", "decline", "cancel"]
"""TODO FileChangeApprovalDecision"""


class FileChangeRequestApprovalResponse(Params):
    """TODO FileChangeRequestApprovalResponse"""

    decision: FileChangeApprovalDecision


class PermissionsRequestApprovalParams(Wire):
    """TODO PermissionsRequestApprovalParams"""

    thread_id: str
    turn_id: str
    item_id: str
    environment_id: str | None = None
    started_at_ms: Int64
    cwd: LegacyAppPathString
    reason: str | None = None
    permissions: RequestPermissionProfile


PermissionGrantScope: TypeAlias = Literal["turn", "session"]
"""TODO PermissionGrantScope"""


class PermissionsRequestApprovalResponse(Params):
    """TODO PermissionsRequestApprovalResponse"""

    permissions: GrantedPermissionProfile
    scope: PermissionGrantScope = "turn"
    strict_auto_review: bool | None = None
