"""Where TypeScript declarations stand, so that clients' imports resolve. Data only.

Most types have a file of their own under `v2`. Older ones stand in the root, a few under another name than ours or in
both places, and some names that clients import stand for a part of one of our types.
"""

from typing import Final, NamedTuple

PATHS: Final = {
    "LegacySessionSource": "SessionSource",
    "ResponsesApiWebSearchAction": "WebSearchAction",
    "SessionSource": "v2/SessionSource",
    "WebSearchAction": "v2/WebSearchAction",
}
"""Paths of types that two generations have under one name."""


class Derived(NamedTuple):
    """A name for a part of one of our types, or for a plain one. `source` is the path of the type it mentions."""

    expression: str
    source: str | None = None


def _member(union: str, tag: str, *, without: tuple[str, ...] = ("type",)) -> Derived:
    """Return a member of a union, without its tag. Each of the shapes that it may have is taken by itself."""
    name = union.rpartition("/")[2]
    keys = " | ".join(f'"{key}"' for key in without)
    member = f'Extract<{name}, {{ "type": "{tag}" }}>'
    return Derived(
        f"{member} extends infer Member ? (Member extends unknown ? Omit<Member, {keys}> : never) : never", union
    )


def _thread_item(tag: str) -> Derived:
    return _member("v2/ThreadItem", tag, without=("type", "startedAtMs", "completedAtMs"))


DERIVED: Final = {
    "ExecPolicyAmendment": Derived("Array<string>"),
    "GitSha": Derived("string"),
    "ImageGenerationItem": _thread_item("imageGeneration"),
    "LocalShellExecAction": _member("LocalShellAction", "exec"),
    "ResponseItemId": Derived("string"),
    "SleepItem": _thread_item("sleep"),
    "WebSearchItem": _thread_item("webSearch"),
    "v2/BedrockSettingsParams": _member("v2/ProviderSettingsPatch", "bedrock"),
    "v2/CustomGatewaySettingsParams": _member("v2/ProviderSettingsPatch", "customGateway"),
    "v2/DynamicToolFunctionSpec": _member("v2/DynamicToolSpec", "function"),
    "v2/DynamicToolNamespaceSpec": _member("v2/DynamicToolSpec", "namespace"),
    "v2/ExecPolicyAmendment": Derived("ExecPolicyAmendment", "ExecPolicyAmendment"),
    "v2/GcpSettingsParams": _member("v2/ProviderSettingsPatch", "gcp"),
    "v2/NetworkPolicyAmendment": Derived("NetworkPolicyAmendment", "NetworkPolicyAmendment"),
    "v2/NetworkPolicyRuleAction": Derived("NetworkPolicyRuleAction", "NetworkPolicyRuleAction"),
}
"""Names without a type of ours, by their path."""

INLINE: Final = frozenset({"AppConfig", "AppLinkConfig", "AppToolConfig", "ThreadListCwdFilter"})
"""Types that have no file of their own, beside those that have no name in any format."""

EXPERIMENTAL_PARTS: Final = frozenset({"RemoteControlClientsListOrder"})
"""Types that only params of experimental methods mention and that do not stand among the stable ones either."""

STABLE_PARTS: Final = frozenset(
    [
        "AccountSession",
        "AccountSessionWorkspace",
        "AccountSessionWorkspaceKind",
        "AppLinksConfig",
        "AppToolsConfig",
        "CollaborationModeMask",
        "PathUri",
        "PluginSearchResult",
        "Project",
        "QueuedSubmission",
        "RealtimeVoicesList",
        "RemoteControlDisableParams",
        "RemoteControlEnableParams",
        "ServerDiagnosticsGauge",
        "ServerDiagnosticsProcess",
        "ThreadRealtimeCoverage",
        "ThreadRealtimeEntry",
        "ThreadSearchResult",
        "ThreadTimelineEntry",
        "ToolExposureSurface",
    ]
)
"""Types that stand among the stable ones although only experimental methods mention them."""

ROOT_TYPES: Final = frozenset(
    [
        "AbsolutePathBuf",
        "AgentMessageInputContent",
        "AgentPath",
        "ApplyPatchApprovalParams",
        "ApplyPatchApprovalResponse",
        "AuthMode",
        "AutoCompactTokenLimitScope",
        "ClientInfo",
        "CodexResponseHandoffMode",
        "CollaborationMode",
        "ConfigurationReasoning",
        "ContentItem",
        "ConversationGitInfo",
        "ConversationSummary",
        "ConversationTextRole",
        "ExecCommandApprovalParams",
        "ExecCommandApprovalResponse",
        "FileChange",
        "ForcedLoginMethod",
        "FunctionCallOutputBody",
        "FunctionCallOutputContentItem",
        "FuzzyFileSearchMatchType",
        "FuzzyFileSearchParams",
        "FuzzyFileSearchResponse",
        "FuzzyFileSearchResult",
        "FuzzyFileSearchSessionCompletedNotification",
        "FuzzyFileSearchSessionStartParams",
        "FuzzyFileSearchSessionStartResponse",
        "FuzzyFileSearchSessionStopParams",
        "FuzzyFileSearchSessionStopResponse",
        "FuzzyFileSearchSessionUpdateParams",
        "FuzzyFileSearchSessionUpdateResponse",
        "FuzzyFileSearchSessionUpdatedNotification",
        "GetAuthStatusParams",
        "GetAuthStatusResponse",
        "GetConversationSummaryParams",
        "GetConversationSummaryResponse",
        "GitDiffToRemoteParams",
        "GitDiffToRemoteResponse",
        "GuardianAssessmentOutcome",
        "ImageDetail",
        "ImageGenerationFailure",
        "ImageGenerationInputImage",
        "InitializeCapabilities",
        "InitializeParams",
        "InitializeResponse",
        "InputModality",
        "InternalChatMessageMetadataPassthrough",
        "InternalSessionSource",
        "LegacyAppPathString",
        "LocalShellAction",
        "LocalShellStatus",
        "McpServerInfo",
        "MessagePhase",
        "ModeKind",
        "MultiAgentMode",
        "NetworkPolicyAmendment",
        "NetworkPolicyRuleAction",
        "ParsedCommand",
        "PathUri",
        "Personality",
        "PlanType",
        "RealtimeConversationVersion",
        "RealtimeOutputModality",
        "RealtimeVoice",
        "RealtimeVoicesList",
        "ReasoningEffort",
        "ReasoningItemContent",
        "ReasoningItemReasoningSummary",
        "ReasoningSummary",
        "RequestId",
        "Resource",
        "ResourceContent",
        "ResourceTemplate",
        "ResponseItem",
        "ReviewDecision",
        "Settings",
        "SubAgentSource",
        "ThreadId",
        "ThreadMemoryMode",
        "Tool",
        "ToolExposureSurface",
        "ToolExposureSurface",
        "Verbosity",
        "WebSearchContextSize",
        "WebSearchLocation",
        "WebSearchMode",
        "WebSearchProvider",
        "WebSearchToolConfig",
    ]
)
