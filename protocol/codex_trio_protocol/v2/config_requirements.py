"""What an administrator requires of the configuration."""

from typing import Annotated, ClassVar, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import (
    Always,
    JsonObject,
    Known,
    OneOf,
    Open,
    OpenWord,
    Since,
    Tagged,
    UInt,
    UInt16,
    UInt64,
    Wire,
)
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
"""Whether a domain may be reached."""


class ApplicationNetworkRequirements(Wire):
    """Which domains the desktop program may reach."""

    enabled: bool
    domains: dict[str, NetworkDomainPermission]


class ApplicationStorageRequirements(Wire):
    """Where the desktop program puts new workspaces."""

    default_project_parent: LegacyAppPathString | None = None
    projectless_workspace_root: LegacyAppPathString | None = None


class ApplicationRequirements(Wire):
    """What is required of the desktop program."""

    network: ApplicationNetworkRequirements | None = None
    storage: ApplicationStorageRequirements | None = None


class AutoReviewRequirements(Wire):
    """What is required of automatic review."""

    required_on_models: list[str] | None = None
    ignore_rules: list[str] | None = None


class RequestHeader(Wire):
    """A header to send."""

    name: str
    value: str


class BrowserUseExtensionRequirements(Wire):
    """What is required of the browser extension."""

    request_headers: list[RequestHeader] | None = None


class BrowserUseOriginPolicy(Wire):
    """What the browser tool may do on a site. Null requires nothing."""

    access: AllowDenyRequirement | None = None
    downloads: AllowDenyRequirement | None = None
    uploads: AllowDenyRequirement | None = None
    full_cdp_access: AllowDenyRequirement | None = None
    auto_review: AllowDenyRequirement | None = None
    persistent_approval: bool | None = None
    access_approval_lifetime: BrowserUseAccessApprovalLifetime | None = None


class BrowserUseRequirements(Wire):
    """What is required of the browser tool."""

    extension: BrowserUseExtensionRequirements | None = None
    allow_webmcp: bool | None = None
    allow_history_access: bool | None = None
    disable_auto_review: bool | None = None
    allow_global_persistent_approval: bool | None = None
    default_origin_policy: BrowserUseOriginPolicy | None = None
    origins: dict[str, BrowserUseOriginPolicy] | None = None


CliAuthCredentialsStoreMode: TypeAlias = Annotated[str, Known("file", "keyring", "auto", "ephemeral")]
"""Where credentials are kept."""


class ComputerUseMacosRequirements(Wire):
    """Programs by bundle id."""

    bundle_ids: dict[str, AllowDenyRequirement] | None = None


class ComputerUseWindowsExeRequirement(Wire):
    """A program by its publisher and names."""

    publisher_name: str
    product_name: str
    binary_name: str | None = None
    access: AllowDenyRequirement


class ComputerUseWindowsRequirements(Wire):
    """Programs by their ids and files."""

    aumids: dict[str, AllowDenyRequirement] | None = None
    exes: list[ComputerUseWindowsExeRequirement] | None = None


class ComputerUseRequirements(Wire):
    """What is required of controlling programs."""

    allow_locked_computer_use: bool | None = None
    allow_persistent_approval: bool | None = None
    default_app_access: AllowDenyRequirement | None = None
    macos: ComputerUseMacosRequirements | None = None
    windows: ComputerUseWindowsRequirements | None = None


class FeedbackRequirements(Wire):
    """Whether reports may be sent."""

    enabled: bool | None = None


class InAppBrowserRequirements(Wire):
    """What is required of the built-in browser."""

    allow_external_browser_settings_import: bool | None = None


class CommandConfiguredHookHandler(Tagged, tag="command"):
    """Run a command. The time limit is in seconds."""

    command: str
    command_windows: str | None = None
    timeout_sec: UInt64 | None = None
    """In seconds."""
    async_: bool
    status_message: str | None = None
    additional_context_limit: UInt | None = None


class McpToolConfiguredHookHandler(Tagged, tag="mcp_tool"):
    """Call a tool of an MCP server."""

    server: str
    tool: str
    input: JsonObject
    timeout_sec: UInt64 | None = None
    """In seconds."""
    status_message: str | None = None


class PromptConfiguredHookHandler(Tagged, tag="prompt"):
    """Ask a model."""


class AgentConfiguredHookHandler(Tagged, tag="agent"):
    """Ask an agent."""


ConfiguredHookHandler: TypeAlias = Open[
    CommandConfiguredHookHandler
    | McpToolConfiguredHookHandler
    | PromptConfiguredHookHandler
    | AgentConfiguredHookHandler
]
"""What a hook does."""


class ConfiguredHookMatcherGroup(Wire):
    """Hooks that run for what matches; null matches all."""

    matcher: str | None = None
    hooks: list[ConfiguredHookHandler]


class ManagedHooksRequirements(Wire):
    """Hooks that an administrator sets, by event."""

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
    subagent_start: Annotated[list[ConfiguredHookMatcherGroup], Always()] = field(
        name="SubagentStart", default_factory=list
    )
    subagent_stop: Annotated[list[ConfiguredHookMatcherGroup], Always()] = field(
        name="SubagentStop", default_factory=list
    )
    stop: list[ConfiguredHookMatcherGroup] = field(name="Stop")
    interrupt: list[ConfiguredHookMatcherGroup] = field(name="Interrupt", default_factory=list)


class NewThreadModelDefaults(Wire):
    """What new threads begin with."""

    model: str | None = None
    model_reasoning_effort: ReasoningEffort | None = None
    service_tier: str | None = None


class ModelsRequirements(Wire):
    """What is required of models."""

    new_thread: NewThreadModelDefaults | None = None


NetworkUnixSocketPermission: TypeAlias = Annotated[str, Known("allow", "deny", "none")]
"""Whether a Unix socket may be reached; `none` is the name of `deny` in releases up to 0.131.0."""


class NetworkRequirements(Wire):
    """What is required of the network. Null requires nothing."""

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
"""How telemetry is encoded."""


class OtelTlsConfig(Wire):
    """Certificates for telemetry."""

    ca_certificate: str | None = field(name="ca-certificate", default=None)
    client_certificate: str | None = field(name="client-certificate", default=None)
    client_private_key: str | None = field(name="client-private-key", default=None)


class OtlpHttpExporter(Wire):
    """Telemetry over HTTP."""

    endpoint: str
    headers: dict[str, str]
    protocol: OtelHttpProtocol
    tls: OtelTlsConfig | None = None


class OtlpGrpcExporter(Wire):
    """Telemetry over gRPC."""

    endpoint: str
    headers: dict[str, str]
    tls: OtelTlsConfig | None = None


class OtelExporterObject(OneOf):
    """The exporters that need settings."""

    one_of: ClassVar[tuple[str, ...]] = ("otlp_http", "otlp_grpc")

    otlp_http: OtlpHttpExporter | UnsetType = field(name="otlp-http", default=UNSET)
    otlp_grpc: OtlpGrpcExporter | UnsetType = field(name="otlp-grpc", default=UNSET)


OtelExporter: TypeAlias = Open[Annotated[str, Known("none", "statsig")] | OtelExporterObject]
"""Where telemetry goes."""


class OtelToolResultLogConfig(Wire, rename=None):
    """How much of a tool's result is logged, in bytes."""

    max_bytes: UInt


class OtelRequirements(Wire, rename=None):
    """What is required of telemetry. Null requires nothing."""

    tool_result: OtelToolResultLogConfig | None = None
    headers_helper: Annotated[str | None, Since("0.171.0")] = None
    """Command that prints headers for telemetry."""
    headers_helper_refresh_interval_ms: Annotated[UInt64 | None, Since("0.171.0")] = None
    """How often it is run, at least 1."""
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
"""Region in which data must stay."""


class ConfigRequirements(Wire):
    """All that is required. Null requires nothing."""

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"allowed_approvals_reviewers", "application", "hooks", "network"}
    )

    model_provider: str | None = None
    model_providers: JsonObject | None = None
    allowed_login_methods: list[ForcedLoginMethod] | None = None
    cli_auth_credentials_store: CliAuthCredentialsStoreMode | None = None
    chatgpt_base_url: str | None = None
    additional_developer_instructions: str | None = None
    allowed_approval_policies: list[OpenWord[Open[AskForApproval]]] | None = None
    allowed_approvals_reviewers: list[OpenWord[ApprovalsReviewer]] | None = None
    allowed_sandbox_modes: list[OpenWord[SandboxMode]] | None = None
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
    """What is required; null when nothing is."""

    supports_independent_speed_modes: bool | None = None
    requirements: ConfigRequirements | None = None
