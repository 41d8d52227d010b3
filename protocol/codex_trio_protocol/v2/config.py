"""Configuration: what is in force, where it comes from, and changing it."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import (
    AbsolutePathBuf,
    Int64,
    JsonObject,
    JsonValue,
    Known,
    Open,
    Params,
    Shape,
    Tagged,
    Until,
    Wire,
)
from codex_trio_protocol.v2.common import ReasoningEffort, ReasoningSummary, Verbosity
from codex_trio_protocol.v2.permissions import ApprovalsReviewer, AskForApproval, SandboxMode

MergeStrategy: TypeAlias = Literal["replace", "upsert"]
"""Put the value in place of the old one, or merge tables."""


class ConfigEdit(Params):
    """One change. A null value removes the key."""

    key_path: str
    value: JsonValue
    merge_strategy: MergeStrategy


class ConfigBatchWriteParams(Params):
    """Make several changes at once, or none.

    Errors: -32600 with `data` that names the reason: a version that is out of date, a file that must not be written, an
    invalid result.
    """

    edits: list[ConfigEdit]
    file_path: str | None = None
    """Null is the user's file."""
    expected_version: str | None = None
    """Refuse when the file has changed since; null does not check."""
    reload_user_config: bool = False
    """Let loaded threads feel it."""


class ConfigReadParams(Params):
    """Read the configuration that is in force, for a folder if one is named.

    Errors: -32603 when it cannot be loaded.
    """

    include_layers: bool = False
    """Also send each layer by itself."""
    cwd: str | None = None


class ConfigValueWriteParams(Params):
    """Make one change. Errors as for `config/batchWrite`."""

    key_path: str
    value: JsonValue
    merge_strategy: MergeStrategy
    file_path: str | None = None
    """Null is the user's file."""
    expected_version: str | None = None
    """Refuse when the file has changed since; null does not check."""


AllowDenyRequirement: TypeAlias = Annotated[str, Known("allow", "deny")]
"""Yes or no."""


class AnalyticsConfig(Wire):
    """Whether statistics are sent; null is the default."""

    enabled: bool | None = None


AppToolApproval: TypeAlias = Annotated[str, Known("auto", "prompt", "writes", "approve")]
"""When a tool of an app asks."""


class AppLinkConfig(Wire, rename=None):
    """Settings of a connected account."""

    approvals_reviewer: ApprovalsReviewer | None = None
    default_tools_approval_mode: AppToolApproval | None = None


AppLinksConfig: TypeAlias = dict[str, AppLinkConfig]
"""Settings of connected accounts by their id."""


class AppToolConfig(Wire, rename=None):
    """Settings of a tool."""

    approval_mode: AppToolApproval | None = None
    enabled: bool | None = None


AppToolsConfig: TypeAlias = dict[str, AppToolConfig]
"""Settings of an app's tools by name."""


ToolExposureSurface: TypeAlias = Annotated[str, Known("code_mode", "deferred", "direct")]
"""Where a tool shows to the model."""


class AppConfig(Wire, rename=None):
    """Settings of an app. Null is the default."""

    approvals_reviewer: ApprovalsReviewer | None = None
    default_tools_approval_mode: AppToolApproval | None = None
    default_tools_enabled: bool | None = None
    destructive_enabled: bool | None = None
    enabled: bool = True
    links: AppLinksConfig | None = None
    omit_tools_from: list[ToolExposureSurface] | None = None
    open_world_enabled: bool | None = None
    tools: AppToolsConfig | None = None


class AppsDefaultConfig(Wire, rename=None):
    """Settings of apps without their own."""

    enabled: bool = True
    approvals_reviewer: ApprovalsReviewer | None = None
    destructive_enabled: bool = True
    open_world_enabled: bool = True
    default_tools_approval_mode: AppToolApproval | None = None


class AppsConfig(Wire):
    """Settings of apps by their id."""

    other_keys_hold: ClassVar[str | None] = "AppConfig"

    default: AppsDefaultConfig | None = field(name="_default", default=None)


AutoCompactTokenLimitScope: TypeAlias = Annotated[str, Known("total", "body_after_prefix")]
"""Which tokens count towards compaction."""


class BrowserUseOriginPolicyConfig(Wire, rename=None):
    """What the browser tool may do on a site. Null is the default."""

    access: AllowDenyRequirement | None = None
    downloads: AllowDenyRequirement | None = None
    uploads: AllowDenyRequirement | None = None
    full_cdp_access: AllowDenyRequirement | None = None


class BrowserUseConfig(Wire, rename=None):
    """Settings of the browser tool."""

    allow_history_access: bool | None = None
    default_origin_policy: BrowserUseOriginPolicyConfig | None = None
    origins: dict[str, BrowserUseOriginPolicyConfig] | None = None


class ComputerUseMacosConfig(Wire, rename=None):
    """Programs by bundle id."""

    bundle_ids: dict[str, AllowDenyRequirement] | None = None


class ComputerUseWindowsExeConfig(Wire, rename=None):
    """A program by its publisher and names."""

    publisher_name: str
    product_name: str
    binary_name: str | None = None
    access: AllowDenyRequirement


class ComputerUseWindowsConfig(Wire):
    """Programs by their ids and files."""

    aumids: dict[str, AllowDenyRequirement] | None = None
    exes: list[ComputerUseWindowsExeConfig] | None = None


class ComputerUseConfig(Wire, rename=None):
    """Which programs may be controlled."""

    default_app_access: AllowDenyRequirement | None = None
    macos: ComputerUseMacosConfig | None = None
    windows: ComputerUseWindowsConfig | None = None


Config: TypeAlias = Annotated[JsonObject, Shape("config:ConfigShape")]
"""Configuration by key, as it is in force. Keys that this release does not know are kept."""


class PackagedDefaultsConfigLayerSource(Tagged, tag="packagedDefaults"):
    """What came with the program."""

    file: AbsolutePathBuf


class MdmConfigLayerSource(Tagged, tag="mdm"):
    """Managed preferences of macOS."""

    domain: str
    key: str


class SystemConfigLayerSource(Tagged, tag="system"):
    """The machine's file."""

    file: AbsolutePathBuf


class EnterpriseManagedConfigLayerSource(Tagged, tag="enterpriseManaged"):
    """What the account's administrator sends."""

    id: str
    name: str


class UserConfigLayerSource(Tagged, tag="user"):
    """The user's file; with a profile's name when one is chosen."""

    file: AbsolutePathBuf
    profile: str | None = None


class ProjectConfigLayerSource(Tagged, tag="project"):
    """A project's folder."""

    dot_codex_folder: AbsolutePathBuf


class SessionFlagsConfigLayerSource(Tagged, tag="sessionFlags"):
    """What was given for this session."""


class LegacyManagedConfigTomlFromFileConfigLayerSource(Tagged, tag="legacyManagedConfigTomlFromFile"):
    """A managed file of the older kind."""

    file: AbsolutePathBuf


class LegacyManagedConfigTomlFromMdmConfigLayerSource(Tagged, tag="legacyManagedConfigTomlFromMdm"):
    """Managed preferences of the older kind."""


ConfigLayerSource: TypeAlias = Open[
    PackagedDefaultsConfigLayerSource
    | MdmConfigLayerSource
    | SystemConfigLayerSource
    | EnterpriseManagedConfigLayerSource
    | UserConfigLayerSource
    | ProjectConfigLayerSource
    | SessionFlagsConfigLayerSource
    | LegacyManagedConfigTomlFromFileConfigLayerSource
    | LegacyManagedConfigTomlFromMdmConfigLayerSource
]
"""Where a layer comes from."""


class ConfigLayer(Wire):
    """A layer and its content. The reason is left out when it is in force."""

    name: ConfigLayerSource
    version: str
    config: JsonValue
    disabled_reason: str | UnsetType | None = UNSET


class ConfigLayerMetadata(Wire):
    """A layer and the version of its content."""

    name: ConfigLayerSource
    version: str


ForcedChatgptWorkspaceIds: TypeAlias = str | list[str]
"""Workspaces that must be used."""


ForcedLoginMethod: TypeAlias = Annotated[str, Known("chatgpt", "api")]
"""A login that must be used."""


class SandboxWorkspaceWrite(Wire, rename=None):
    """Settings of the workspace-write sandbox."""

    writable_roots: list[str] = field(default_factory=list)
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False


WebSearchContextSize: TypeAlias = Annotated[str, Known("low", "medium", "high")]
"""How much a search hands to the model."""


class WebSearchLocation(Wire, forbid_unknown_fields=True):
    """Where the user is. Null where not set."""

    country: str | None = None
    region: str | None = None
    city: str | None = None
    timezone: str | None = None


class WebSearchToolConfig(Wire, rename=None, forbid_unknown_fields=True):
    """Settings of web search."""

    context_size: WebSearchContextSize | None = None
    allowed_domains: list[str] | None = None
    location: WebSearchLocation | None = None


class ToolsV2(Wire, rename=None):
    """Settings of tools."""

    web_search: WebSearchToolConfig | None = None


WebSearchMode: TypeAlias = Annotated[str, Known("disabled", "cached", "indexed", "live")]
"""Whether the web is searched, and how fresh results are."""


WebSearchProvider: TypeAlias = Annotated[str, Known("standalone", "search_mcp")]
"""Who searches."""


class ConfigReadResponse(Wire):
    """The configuration, where each key comes from, and the layers, left out unless asked for."""

    config: Config
    origins: dict[str, ConfigLayerMetadata]
    layers: list[ConfigLayer] | UnsetType | None = UNSET


BrowserUseAccessApprovalLifetime: TypeAlias = Annotated[str, Known("turn", "thread")]
"""How long an approval lasts."""


class OverriddenMetadata(Wire):
    """Another layer hides what was written."""

    message: str
    overriding_layer: ConfigLayerMetadata
    effective_value: JsonValue


WriteStatus: TypeAlias = Annotated[str, Known("ok", "okOverridden")]
"""Whether what was written is in force."""


class ConfigWriteResponse(Wire):
    """What was written and where."""

    status: WriteStatus
    version: str
    file_path: AbsolutePathBuf
    overridden_metadata: OverriddenMetadata | None = None
    """What hides it; null when nothing does."""


class ProfileV2(Wire, rename=None):
    """Settings under a name. Releases up to 0.131.0."""

    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    chatgpt_base_url: str | None = None
    model: str | None = None
    model_provider: str | None = None
    model_reasoning_effort: ReasoningEffort | None = None
    model_reasoning_summary: ReasoningSummary | None = None
    model_verbosity: Verbosity | None = None
    service_tier: str | None = None
    tools: ToolsV2 | None = None
    web_search: WebSearchMode | None = None


class ConfigShape(Wire, rename=None):
    """Configuration by key, as it is in force. Keys that this release does not know are kept."""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"apps"})

    model: str | None = None
    review_model: str | None = None
    model_context_window: Int64 | None = None
    model_auto_compact_token_limit: Int64 | None = None
    model_auto_compact_token_limit_scope: AutoCompactTokenLimitScope | None = None
    model_provider: str | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox_mode: SandboxMode | None = None
    sandbox_workspace_write: SandboxWorkspaceWrite | None = None
    forced_chatgpt_workspace_id: ForcedChatgptWorkspaceIds | None = None
    forced_login_method: ForcedLoginMethod | None = None
    web_search: WebSearchMode | None = None
    client_search_provider: WebSearchProvider | None = None
    tools: ToolsV2 | None = None
    instructions: str | None = None
    developer_instructions: str | None = None
    compact_prompt: str | None = None
    model_reasoning_effort: ReasoningEffort | None = None
    model_reasoning_summary: ReasoningSummary | None = None
    model_verbosity: Verbosity | None = None
    service_tier: str | None = None
    analytics: AnalyticsConfig | None = None
    apps: AppsConfig | None = None
    browser_use: BrowserUseConfig | None = None
    computer_use: ComputerUseConfig | None = None
    desktop: JsonObject | None = None
    profile: Annotated[str | None, Until("0.131.0")] = None
    profiles: Annotated[dict[str, ProfileV2], Until("0.131.0")] = field(default_factory=dict)
