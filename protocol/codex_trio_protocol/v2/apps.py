"""Apps (connectors) of an account."""

from typing import Annotated, TypeAlias

from msgspec import field

from codex_trio_protocol.base import Known, Params, UInt32, Wire


class AppsInstalledParams(Params):
    """List the apps that can be called, for a thread or in general."""

    thread_id: str | None = None
    force_refresh: bool = False


class AppsListParams(Params):
    """List apps.

    Errors: -32600 for an unreadable cursor.
    """

    cursor: str | None = None
    limit: UInt32 | None = None
    thread_id: str | None = None
    force_refetch: bool = False


class AppsReadParams(Params):
    """Read about up to 100 apps by id.

    Errors: -32600 for more.
    """

    app_ids: list[str]
    thread_id: str | None = None
    include_tools: bool = False


class AppBranding(Wire):
    """Who stands behind an app. Null where not told."""

    category: str | None = None
    developer: str | None = None
    website: str | None = None
    privacy_policy: str | None = None
    terms_of_service: str | None = None
    is_discoverable_app: bool


class AppReview(Wire):
    """How an app's review stands."""

    status: str


class AppScreenshot(Wire):
    """A picture of an app in use."""

    url: str | None = None
    file_id: str | None = None
    user_prompt: str


class AppMetadata(Wire):
    """More about an app. Null where not told."""

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
    """An app. Null where not told."""

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
    """The apps have changed; all of them."""

    data: list[AppInfo]


class InstalledApp(Wire):
    """An app that is set up here."""

    id: str
    runtime_name: str | None = None
    enabled: bool
    callable: bool


class AppsInstalledResponse(Wire):
    """The apps that are set up."""

    apps: list[InstalledApp]


class AppsListResponse(Wire):
    """A page of apps; a null cursor marks the last one."""

    data: list[AppInfo]
    next_cursor: str | None = None


class AppToolSummary(Wire):
    """A tool of an app."""

    name: str
    title: str | None = None
    description: str
    is_enabled: bool = True
    disabled_reason: str | None = None
    is_read_only: bool = False


class ConnectorMetadata(Wire):
    """All about an app. Null where not told."""

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
    """The apps that exist, and ids that do not."""

    apps: list[ConnectorMetadata]
    missing_app_ids: list[str]


class AppSummary(Wire):
    """An app that a plugin uses."""

    id: str
    name: str
    description: str | None = None
    install_url: str | None = None
    category: str | None = None


AppTemplateUnavailableReason: TypeAlias = Annotated[str, Known("NOT_CONFIGURED_FOR_WORKSPACE", "NO_ACTIVE_WORKSPACE")]
"""Why an app cannot be made from a template."""


class AppTemplateSummary(Wire):
    """A template for an app. Null where not told."""

    template_id: str
    name: str
    description: str | None = None
    category: str | None = None
    canonical_connector_id: str | None = None
    logo_url: str | None = None
    logo_url_dark: str | None = None
    materialized_app_ids: list[str]
    reason: AppTemplateUnavailableReason | None = None
