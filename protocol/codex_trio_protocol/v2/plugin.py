"""TODO module plugin"""

from typing import Annotated, Literal, TypeAlias

from msgspec import field

from codex_trio_protocol.base import (
    AbsolutePathBuf,
    AbsolutePathParam,
    Int64,
    Known,
    Open,
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
    """TODO PluginInstallParams"""

    marketplace_path: AbsolutePathParam | None = None
    remote_marketplace_name: str | None = None
    install_attempt_id: str | None = None
    plugin_name: str


class PluginInstalledParams(Params):
    """TODO PluginInstalledParams"""

    cwds: list[AbsolutePathParam] | None = None
    install_suggestion_plugin_names: list[str] | None = None


PluginListMarketplaceKind: TypeAlias = Literal[
    "local", "vertical", "workspace-directory", "shared-with-me", "created-by-me-remote"
]
"""TODO PluginListMarketplaceKind"""


class PluginListParams(Params):
    """TODO PluginListParams"""

    cwds: list[AbsolutePathParam] | None = None
    marketplace_kinds: list[PluginListMarketplaceKind] | None = None
    force_refetch: bool = False


class PluginReadParams(Params):
    """TODO PluginReadParams"""

    marketplace_path: AbsolutePathParam | None = None
    remote_marketplace_name: str | None = None
    plugin_name: str


class PluginReconcileParams(Params):
    """TODO PluginReconcileParams"""

    reason: str | None = None


PluginSearchScope: TypeAlias = Literal["global", "workspace", "personal"]
"""TODO PluginSearchScope"""


class PluginSearchParams(Params):
    """TODO PluginSearchParams"""

    search_term: str
    scope: PluginSearchScope | None = None
    cwds: list[AbsolutePathParam] | None = None
    cursor: str | None = None
    limit: UInt32 | None = None


PluginShareDiscoverability: TypeAlias = Literal["LISTED", "UNLISTED", "PRIVATE"]
"""TODO PluginShareDiscoverability"""


PluginSharePrincipalType: TypeAlias = Literal["user", "group", "workspace"]
"""TODO PluginSharePrincipalType"""


class PluginSkillReadParams(Params):
    """TODO PluginSkillReadParams"""

    remote_marketplace_name: str
    remote_plugin_id: str
    skill_name: str


class PluginUninstallParams(Params):
    """TODO PluginUninstallParams"""

    plugin_id: str


PluginAuthPolicy: TypeAlias = Annotated[str, Known("ON_INSTALL", "ON_USE")]
"""TODO PluginAuthPolicy"""


class PluginInstallResponse(Wire):
    """TODO PluginInstallResponse"""

    auth_policy: PluginAuthPolicy
    apps_needing_auth: list[AppSummary]


PluginAvailability: TypeAlias = Annotated[str, Known("DISABLED_BY_ADMIN", "AVAILABLE")]
"""TODO PluginAvailability"""


PluginDisabledReason: TypeAlias = Annotated[
    str, Known("disabled_by_admin", "plan_not_eligible", "required_app_unavailable", "unknown")
]
"""TODO PluginDisabledReason"""


PluginInstallPolicy: TypeAlias = Annotated[str, Known("NOT_AVAILABLE", "AVAILABLE", "INSTALLED_BY_DEFAULT")]
"""TODO PluginInstallPolicy"""


PluginInstallPolicySource: TypeAlias = Annotated[str, Known("WORKSPACE_SETTING", "IMPLICIT_CANONICAL_APP")]
"""TODO PluginInstallPolicySource"""


class PluginInterface(Wire):
    """TODO PluginInterface"""

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
"""TODO PluginSharePrincipalRole"""


class PluginSharePrincipal(Wire):
    """TODO PluginSharePrincipal"""

    principal_type: PluginSharePrincipalType
    principal_id: str
    role: PluginSharePrincipalRole
    name: str


class PluginShareContext(Wire):
    """TODO PluginShareContext"""

    remote_plugin_id: str
    remote_version: str | None = None
    discoverability: PluginShareDiscoverability | None = None
    share_url: str | None = None
    creator_account_user_id: str | None = None
    creator_name: str | None = None
    share_principals: list[PluginSharePrincipal] | None = None
    can_publish_to_workspace: bool | None = None


class LocalPluginSource(Tagged, tag="local"):
    """TODO LocalPluginSource"""

    path: AbsolutePathBuf


class GitPluginSource(Tagged, tag="git"):
    """TODO GitPluginSource"""

    url: str
    path: str | None = None
    ref_name: str | None = None
    sha: str | None = None


class NpmPluginSource(Tagged, tag="npm"):
    """TODO NpmPluginSource"""

    package: str
    version: str | None = None
    registry: str | None = None


class RemotePluginSource(Tagged, tag="remote"):
    """TODO RemotePluginSource"""


PluginSource: TypeAlias = Open[LocalPluginSource | GitPluginSource | NpmPluginSource | RemotePluginSource]
"""TODO PluginSource"""


class PluginSummary(Wire):
    """TODO PluginSummary"""

    id: str
    remote_plugin_id: str | None = None
    version: str | None = None
    local_version: str | None = None
    name: str
    share_context: PluginShareContext | None = None
    source: PluginSource
    installed: bool
    installed_at: Int64 | None = None
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
    """TODO PluginMarketplaceEntry"""

    name: str
    path: AbsolutePathBuf | None = None
    interface: MarketplaceInterface | None = None
    plugins: list[PluginSummary]


class PluginInstalledResponse(Wire):
    """TODO PluginInstalledResponse"""

    marketplaces: list[PluginMarketplaceEntry]
    marketplace_load_errors: list[MarketplaceLoadErrorInfo] = field(default_factory=list)


class PluginListResponse(Wire):
    """TODO PluginListResponse"""

    marketplaces: list[PluginMarketplaceEntry]
    marketplace_load_errors: list[MarketplaceLoadErrorInfo] = field(default_factory=list)
    featured_plugin_ids: list[str] = field(default_factory=list)


class PluginHookSummary(Wire):
    """TODO PluginHookSummary"""

    key: str
    event_name: HookEventName


ScheduledTaskWeekday: TypeAlias = Annotated[str, Known("MO", "TU", "WE", "TH", "FR", "SA", "SU")]
"""TODO ScheduledTaskWeekday"""


class HourlyScheduledTaskSchedule(Tagged, tag="hourly"):
    """TODO HourlyScheduledTaskSchedule"""

    interval_hours: UInt32
    days: list[ScheduledTaskWeekday] | None = None


class DailyScheduledTaskSchedule(Tagged, tag="daily"):
    """TODO DailyScheduledTaskSchedule"""

    time: str


class WeekdaysScheduledTaskSchedule(Tagged, tag="weekdays"):
    """TODO WeekdaysScheduledTaskSchedule"""

    time: str


class WeeklyScheduledTaskSchedule(Tagged, tag="weekly"):
    """TODO WeeklyScheduledTaskSchedule"""

    days: list[ScheduledTaskWeekday]
    time: str


ScheduledTaskSchedule: TypeAlias = Open[
    HourlyScheduledTaskSchedule
    | DailyScheduledTaskSchedule
    | WeekdaysScheduledTaskSchedule
    | WeeklyScheduledTaskSchedule
]
"""TODO ScheduledTaskSchedule"""


class ScheduledTaskSummary(Wire):
    """TODO ScheduledTaskSummary"""

    key: str
    name: str
    prompt: str
    schedule: ScheduledTaskSchedule


class PluginDetail(Wire):
    """TODO PluginDetail"""

    marketplace_name: str
    marketplace_path: AbsolutePathBuf | None = None
    summary: PluginSummary
    share_url: str | None = None
    description: str | None = None
    skills: list[SkillSummary]
    onboarding_skill: SkillSummary | None = None
    hooks: list[PluginHookSummary]
    apps: list[AppSummary]
    app_templates: list[AppTemplateSummary]
    mcp_servers: list[str]
    scheduled_tasks: list[ScheduledTaskSummary] | None = None


class PluginReadResponse(Wire):
    """TODO PluginReadResponse"""

    plugin: PluginDetail


class PluginReconcileChangedPlugin(Wire):
    """TODO PluginReconcileChangedPlugin"""

    id: str
    has_mcps: bool
    has_apps: bool
    has_hooks: bool
    has_skills: bool


class PluginReconcileResponse(Wire):
    """TODO PluginReconcileResponse"""

    changed_plugins: list[PluginReconcileChangedPlugin]
    failed_remote_plugin_ids: list[str]
    failed_materialization_remote_plugin_ids: list[str]


class PluginSearchResult(Wire):
    """TODO PluginSearchResult"""

    plugin: PluginSummary
    marketplace_name: str
    marketplace_path: AbsolutePathBuf | None = None


class PluginSearchResponse(Wire):
    """TODO PluginSearchResponse"""

    data: list[PluginSearchResult]
    next_cursor: str | None = None


class PluginSkillReadResponse(Wire):
    """TODO PluginSkillReadResponse"""

    contents: str | None = None


class PluginUninstallResponse(Wire):
    """TODO PluginUninstallResponse"""
