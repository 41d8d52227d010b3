"""TODO module apps"""

from typing import Annotated, TypeAlias

from msgspec import field

from codex_trio_protocol.base import Known, Params, UInt32, Wire


class AppsInstalledParams(Params):
    """TODO AppsInstalledParams"""

    thread_id: str | None = None
    force_refresh: bool = False


class AppsListParams(Params):
    """TODO AppsListParams"""

    cursor: str | None = None
    limit: UInt32 | None = None
    thread_id: str | None = None
    force_refetch: bool = False


class AppsReadParams(Params):
    """TODO AppsReadParams"""

    app_ids: list[str]
    thread_id: str | None = None
    include_tools: bool = False


class AppBranding(Wire):
    """TODO AppBranding"""

    category: str | None = None
    developer: str | None = None
    website: str | None = None
    privacy_policy: str | None = None
    terms_of_service: str | None = None
    is_discoverable_app: bool


class AppReview(Wire):
    """TODO AppReview"""

    status: str


class AppScreenshot(Wire):
    """TODO AppScreenshot"""

    url: str | None = None
    file_id: str | None = None
    user_prompt: str


class AppMetadata(Wire):
    """TODO AppMetadata"""

    review: AppReview | None = None
    categories: list[str] | None = None
    sub_categories: list[str] | None = None
    seo_description: str | None = None
    screenshots: list[AppScreenshot] | None = None
    developer: str | None = None
    version: str | None = None
    version_id: str | None = None
    version_notes: str | None = None
    first_party_requires_install: bool | None = None
    show_in_composer_when_unlinked: bool | None = None


class AppInfo(Wire):
    """TODO AppInfo"""

    id: str
    name: str
    description: str | None = None
    logo_url: str | None = None
    logo_url_dark: str | None = None
    icon_assets: dict[str, str] | None = None
    icon_dark_assets: dict[str, str] | None = None
    distribution_channel: str | None = None
    branding: AppBranding | None = None
    app_metadata: AppMetadata | None = None
    labels: dict[str, str] | None = None
    install_url: str | None = None
    is_accessible: bool = False
    is_enabled: bool = True
    plugin_display_names: list[str] = field(default_factory=list)


class AppListUpdatedNotification(Wire):
    """TODO AppListUpdatedNotification"""

    data: list[AppInfo]


class InstalledApp(Wire):
    """TODO InstalledApp"""

    id: str
    runtime_name: str | None = None
    enabled: bool
    callable: bool


class AppsInstalledResponse(Wire):
    """TODO AppsInstalledResponse"""

    apps: list[InstalledApp]


class AppsListResponse(Wire):
    """TODO AppsListResponse"""

    data: list[AppInfo]
    next_cursor: str | None = None


class AppToolSummary(Wire):
    """TODO AppToolSummary"""

    name: str
    title: str | None = None
    description: str
    is_enabled: bool = True
    disabled_reason: str | None = None
    is_read_only: bool = False


class ConnectorMetadata(Wire):
    """TODO ConnectorMetadata"""

    id: str
    name: str
    description: str | None = None
    icon_url: str | None = None
    icon_url_dark: str | None = None
    distribution_channel: str | None = None
    install_url: str | None = None
    plugin_display_names: list[str] = field(default_factory=list)
    tool_summaries: list[AppToolSummary] | None = None


class AppsReadResponse(Wire):
    """TODO AppsReadResponse"""

    apps: list[ConnectorMetadata]
    missing_app_ids: list[str]


class AppSummary(Wire):
    """TODO AppSummary"""

    id: str
    name: str
    description: str | None = None
    install_url: str | None = None
    category: str | None = None


AppTemplateUnavailableReason: TypeAlias = Annotated[str, Known("NOT_CONFIGURED_FOR_WORKSPACE", "NO_ACTIVE_WORKSPACE")]
"""TODO AppTemplateUnavailableReason"""


class AppTemplateSummary(Wire):
    """TODO AppTemplateSummary"""

    template_id: str
    name: str
    description: str | None = None
    category: str | None = None
    canonical_connector_id: str | None = None
    logo_url: str | None = None
    logo_url_dark: str | None = None
    materialized_app_ids: list[str]
    reason: AppTemplateUnavailableReason | None = None
