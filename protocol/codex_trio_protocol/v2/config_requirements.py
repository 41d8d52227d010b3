"""TODO module config_requirements"""

from typing import Annotated, ClassVar, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import JsonObject, Known, OneOf, Open, Tagged, UInt16, UInt64, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString, ReasoningEffort
from codex_trio_protocol.v2.config import (
    AllowDenyRequirement,
    BrowserUseAccessApprovalLifetime,
    ForcedLoginMethod,
    WebSearchMode,
)
from codex_trio_protocol.v2.permissions import ApprovalsReviewer, AskForApproval, SandboxMode
from codex_trio_protocol.v2.windows import WindowsSandboxImplementation

NetworkDomainPermission: TypeAlias = Annotated[str, Known("allow", "deny")]
"""TODO NetworkDomainPermission"""


class ApplicationNetworkRequirements(Wire):
    """TODO ApplicationNetworkRequirements"""

    enabled: bool
    domains: dict[str, NetworkDomainPermission]


class ApplicationStorageRequirements(Wire):
    """TODO ApplicationStorageRequirements"""

    default_project_parent: LegacyAppPathString | None = None
    projectless_workspace_root: LegacyAppPathString | None = None


class ApplicationRequirements(Wire):
    """TODO ApplicationRequirements"""

    network: ApplicationNetworkRequirements | None = None
    storage: ApplicationStorageRequirements | None = None


class AutoReviewRequirements(Wire):
    """TODO AutoReviewRequirements"""

    required_on_models: list[str] | None = None
    ignore_rules: list[str] | None = None


class RequestHeader(Wire):
    """TODO RequestHeader"""

    name: str
    value: str


class BrowserUseExtensionRequirements(Wire):
    """TODO BrowserUseExtensionRequirements"""

    request_headers: list[RequestHeader] | None = None


class BrowserUseOriginPolicy(Wire):
    """TODO BrowserUseOriginPolicy"""

    access: AllowDenyRequirement | None = None
    downloads: AllowDenyRequirement | None = None
    uploads: AllowDenyRequirement | None = None
    full_cdp_access: AllowDenyRequirement | None = None
    auto_review: AllowDenyRequirement | None = None
    persistent_approval: bool | None = None
    access_approval_lifetime: BrowserUseAccessApprovalLifetime | None = None


class BrowserUseRequirements(Wire):
    """TODO BrowserUseRequirements"""

    extension: BrowserUseExtensionRequirements | None = None
    allow_webmcp: bool | None = None
    allow_history_access: bool | None = None
    disable_auto_review: bool | None = None
    allow_global_persistent_approval: bool | None = None
    default_origin_policy: BrowserUseOriginPolicy | None = None
    origins: dict[str, BrowserUseOriginPolicy] | None = None


CliAuthCredentialsStoreMode: TypeAlias = Annotated[str, Known("file", "keyring", "auto", "ephemeral")]
"""TODO CliAuthCredentialsStoreMode"""


class ComputerUseMacosRequirements(Wire):
    """TODO ComputerUseMacosRequirements"""

    bundle_ids: dict[str, AllowDenyRequirement] | None = None


class ComputerUseWindowsExeRequirement(Wire):
    """TODO ComputerUseWindowsExeRequirement"""

    publisher_name: str
    product_name: str
    binary_name: str | None = None
    access: AllowDenyRequirement


class ComputerUseWindowsRequirements(Wire):
    """TODO ComputerUseWindowsRequirements"""

    aumids: dict[str, AllowDenyRequirement] | None = None
    exes: list[ComputerUseWindowsExeRequirement] | None = None


class ComputerUseRequirements(Wire):
    """TODO ComputerUseRequirements"""

    allow_locked_computer_use: bool | None = None
    allow_persistent_approval: bool | None = None
    default_app_access: AllowDenyRequirement | None = None
    macos: ComputerUseMacosRequirements | None = None
    windows: ComputerUseWindowsRequirements | None = None


class FeedbackRequirements(Wire):
    """TODO FeedbackRequirements"""

    enabled: bool | None = None


class InAppBrowserRequirements(Wire):
    """TODO InAppBrowserRequirements"""

    allow_external_browser_settings_import: bool | None = None


class CommandConfiguredHookHandler(Tagged, tag="command"):
    """TODO CommandConfiguredHookHandler"""

    command: str
    command_windows: str | None = None
    timeout_sec: UInt64 | None = None
    async_: bool
    status_message: str | None = None
    additional_context_limit: UInt64 | None = None


class McpToolConfiguredHookHandler(Tagged, tag="mcp_tool"):
    """TODO McpToolConfiguredHookHandler"""

    server: str
    tool: str
    input: JsonObject
    timeout_sec: UInt64 | None = None
    status_message: str | None = None


class PromptConfiguredHookHandler(Tagged, tag="prompt"):
    """TODO PromptConfiguredHookHandler"""


class AgentConfiguredHookHandler(Tagged, tag="agent"):
    """TODO AgentConfiguredHookHandler"""


ConfiguredHookHandler: TypeAlias = Open[
    CommandConfiguredHookHandler
    | McpToolConfiguredHookHandler
    | PromptConfiguredHookHandler
    | AgentConfiguredHookHandler
]
"""TODO ConfiguredHookHandler"""


class ConfiguredHookMatcherGroup(Wire):
    """TODO ConfiguredHookMatcherGroup"""

    matcher: str | None = None
    hooks: list[ConfiguredHookHandler]


class ManagedHooksRequirements(Wire):
    """TODO ManagedHooksRequirements"""

    pre_model_request: list[ConfiguredHookMatcherGroup] = field(name="PreModelRequest", default_factory=list)
    post_model_request: list[ConfiguredHookMatcherGroup] = field(name="PostModelRequest", default_factory=list)
    managed_dir: str | None = None
    windows_managed_dir: str | None = None
    pre_tool_use: list[ConfiguredHookMatcherGroup] = field(name="PreToolUse")
    permission_request: list[ConfiguredHookMatcherGroup] = field(name="PermissionRequest")
    post_tool_use: list[ConfiguredHookMatcherGroup] = field(name="PostToolUse")
    pre_compact: list[ConfiguredHookMatcherGroup] = field(name="PreCompact")
    post_compact: list[ConfiguredHookMatcherGroup] = field(name="PostCompact")
    session_start: list[ConfiguredHookMatcherGroup] = field(name="SessionStart")
    session_end: list[ConfiguredHookMatcherGroup] = field(name="SessionEnd", default_factory=list)
    user_prompt_submit: list[ConfiguredHookMatcherGroup] = field(name="UserPromptSubmit")
    subagent_start: list[ConfiguredHookMatcherGroup] = field(name="SubagentStart")
    subagent_stop: list[ConfiguredHookMatcherGroup] = field(name="SubagentStop")
    stop: list[ConfiguredHookMatcherGroup] = field(name="Stop")
    interrupt: list[ConfiguredHookMatcherGroup] = field(name="Interrupt", default_factory=list)


class NewThreadModelDefaults(Wire):
    """TODO NewThreadModelDefaults"""

    model: str | None = None
    model_reasoning_effort: ReasoningEffort | None = None
    service_tier: str | None = None


class ModelsRequirements(Wire):
    """TODO ModelsRequirements"""

    new_thread: NewThreadModelDefaults | None = None


NetworkUnixSocketPermission: TypeAlias = Annotated[str, Known("allow", "deny", "none")]
"""TODO NetworkUnixSocketPermission"""


class NetworkRequirements(Wire):
    """TODO NetworkRequirements"""

    enabled: bool | None = None
    http_port: UInt16 | None = None
    socks_port: UInt16 | None = None
    allow_upstream_proxy: bool | None = None
    dangerously_allow_non_loopback_proxy: bool | None = None
    dangerously_allow_all_unix_sockets: bool | None = None
    domains: dict[str, NetworkDomainPermission] | None = None
    review_domains: list[str] | None = None
    managed_allowed_domains_only: bool | None = None
    allowed_domains: list[str] | None = None
    denied_domains: list[str] | None = None
    unix_sockets: dict[str, NetworkUnixSocketPermission] | None = None
    allow_unix_sockets: list[str] | None = None
    allow_local_binding: bool | None = None


OtelHttpProtocol: TypeAlias = Annotated[str, Known("binary", "json")]
"""TODO OtelHttpProtocol"""


class OtelTlsConfig(Wire):
    """TODO OtelTlsConfig"""

    ca_certificate: str | None = field(name="ca-certificate", default=None)
    client_certificate: str | None = field(name="client-certificate", default=None)
    client_private_key: str | None = field(name="client-private-key", default=None)


class OtelExporterObjectOtlpHttp(Wire):
    """TODO OtelExporterObjectOtlpHttp"""

    endpoint: str
    headers: dict[str, str]
    protocol: OtelHttpProtocol
    tls: OtelTlsConfig | None = None


class OtelExporterObjectOtlpGrpc(Wire):
    """TODO OtelExporterObjectOtlpGrpc"""

    endpoint: str
    headers: dict[str, str]
    tls: OtelTlsConfig | None = None


class OtelExporterObject(OneOf):
    """TODO OtelExporterObject"""

    one_of: ClassVar[tuple[str, ...]] = ("otlp_http", "otlp_grpc")

    otlp_http: OtelExporterObjectOtlpHttp | UnsetType = field(name="otlp-http", default=UNSET)
    otlp_grpc: OtelExporterObjectOtlpGrpc | UnsetType = field(name="otlp-grpc", default=UNSET)


OtelExporter: TypeAlias = Open[Annotated[str, Known("none", "statsig")] | OtelExporterObject]
"""TODO OtelExporter"""


class OtelToolResultLogConfig(Wire, rename=None):
    """TODO OtelToolResultLogConfig"""

    max_bytes: UInt64


class OtelRequirements(Wire, rename=None):
    """TODO OtelRequirements"""

    tool_result: OtelToolResultLogConfig | None = None
    log_sse_deltas: bool | None = None
    log_user_prompt: bool | None = None
    log_agent_responses: bool | None = None
    log_guardian_assessments: bool | None = None
    environment: str | None = None
    exporter: OtelExporter | None = None
    trace_exporter: OtelExporter | None = None
    metrics_exporter: OtelExporter | None = None
    span_attributes: dict[str, str] | None = None
    tracestate: dict[str, dict[str, str]] | None = None


ResidencyRequirement: TypeAlias = Annotated[str, Known("us")]
"""TODO ResidencyRequirement"""


class ConfigRequirements(Wire):
    """TODO ConfigRequirements"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"allowed_approvals_reviewers", "application", "hooks", "network"}
    )

    model_provider: str | None = None
    model_providers: JsonObject | None = None
    allowed_login_methods: list[ForcedLoginMethod] | None = None
    cli_auth_credentials_store: CliAuthCredentialsStoreMode | None = None
    chatgpt_base_url: str | None = None
    additional_developer_instructions: str | None = None
    allowed_approval_policies: list[AskForApproval] | None = None
    allowed_approvals_reviewers: list[ApprovalsReviewer] | None = None
    allowed_sandbox_modes: list[SandboxMode] | None = None
    allowed_windows_sandbox_implementations: list[WindowsSandboxImplementation] | None = None
    allowed_permission_profiles: dict[str, bool] | None = None
    default_permissions: str | None = None
    allowed_web_search_modes: list[WebSearchMode] | None = None
    allow_managed_hooks_only: bool | None = None
    allow_browser_and_computer_use: bool | None = None
    allow_appshots: bool | None = None
    allow_remote_control: bool | None = None
    computer_use: ComputerUseRequirements | None = None
    browser_use: BrowserUseRequirements | None = None
    in_app_browser: InAppBrowserRequirements | None = None
    feature_requirements: dict[str, bool] | None = None
    hooks: ManagedHooksRequirements | None = None
    enforce_residency: ResidencyRequirement | None = None
    network: NetworkRequirements | None = None
    application: ApplicationRequirements | None = None
    auto_review: AutoReviewRequirements | None = None
    models: ModelsRequirements | None = None
    sqlite_home: str | None = None
    log_dir: str | None = None
    model_catalog_json: str | None = None
    check_for_update_on_startup: bool | None = None
    allow_login_shell: bool | None = None
    feedback: FeedbackRequirements | None = None
    otel: OtelRequirements | None = None


class ConfigRequirementsReadResponse(Wire):
    """TODO ConfigRequirementsReadResponse"""

    supports_independent_speed_modes: bool | None = None
    requirements: ConfigRequirements | None = None
