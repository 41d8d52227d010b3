"""Server requests that ask a client to approve a command, a file change or more permissions."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Int64, Known, OneOf, Open, OpenWord, Params, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString, NetworkPolicyAmendment
from codex_trio_protocol.v2.item import CommandAction
from codex_trio_protocol.v2.permissions import (
    AdditionalPermissionProfile,
    GrantedPermissionProfile,
    RequestPermissionProfile,
)


class AcceptWithExecpolicyAmendment(Wire, rename=None):
    """Run it, and write a rule that lets commands starting with these words run unasked."""

    execpolicy_amendment: list[str]


class ApplyNetworkPolicyAmendment(Wire, rename=None):
    """Write the given rule about a host; it also decides on this request."""

    network_policy_amendment: NetworkPolicyAmendment


class CommandExecutionApprovalDecisionObject(OneOf, forbid_unknown_fields=True):
    """The decisions that carry a rule."""

    one_of: ClassVar[tuple[str, ...]] = ("accept_with_execpolicy_amendment", "apply_network_policy_amendment")

    accept_with_execpolicy_amendment: AcceptWithExecpolicyAmendment | UnsetType = UNSET
    apply_network_policy_amendment: ApplyNetworkPolicyAmendment | UnsetType = UNSET


CommandExecutionApprovalDecision: TypeAlias = (
    Literal["accept", "acceptForSession", "decline", "cancel"] | CommandExecutionApprovalDecisionObject
)
"""Answer to a command approval.

`acceptForSession` covers the same command later on; `decline` lets the turn go on, `cancel` ends it.
"""


CommandExecutionApprovalKind: TypeAlias = Annotated[str, Known("command", "writeStdin", "humanCommand")]
"""What is asked for: a command, input for a running one, or a command that a person must see."""


NetworkApprovalProtocol: TypeAlias = Annotated[str, Known("http", "https", "socks5Tcp", "socks5Udp")]
"""How a host would be reached."""


class NetworkApprovalContext(Wire):
    """The host that a command tried to reach."""

    host: str
    protocol: NetworkApprovalProtocol


class CommandExecutionRequestApprovalParams(Wire):
    """Ask whether a command may run, sent to every subscriber of the thread; the first answer counts.

    Keys without a value are left out.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"additional_permissions", "available_decisions"})

    kind: CommandExecutionApprovalKind = "command"
    thread_id: str
    turn_id: str
    item_id: str
    started_at_ms: Int64
    """Since when the request is open, in Unix milliseconds."""
    approval_id: str | UnsetType | None = UNSET
    """Tells several approvals of one item apart."""
    environment_id: str | None = None
    """Where it would run; null for the only environment."""
    reason: str | UnsetType | None = UNSET
    """The model's reason, in its own words."""
    network_approval_context: NetworkApprovalContext | UnsetType | None = UNSET
    command: str | UnsetType | None = UNSET
    """The command line, quoted for a shell."""
    cwd: LegacyAppPathString | UnsetType | None = UNSET
    command_actions: list[CommandAction] | UnsetType | None = UNSET
    """What it seems to do, for display."""
    additional_permissions: AdditionalPermissionProfile | UnsetType | None = UNSET
    proposed_execpolicy_amendment: list[str] | UnsetType | None = UNSET
    """Leading words of a rule that would make asking again needless."""
    proposed_network_policy_amendments: list[NetworkPolicyAmendment] | UnsetType | None = UNSET
    available_decisions: list[OpenWord[Open[CommandExecutionApprovalDecision]]] | UnsetType | None = UNSET
    """What to offer, in this order; others are understood too."""


class CommandExecutionRequestApprovalResponse(Params):
    """The decision on a command. One that cannot be read counts as `decline`."""

    decision: CommandExecutionApprovalDecision


class FileChangeRequestApprovalParams(Wire):
    """Ask whether a patch may be applied; the item that was started shows it. The first answer counts."""

    thread_id: str
    turn_id: str
    item_id: str
    started_at_ms: Int64
    """Since when the request is open, in Unix milliseconds."""
    reason: str | None = None
    grant_root: str | None = None
    """When not null, accepting also permits writes below this folder for the session."""


FileChangeApprovalDecision: TypeAlias = Literal["accept", "acceptForSession", "decline", "cancel"]
"""Answer to a patch approval. `acceptForSession` covers later patches to the same files."""


class FileChangeRequestApprovalResponse(Params):
    """The decision on a patch."""

    decision: FileChangeApprovalDecision


class PermissionsRequestApprovalParams(Wire):
    """Ask for more permissions on the model's behalf."""

    thread_id: str
    turn_id: str
    item_id: str
    environment_id: str | None = None
    started_at_ms: Int64
    """Since when the request is open, in Unix milliseconds."""
    cwd: LegacyAppPathString
    reason: str | None = None
    permissions: RequestPermissionProfile


PermissionGrantScope: TypeAlias = Literal["turn", "session"]
"""How long a grant lasts."""


class PermissionsRequestApprovalResponse(Params):
    """What is granted; an empty profile refuses."""

    permissions: GrantedPermissionProfile
    scope: PermissionGrantScope = "turn"
    strict_auto_review: bool | None = None
    """True has every later command of this turn reviewed first."""
