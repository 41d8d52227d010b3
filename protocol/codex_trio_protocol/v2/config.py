"""TODO module config"""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import field

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
    Wire,
)
from codex_trio_protocol.v2.common import ReasoningEffort, ReasoningSummary, Verbosity
from codex_trio_protocol.v2.permissions import ApprovalsReviewer, AskForApproval, SandboxMode

MergeStrategy: TypeAlias = Literal["replace", "upsert"]
"""TODO MergeStrategy"""


class ConfigEdit(Params):
    """TODO ConfigEdit"""

    key_path: str
    value: JsonValue
    merge_strategy: MergeStrategy


class ConfigBatchWriteParams(Params):
    """TODO ConfigBatchWriteParams"""

    edits: list[ConfigEdit]
    file_path: str | None = None
    expected_version: str | None = None
    reload_user_config: bool = False


class ConfigReadParams(Params):
    """TODO ConfigReadParams"""

    include_layers: bool = False
    cwd: str | None = None


class ConfigValueWriteParams(Params):
    """TODO ConfigValueWriteParams"""

    key_path: str
    value: JsonValue
    merge_strategy: MergeStrategy
    file_path: str | None = None
    expected_version: str | None = None


AllowDenyRequirement: TypeAlias = Annotated[str, Known("allow", "deny")]
"""TODO AllowDenyRequirement"""


class AnalyticsConfig(Wire):
    """TODO AnalyticsConfig"""

    enabled: bool | None = None


class AppLinksConfig(Wire):
    """TODO AppLinksConfig"""


AppToolApproval: TypeAlias = Annotated[str, Known("auto", "prompt", "writes", "approve")]
"""TODO AppToolApproval"""


class AppToolsConfig(Wire):
    """TODO AppToolsConfig"""


ToolExposureSurface: TypeAlias = Annotated[str, Known("code_mode", "deferred", "direct")]
"""TODO ToolExposureSurface"""


class AppConfig(Wire, rename=None):
    """TODO AppConfig"""

    approvals_reviewer: ApprovalsReviewer | None = None
    default_tools_approval_mode: AppToolApproval | None = None
    default_tools_enabled: bool | None = None
    destructive_enabled: bool | None = None
    enabled: bool = True
    links: AppLinksConfig | None = None
    omit_tools_from: list[ToolExposureSurface] | None = None
    open_world_enabled: bool | None = None
    tools: AppToolsConfig | None = None


class AppLinkConfig(Wire, rename=None):
    """TODO AppLinkConfig"""

    approvals_reviewer: ApprovalsReviewer | None = None
    default_tools_approval_mode: AppToolApproval | None = None


class AppToolConfig(Wire, rename=None):
    """TODO AppToolConfig"""

    approval_mode: AppToolApproval | None = None
    enabled: bool | None = None


class AppsDefaultConfig(Wire, rename=None):
    """TODO AppsDefaultConfig"""

    enabled: bool = True
    approvals_reviewer: ApprovalsReviewer | None = None
    destructive_enabled: bool = True
    open_world_enabled: bool = True
    default_tools_approval_mode: AppToolApproval | None = None


class AppsConfig(Wire, rename=None):
    """TODO AppsConfig"""

    default: AppsDefaultConfig | None = field(name="_default", default=None)


AutoCompactTokenLimitScope: TypeAlias = Annotated[str, Known("total", "body_after_prefix")]
"""TODO AutoCompactTokenLimitScope"""


class BrowserUseOriginPolicyConfig(Wire, rename=None):
    """TODO BrowserUseOriginPolicyConfig"""

    access: AllowDenyRequirement | None = None
    downloads: AllowDenyRequirement | None = None
    uploads: AllowDenyRequirement | None = None
    full_cdp_access: AllowDenyRequirement | None = None


class BrowserUseConfig(Wire, rename=None):
    """TODO BrowserUseConfig"""

    allow_history_access: bool | None = None
    default_origin_policy: BrowserUseOriginPolicyConfig | None = None
    origins: dict[str, BrowserUseOriginPolicyConfig] | None = None


class ComputerUseMacosConfig(Wire, rename=None):
    """TODO ComputerUseMacosConfig"""

    bundle_ids: dict[str, AllowDenyRequirement] | None = None


class ComputerUseWindowsExeConfig(Wire, rename=None):
    """TODO ComputerUseWindowsExeConfig"""

    publisher_name: str
    product_name: str
    binary_name: str | None = None
    access: AllowDenyRequirement


class ComputerUseWindowsConfig(Wire):
    """TODO ComputerUseWindowsConfig"""

    aumids: dict[str, AllowDenyRequirement] | None = None
    exes: list[ComputerUseWindowsExeConfig] | None = None


class ComputerUseConfig(Wire, rename=None):
    """TODO ComputerUseConfig"""

    default_app_access: AllowDenyRequirement | None = None
    macos: ComputerUseMacosConfig | None = None
    windows: ComputerUseWindowsConfig | None = None


Config: TypeAlias = Annotated[JsonObject, Shape("config:ConfigShape")]
"""TODO Config"""


class PackagedDefaultsConfigLayerSource(Tagged, tag="packagedDefaults"):
    """TODO PackagedDefaultsConfigLayerSource"""

    file: AbsolutePathBuf


class MdmConfigLayerSource(Tagged, tag="mdm"):
    """TODO MdmConfigLayerSource"""

    domain: str
    key: str


class SystemConfigLayerSource(Tagged, tag="system"):
    """TODO SystemConfigLayerSource"""

    file: AbsolutePathBuf


class EnterpriseManagedConfigLayerSource(Tagged, tag="enterpriseManaged"):
    """TODO EnterpriseManagedConfigLayerSource"""

    id: str
    name: str


class UserConfigLayerSource(Tagged, tag="user"):
    """TODO UserConfigLayerSource"""

    file: AbsolutePathBuf
    profile: str | None = None


class ProjectConfigLayerSource(Tagged, tag="project"):
    """TODO ProjectConfigLayerSource"""

    dot_codex_folder: AbsolutePathBuf


class SessionFlagsConfigLayerSource(Tagged, tag="sessionFlags"):
    """TODO SessionFlagsConfigLayerSource"""


class LegacyManagedConfigTomlFromFileConfigLayerSource(Tagged, tag="legacyManagedConfigTomlFromFile"):
    """TODO LegacyManagedConfigTomlFromFileConfigLayerSource"""

    file: AbsolutePathBuf


class LegacyManagedConfigTomlFromMdmConfigLayerSource(Tagged, tag="legacyManagedConfigTomlFromMdm"):
    """TODO LegacyManagedConfigTomlFromMdmConfigLayerSource"""


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
"""TODO ConfigLayerSource"""


class ConfigLayer(Wire):
    """TODO ConfigLayer"""

    name: ConfigLayerSource
    version: str
    config: JsonValue
    disabled_reason: str | None = None


class ConfigLayerMetadata(Wire):
    """TODO ConfigLayerMetadata"""

    name: ConfigLayerSource
    version: str


ForcedChatgptWorkspaceIds: TypeAlias = str | list[str]
"""TODO ForcedChatgptWorkspaceIds"""


ForcedLoginMethod: TypeAlias = Annotated[str, Known("chatgpt", "api")]
"""TODO ForcedLoginMethod"""


class SandboxWorkspaceWrite(Wire, rename=None):
    """TODO SandboxWorkspaceWrite"""

    writable_roots: list[str] = field(default_factory=list)
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False


WebSearchContextSize: TypeAlias = Annotated[str, Known("low", "medium", "high")]
"""TODO WebSearchContextSize"""


class WebSearchLocation(Wire, forbid_unknown_fields=True):
    """TODO WebSearchLocation"""

    country: str | None = None
    region: str | None = None
    city: str | None = None
    timezone: str | None = None


class WebSearchToolConfig(Wire, rename=None, forbid_unknown_fields=True):
    """TODO WebSearchToolConfig"""

    context_size: WebSearchContextSize | None = None
    allowed_domains: list[str] | None = None
    location: WebSearchLocation | None = None


class ToolsV2(Wire, rename=None):
    """TODO ToolsV2"""

    web_search: WebSearchToolConfig | None = None


WebSearchMode: TypeAlias = Annotated[str, Known("disabled", "cached", "indexed", "live")]
"""TODO WebSearchMode"""


WebSearchProvider: TypeAlias = Annotated[str, Known("standalone", "search_mcp")]
"""TODO WebSearchProvider"""


class ConfigReadResponse(Wire):
    """TODO ConfigReadResponse"""

    config: Config
    origins: dict[str, ConfigLayerMetadata]
    layers: list[ConfigLayer] | None = None


BrowserUseAccessApprovalLifetime: TypeAlias = Annotated[str, Known("turn", "thread")]
"""TODO BrowserUseAccessApprovalLifetime"""


class OverriddenMetadata(Wire):
    """TODO OverriddenMetadata"""

    message: str
    overriding_layer: ConfigLayerMetadata
    effective_value: JsonValue


WriteStatus: TypeAlias = Annotated[str, Known("ok", "okOverridden")]
"""TODO WriteStatus"""


class ConfigWriteResponse(Wire):
    """TODO ConfigWriteResponse"""

    status: WriteStatus
    version: str
    file_path: AbsolutePathBuf
    overridden_metadata: OverriddenMetadata | None = None


class ProfileV2(Wire, rename=None):
    """TODO ProfileV2"""

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
    """TODO Config"""

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
    profile: str | None = None
    profiles: dict[str, ProfileV2] = field(default_factory=dict)
