"""Sharing plugins with others."""

from typing import Literal, TypeAlias

from codex_trio_protocol.base import AbsolutePathBuf, AbsolutePathParam, OpenWord, Params, Wire
from codex_trio_protocol.v2.plugin import (
    PluginShareDiscoverability,
    PluginSharePrincipal,
    PluginSharePrincipalType,
    PluginSummary,
)


class PluginShareCheckoutParams(Params):
    """Fetch a shared plugin to work on it.

    Errors: -32600 without a ChatGPT login; -32603 when it cannot be fetched.
    """

    remote_plugin_id: str


class PluginShareDeleteParams(Params):
    """Share a plugin no longer.

    Errors: -32600 without a ChatGPT login.
    """

    remote_plugin_id: str


class PluginShareListParams(Params):
    """List the plugins that this account shares.

    Errors: -32600 without a ChatGPT login.
    """


PluginShareTargetRole: TypeAlias = Literal["reader", "editor"]
"""What somebody may do with it."""


class PluginShareTarget(Params):
    """Somebody to share with."""

    principal_type: PluginSharePrincipalType
    principal_id: str
    role: PluginShareTargetRole


class PluginShareSaveParams(Params):
    """Share a plugin, or a new version of it. Null id makes a new share.

    Errors: -32600 without a ChatGPT login or for an invalid plugin.
    """

    plugin_path: AbsolutePathParam
    remote_plugin_id: str | None = None
    discoverability: PluginShareDiscoverability | None = None
    share_targets: list[PluginShareTarget] | None = None


PluginShareUpdateDiscoverability: TypeAlias = Literal["UNLISTED", "PRIVATE", "LISTED"]
"""Who can find it from now on."""


class PluginShareUpdateTargetsParams(Params):
    """Change with whom a plugin is shared.

    Errors: -32600 without a ChatGPT login.
    """

    remote_plugin_id: str
    discoverability: PluginShareUpdateDiscoverability
    share_targets: list[PluginShareTarget]


class PluginShareCheckoutResponse(Wire):
    """Where the plugin was put."""

    remote_plugin_id: str
    plugin_id: str
    plugin_name: str
    plugin_path: AbsolutePathBuf
    marketplace_name: str
    marketplace_path: AbsolutePathBuf
    remote_version: str | None = None


class PluginShareDeleteResponse(Wire):
    """Answer to `plugin/share/delete`: it is done."""


class PluginShareListItem(Wire):
    """A shared plugin; its folder is null when it is not on this machine."""

    plugin: PluginSummary
    local_plugin_path: AbsolutePathBuf | None = None


class PluginShareListResponse(Wire):
    """The shared plugins."""

    data: list[PluginShareListItem]


class PluginShareSaveResponse(Wire):
    """The share; null when it is not known whether the workspace may have it."""

    remote_plugin_id: str
    share_url: str
    can_publish_to_workspace: bool | None = None


class PluginShareUpdateTargetsResponse(Wire):
    """With whom it is shared now."""

    principals: list[PluginSharePrincipal]
    discoverability: OpenWord[PluginShareDiscoverability]
