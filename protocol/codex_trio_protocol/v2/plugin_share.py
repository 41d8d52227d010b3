"""TODO module plugin_share"""

from typing import Literal, TypeAlias

from codex_trio_protocol.base import AbsolutePathBuf, AbsolutePathParam, Params, Wire
from codex_trio_protocol.v2.plugin import (
    PluginShareDiscoverability,
    PluginSharePrincipal,
    PluginSharePrincipalType,
    PluginSummary,
)


class PluginShareCheckoutParams(Params):
    """TODO PluginShareCheckoutParams"""

    remote_plugin_id: str


class PluginShareDeleteParams(Params):
    """TODO PluginShareDeleteParams"""

    remote_plugin_id: str


class PluginShareListParams(Params):
    """TODO PluginShareListParams"""


PluginShareTargetRole: TypeAlias = Literal["reader", "editor"]
"""TODO PluginShareTargetRole"""


class PluginShareTarget(Params):
    """TODO PluginShareTarget"""

    principal_type: PluginSharePrincipalType
    principal_id: str
    role: PluginShareTargetRole


class PluginShareSaveParams(Params):
    """TODO PluginShareSaveParams"""

    plugin_path: AbsolutePathParam
    remote_plugin_id: str | None = None
    discoverability: PluginShareDiscoverability | None = None
    share_targets: list[PluginShareTarget] | None = None


PluginShareUpdateDiscoverability: TypeAlias = Literal["UNLISTED", "PRIVATE", "LISTED"]
"""TODO PluginShareUpdateDiscoverability"""


class PluginShareUpdateTargetsParams(Params):
    """TODO PluginShareUpdateTargetsParams"""

    remote_plugin_id: str
    discoverability: PluginShareUpdateDiscoverability
    share_targets: list[PluginShareTarget]


class PluginShareCheckoutResponse(Wire):
    """TODO PluginShareCheckoutResponse"""

    remote_plugin_id: str
    plugin_id: str
    plugin_name: str
    plugin_path: AbsolutePathBuf
    marketplace_name: str
    marketplace_path: AbsolutePathBuf
    remote_version: str | None = None


class PluginShareDeleteResponse(Wire):
    """TODO PluginShareDeleteResponse"""


class PluginShareListItem(Wire):
    """TODO PluginShareListItem"""

    plugin: PluginSummary
    local_plugin_path: AbsolutePathBuf | None = None


class PluginShareListResponse(Wire):
    """TODO PluginShareListResponse"""

    data: list[PluginShareListItem]


class PluginShareSaveResponse(Wire):
    """TODO PluginShareSaveResponse"""

    remote_plugin_id: str
    share_url: str
    can_publish_to_workspace: bool | None = None


class PluginShareUpdateTargetsResponse(Wire):
    """TODO PluginShareUpdateTargetsResponse"""

    principals: list[PluginSharePrincipal]
    discoverability: PluginShareDiscoverability
