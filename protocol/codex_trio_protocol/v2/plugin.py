"""Plugins: finding, installing and reading them."""

from typing import Annotated, Literal, TypeAlias

from msgspec import field

from codex_trio_protocol.base import (
    AbsolutePathBuf,
    AbsolutePathParam,
    Always,
    Int64,
    Known,
    Open,
    OpenWord,
    Params,
    Tagged,
    UInt32,
    Wire,
)
from codex_trio_protocol.v2.apps import AppSummary, AppTemplateSummary
from codex_trio_protocol.v2.hooks import HookEventName
from codex_trio_protocol.v2.marketplace import MarketplaceInterface, MarketplaceLoadErrorInfo
from codex_trio_protocol.v2.skills import SkillSummary


class PluginInstallParams(Params):
    """Install a plugin of a marketplace, on disk or remote.

    Errors: -32600 when it is not there or must not be installed; -32603 when it cannot be fetched.
    """

    marketplace_path: AbsolutePathParam | None = None
    remote_marketplace_name: str | None = None
    install_attempt_id: str | None = None
    plugin_name: str


class PluginInstalledParams(Params):
    """List what is installed, for some folders."""

    cwds: list[AbsolutePathParam] | None = None
    install_suggestion_plugin_names: list[str] | None = None


PluginListMarketplaceKind: TypeAlias = Literal[
    "local", "vertical", "workspace-directory", "shared-with-me", "created-by-me-remote"
]
"""Which marketplaces to list."""


class PluginListParams(Params):
    """List marketplaces and their plugins. Null folders list the user's own, null kinds the usual ones."""

    cwds: list[AbsolutePathParam] | None = None
    marketplace_kinds: list[PluginListMarketplaceKind] | None = None
    force_refetch: bool = False


class PluginReadParams(Params):
    """Read all about a plugin of a marketplace, on disk or remote.

    Errors: -32600 when it is not there.
    """

    marketplace_path: AbsolutePathParam | None = None
    remote_marketplace_name: str | None = None
    plugin_name: str


class PluginReconcileParams(Params):
    """Bring what is on disk in line with what should be installed."""

    reason: str | None = None


PluginSearchScope: TypeAlias = Literal["global", "workspace", "personal"]
"""Where to search."""


class PluginSearchParams(Params):
    """Find plugins by words.

    Errors: -32600 for an unreadable cursor.
    """

    search_term: str
    scope: PluginSearchScope | None = None
    cwds: list[AbsolutePathParam] | None = None
    cursor: str | None = None
    limit: UInt32 | None = None


PluginShareDiscoverability: TypeAlias = Literal["LISTED", "UNLISTED", "PRIVATE"]
"""Who can find a shared plugin."""


PluginSharePrincipalType: TypeAlias = Literal["user", "group", "workspace"]
"""Whom it is shared with."""


class PluginSkillReadParams(Params):
    """Read a skill of a remote plugin.

    Errors: -32600 when it is not there.
    """

    remote_marketplace_name: str
    remote_plugin_id: str
    skill_name: str


class PluginUninstallParams(Params):
    """Remove a plugin.

    Errors: -32600 when it is not installed.
    """

    plugin_id: str


PluginAuthPolicy: TypeAlias = Annotated[str, Known("ON_INSTALL", "ON_USE")]
"""When a plugin's apps ask for their logins."""


class PluginInstallResponse(Wire):
    """Installed; these apps still need a login."""

    auth_policy: PluginAuthPolicy
    apps_needing_auth: list[AppSummary]


PluginAvailability: TypeAlias = Annotated[str, Known("DISABLED_BY_ADMIN", "AVAILABLE")]
"""Whether an administrator allows it."""


PluginDisabledReason: TypeAlias = Annotated[
    str, Known("disabled_by_admin", "plan_not_eligible", "required_app_unavailable", "unknown")
]
"""Why it cannot be used."""


PluginInstallPolicy: TypeAlias = Annotated[str, Known("NOT_AVAILABLE", "AVAILABLE", "INSTALLED_BY_DEFAULT")]
"""Whether it may be installed, or already is."""


PluginInstallPolicySource: TypeAlias = Annotated[str, Known("WORKSPACE_SETTING", "IMPLICIT_CANONICAL_APP")]
"""Who decided that."""


class PluginInterface(Wire):
    """How a plugin likes to be shown. Null where it does not say."""

    display_name: str | None = None
    short_description: str | None = None
    long_description: str | None = None
    developer_name: str | None = None
    category: str | None = None
    capabilities: list[str]
    website_url: str | None = None
    privacy_policy_url: str | None = None
    terms_of_service_url: str | None = None
    default_prompt: list[str] | None = None
    brand_color: str | None = None
    composer_icon: AbsolutePathBuf | None = None
    composer_icon_url: str | None = None
    logo: AbsolutePathBuf | None = None
    logo_dark: AbsolutePathBuf | None = None
    logo_url: str | None = None
    logo_url_dark: str | None = None
    screenshots: list[AbsolutePathBuf]
    screenshot_urls: list[str]


PluginSharePrincipalRole: TypeAlias = Annotated[str, Known("reader", "editor", "owner")]
"""What somebody may do with it."""


class PluginSharePrincipal(Wire):
    """Somebody it is shared with."""

    principal_type: OpenWord[PluginSharePrincipalType]
    principal_id: str
    role: PluginSharePrincipalRole
    name: str


class PluginShareContext(Wire):
    """How a plugin is shared. Null where not known."""

    remote_plugin_id: str
    remote_version: str | None = None
    discoverability: OpenWord[PluginShareDiscoverability] | None = None
    share_url: str | None = None
    creator_account_user_id: str | None = None
    creator_name: str | None = None
    share_principals: list[PluginSharePrincipal] | None = None
    can_publish_to_workspace: bool | None = None


class LocalPluginSource(Tagged, tag="local"):
    """A folder."""

    path: AbsolutePathBuf


class GitPluginSource(Tagged, tag="git"):
    """A Git repository. Null takes its root and its default branch."""

    url: str
    path: str | None = None
    ref_name: str | None = None
    sha: str | None = None


class NpmPluginSource(Tagged, tag="npm"):
    """An npm package. Null takes the newest and the usual registry."""

    package: str
    version: str | None = None
    registry: str | None = None


class RemotePluginSource(Tagged, tag="remote"):
    """The remote catalogue."""


PluginSource: TypeAlias = Open[LocalPluginSource | GitPluginSource | NpmPluginSource | RemotePluginSource]
"""Where a plugin's files come from."""


class PluginSummary(Wire):
    """A plugin in a list. Null where not known."""

    id: str
    remote_plugin_id: str | None = None
    version: str | None = None
    local_version: str | None = None
    name: str
    share_context: PluginShareContext | None = None
    source: PluginSource
    installed: bool
    installed_at: Int64 | None = None
    """Unix seconds."""
    enabled: bool
    install_policy: PluginInstallPolicy
    install_policy_source: PluginInstallPolicySource | None = None
    must_show_installation_interstitial: bool | None = None
    auth_policy: PluginAuthPolicy
    availability: PluginAvailability = "AVAILABLE"
    disabled_reason: PluginDisabledReason | None = None
    eligible_plan_types: list[str] | None = None
    interface: PluginInterface | None = None
    keywords: list[str] = field(default_factory=list)


class PluginMarketplaceEntry(Wire):
    """A marketplace with its plugins; the path is null for a remote one."""

    name: str
    path: AbsolutePathBuf | None = None
    interface: MarketplaceInterface | None = None
    plugins: list[PluginSummary]


class PluginInstalledResponse(Wire):
    """What is installed, by marketplace, and marketplaces that could not be read."""

    marketplaces: list[PluginMarketplaceEntry]
    marketplace_load_errors: list[MarketplaceLoadErrorInfo] = field(default_factory=list)


class PluginListResponse(Wire):
    """Marketplaces, those that could not be read, and plugins to show first."""

    marketplaces: list[PluginMarketplaceEntry]
    marketplace_load_errors: list[MarketplaceLoadErrorInfo] = field(default_factory=list)
    featured_plugin_ids: list[str] = field(default_factory=list)


class PluginHookSummary(Wire):
    """A hook of a plugin."""

    key: str
    event_name: HookEventName


ScheduledTaskWeekday: TypeAlias = Annotated[str, Known("MO", "TU", "WE", "TH", "FR", "SA", "SU")]
"""Day of the week."""


class HourlyScheduledTaskSchedule(Tagged, tag="hourly"):
    """Every so many hours; null on all days."""

    interval_hours: UInt32
    days: list[ScheduledTaskWeekday] | None = None


class DailyScheduledTaskSchedule(Tagged, tag="daily"):
    """Every day at this time."""

    time: str


class WeekdaysScheduledTaskSchedule(Tagged, tag="weekdays"):
    """Monday to Friday at this time."""

    time: str


class WeeklyScheduledTaskSchedule(Tagged, tag="weekly"):
    """On these days at this time."""

    days: list[ScheduledTaskWeekday]
    time: str


ScheduledTaskSchedule: TypeAlias = Open[
    HourlyScheduledTaskSchedule
    | DailyScheduledTaskSchedule
    | WeekdaysScheduledTaskSchedule
    | WeeklyScheduledTaskSchedule
]
"""When a task runs; times are HH:MM."""


class ScheduledTaskSummary(Wire):
    """A task that a plugin proposes."""

    key: str
    name: str
    prompt: str
    schedule: ScheduledTaskSchedule


class PluginDetail(Wire):
    """All about a plugin. Null where not known."""

    marketplace_name: str
    marketplace_path: AbsolutePathBuf | None = None
    summary: PluginSummary
    share_url: str | None = None
    description: str | None = None
    skills: list[SkillSummary]
    onboarding_skill: SkillSummary | None = None
    hooks: list[PluginHookSummary]
    apps: list[AppSummary]
    app_templates: Annotated[list[AppTemplateSummary], Always()] = field(default_factory=list)
    mcp_servers: list[str]
    scheduled_tasks: list[ScheduledTaskSummary] | None = None


class PluginReadResponse(Wire):
    """The plugin."""

    plugin: PluginDetail


class PluginReconcileChangedPlugin(Wire):
    """A plugin that changed, and what it touches."""

    id: str
    has_mcps: bool
    has_apps: bool
    has_hooks: bool
    has_skills: bool


class PluginReconcileResponse(Wire):
    """What changed."""

    changed_plugins: list[PluginReconcileChangedPlugin]
    failed_remote_plugin_ids: list[str]
    failed_materialization_remote_plugin_ids: list[str]


class PluginSearchResult(Wire):
    """A plugin and its marketplace."""

    plugin: PluginSummary
    marketplace_name: str
    marketplace_path: AbsolutePathBuf | None = None


class PluginSearchResponse(Wire):
    """A page of plugins; a null cursor marks the last one."""

    data: list[PluginSearchResult]
    next_cursor: str | None = None


class PluginSkillReadResponse(Wire):
    """The skill's text; null when it has none."""

    contents: str | None = None


class PluginUninstallResponse(Wire):
    """Answer to `plugin/uninstall`: it is done."""
