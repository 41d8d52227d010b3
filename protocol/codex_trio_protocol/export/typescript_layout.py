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


def _member(union: str, tag: str) -> Derived:
    name = union.rpartition("/")[2]
    return Derived(f'Omit<Extract<{name}, {{ "type": "{tag}" }}>, "type">', union)


DERIVED: Final = {
    "ExecPolicyAmendment": Derived("Array<string>"),
    "GitSha": Derived("string"),
    "ImageGenerationItem": _member("v2/ThreadItem", "imageGeneration"),
    "LocalShellExecAction": _member("LocalShellAction", "exec"),
    "ResponseItemId": Derived("string"),
    "SleepItem": _member("v2/ThreadItem", "sleep"),
    "WebSearchItem": _member("v2/ThreadItem", "webSearch"),
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
