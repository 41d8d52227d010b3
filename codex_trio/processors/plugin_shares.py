"""Sharing plugins by a vendor's catalogue, which this server knows none of: each method says what it misses.

Protocol source: `plugin/share/*`, release 0.171.0 without a login to the catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from codex_trio_protocol.v2 import plugin_share as wire

from codex_trio.extensions.plugins.names import NO_CATALOGUE, PluginRefused, check_remote_id
from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request


def handlers(_services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {
        "plugin/share/save": _save,
        "plugin/share/updateTargets": _update_targets,
        "plugin/share/list": _list,
        "plugin/share/checkout": _checkout,
        "plugin/share/delete": _delete,
    }


async def _save(params: wire.PluginShareSaveParams, _context: RequestContext) -> wire.PluginShareSaveResponse:
    if params.remote_plugin_id is not None:
        _check_id(params.remote_plugin_id)
        if params.discoverability is not None or params.share_targets is not None:
            raise invalid_request(
                "discoverability and shareTargets are only supported when creating a plugin share; "
                "use plugin/share/updateTargets to update share settings"
            )
    if params.discoverability == "LISTED":
        raise invalid_request("discoverability LISTED is not supported for plugin/share/save; use UNLISTED or PRIVATE")
    _check_targets(params.share_targets or ())
    _refuse("save remote plugin share")


async def _update_targets(
    params: wire.PluginShareUpdateTargetsParams, _context: RequestContext
) -> wire.PluginShareUpdateTargetsResponse:
    _check_id(params.remote_plugin_id)
    _check_targets(params.share_targets)
    _refuse("update remote plugin share targets")


async def _list(_params: wire.PluginShareListParams, _context: RequestContext) -> wire.PluginShareListResponse:
    _refuse("list remote plugin shares")


async def _checkout(
    params: wire.PluginShareCheckoutParams, _context: RequestContext
) -> wire.PluginShareCheckoutResponse:
    _check_id(params.remote_plugin_id)
    _refuse("checkout plugin share")


async def _delete(params: wire.PluginShareDeleteParams, _context: RequestContext) -> wire.PluginShareDeleteResponse:
    _check_id(params.remote_plugin_id)
    _refuse("delete remote plugin share")


def _refuse(doing: str) -> NoReturn:
    raise invalid_request(f"{doing}: {NO_CATALOGUE}")


def _check_id(plugin_id: str) -> None:
    try:
        check_remote_id(plugin_id)
    except PluginRefused as refused:
        raise invalid_request(str(refused)) from refused


def _check_targets(targets: Sequence[wire.PluginShareTarget]) -> None:
    if any(target.principal_type == "workspace" for target in targets):
        raise invalid_request(
            "shareTargets cannot include workspace principals; use discoverability UNLISTED for workspace link access"
        )
