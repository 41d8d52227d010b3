"""Names and types of the params that a program may give when it starts a thread or a turn, in wire spelling.

A type checker refuses a name or a value that the protocol does not have; at run time `checks` does. Structured values
are the protocol's structs or plain JSON objects. Owns the lists, which a test holds against the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from codex_trio_protocol.base import JsonObject, JsonValue
    from codex_trio_protocol.v2.common import (
        CollaborationMode,
        CyberAccessProgram,
        MultiAgentMode,
        Personality,
        ReasoningEffort,
        ReasoningSummary,
        ThreadSource,
    )
    from codex_trio_protocol.v2.environment import TurnEnvironmentParams
    from codex_trio_protocol.v2.permissions import ApprovalsReviewer, AskForApproval, SandboxMode, SandboxPolicy
    from codex_trio_protocol.v2.thread import ThreadHistoryMode
    from codex_trio_protocol.v2.thread_start import (
        DynamicToolSpec,
        SelectedCapabilityRoot,
        ThreadResumeInitialTurnsPageParams,
        ThreadStartSource,
    )
    from codex_trio_protocol.v2.user_input import AdditionalContextEntry, TurnToolOutput


class ThreadStartOptions(TypedDict, total=False):
    """Further params of `thread/start`. What is not given comes from the server's configuration."""

    model: str | None
    modelProvider: str | None
    allowProviderModelFallback: bool
    """Take the provider's default when it does not have the model."""
    serviceTier: str | None
    """Null is the default tier, absence the configured one."""
    cwd: str | None
    """Relative to the server's own folder; need not exist."""
    runtimeWorkspaceRoots: Sequence[str] | None
    approvalPolicy: AskForApproval | JsonObject | None
    approvalsReviewer: ApprovalsReviewer | None
    sandbox: SandboxMode | None
    """Not together with `permissions`."""
    permissions: str | None
    """A permission profile's name."""
    config: JsonObject | None
    """Configuration by dotted key, stronger than files."""
    serviceName: str | None
    baseInstructions: str | None
    developerInstructions: str | None
    personality: Personality | None
    multiAgentMode: MultiAgentMode | JsonObject | None
    ephemeral: bool | None
    """Keep nothing on disk."""
    historyMode: ThreadHistoryMode | None
    sessionStartSource: ThreadStartSource | None
    threadSource: ThreadSource | None
    projectId: str | None
    daybreakEnabled: bool | None
    environments: Sequence[TurnEnvironmentParams | JsonObject] | None
    """Where tools run; null is the default one, an empty list none."""
    dynamicTools: Sequence[DynamicToolSpec | JsonObject] | None
    """Tools that this client runs."""
    selectedCapabilityRoots: Sequence[SelectedCapabilityRoot | JsonObject] | None
    experimentalRawEvents: bool
    """Also notify of every item of the model's history."""


class ThreadResumeOptions(TypedDict, total=False):
    """Further params of `thread/resume`. What is not given stays as it was stored."""

    history: Sequence[JsonObject] | None
    """Model items to begin with instead of a stored thread; makes a new thread."""
    path: str | None
    """A rollout file to load; the thread id is ignored then."""
    model: str | None
    modelProvider: str | None
    serviceTier: str | None
    """Null returns to the default, absence keeps."""
    cwd: str | None
    runtimeWorkspaceRoots: Sequence[str] | None
    approvalPolicy: AskForApproval | JsonObject | None
    approvalsReviewer: ApprovalsReviewer | None
    sandbox: SandboxMode | None
    permissions: str | None
    config: JsonObject | None
    baseInstructions: str | None
    developerInstructions: str | None
    personality: Personality | None
    excludeTurns: bool
    """Leave `thread.turns` empty in the answer."""
    initialTurnsPage: ThreadResumeInitialTurnsPageParams | JsonObject | None
    """Ask for a page of turns in the answer."""


class TurnStartOptions(TypedDict, total=False):
    """Further params of `turn/start`. Settings given here last for later turns too, unless said otherwise."""

    disabledPluginIds: Sequence[str] | None
    """Plugins to leave out; null keeps the list, an empty one enables all."""
    clientUserMessageId: str | None
    """Comes back as the message item's `clientId`."""
    turnTrigger: str | None
    """What made the client start the turn; for statistics."""
    parentTurnId: str | None
    """The turn on whose behalf this one works."""
    rootTurnId: str | None
    """The first turn of that chain."""
    toolOutput: TurnToolOutput | JsonObject | None
    responsesapiClientMetadata: Mapping[str, str] | None
    """Replaces the metadata sent along with model requests."""
    responsesapiClientMetadataPatch: Mapping[str, str] | None
    """Is merged into that metadata."""
    additionalContext: Mapping[str, AdditionalContextEntry | JsonObject] | None
    """Pieces of context by a key of the client's choice."""
    environments: Sequence[TurnEnvironmentParams | JsonObject] | None
    """Where tools run; null keeps, an empty list leaves the turn without any."""
    cwd: str | None
    runtimeWorkspaceRoots: Sequence[str] | None
    approvalPolicy: AskForApproval | JsonObject | None
    approvalsReviewer: ApprovalsReviewer | None
    sandboxPolicy: SandboxPolicy | JsonObject | None
    permissions: str | None
    """A profile's name; not together with `sandboxPolicy`."""
    model: str | None
    serviceTier: str | None
    """Null returns to the default, absence keeps."""
    serviceTierForTurn: str | None
    """For this turn only, and only if it starts one; `default` is the standard tier."""
    effort: ReasoningEffort | None
    summary: ReasoningSummary | None
    personality: Personality | None
    outputSchema: JsonValue
    """JSON Schema for the final answer of this turn."""
    collaborationMode: CollaborationMode | JsonObject | None
    multiAgentMode: MultiAgentMode | JsonObject | None
    cyberAccessProgram: CyberAccessProgram | None
