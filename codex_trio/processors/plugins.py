"""Plugins and marketplaces as they are: lists, searches, one plugin; and that remote catalogues are none of ours.

Protocol source: `plugin/list|installed|read|search|skill/read`, release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from codex_trio_protocol.v2 import plugin as wire

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.layers import LayerStack
from codex_trio.config.settings import EffectiveConfig
from codex_trio.extensions.hooks.settings import load_hooks
from codex_trio.extensions.plugins.catalog import PluginCatalog
from codex_trio.extensions.plugins.discovery import MarketplaceFinder
from codex_trio.extensions.plugins.names import NO_CATALOGUE, PluginRefused, check_remote_id
from codex_trio.extensions.plugins.products import product_of
from codex_trio.extensions.plugins.store import PluginStore
from codex_trio.extensions.skills.service import plugin_skills
from codex_trio.processors.offset_pages import page_of
from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_request
from codex_trio.util.abandonable import abandonable
from codex_trio.wire.plugins import load_errors, marketplace_entries, plugin_detail, search_result

T = TypeVar("T")

READ_SECONDS = 30.0
"""How long the files of marketplaces may take to be read: a dead mount never answers."""

MOST_FOLDERS = 100
_PAGE = 50
_LARGEST_PAGE = 500


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = PluginsProcessor(services)
    return {
        "plugin/list": processor.list,
        "plugin/installed": processor.installed,
        "plugin/read": processor.read,
        "plugin/search": processor.search,
        "plugin/skill/read": processor.read_remote_skill,
    }


class PluginsProcessor:
    def __init__(self, services: Services) -> None:
        self._config = services.config
        self._product = product_of(services.source)
        self._catalog = PluginCatalog(
            PluginStore(services.codex_home), MarketplaceFinder(services.config.paths.home), product=self._product
        )

    async def list(self, params: wire.PluginListParams, _context: RequestContext) -> wire.PluginListResponse:
        """Return the marketplaces of the user's configuration and of folders, with what they have."""
        kinds = params.marketplace_kinds
        # Who wants the shelf of a vendor's product finds it empty.
        if any(kind not in ("local", "vertical") for kind in kinds or ()):
            raise invalid_request(f"list remote plugin catalog: {NO_CATALOGUE}")

        def answer(config: EffectiveConfig) -> wire.PluginListResponse:
            found = self._catalog.list(config, _folders(params.cwds))
            return wire.PluginListResponse(
                marketplaces=marketplace_entries(found.offers), marketplace_load_errors=load_errors(found.errors)
            )

        if kinds is not None and "local" not in kinds:
            return wire.PluginListResponse(marketplaces=[])
        return await self._answer(answer)

    async def installed(
        self, params: wire.PluginInstalledParams, _context: RequestContext
    ) -> wire.PluginInstalledResponse:
        """Return what is installed of these marketplaces, and what may be suggested of them."""
        also = frozenset(params.install_suggestion_plugin_names or ())

        def answer(config: EffectiveConfig) -> wire.PluginInstalledResponse:
            found = self._catalog.installed(config, _folders(params.cwds), also=also)
            return wire.PluginInstalledResponse(
                marketplaces=marketplace_entries(found.offers), marketplace_load_errors=load_errors(found.errors)
            )

        return await self._answer(answer)

    async def read(self, params: wire.PluginReadParams, _context: RequestContext) -> wire.PluginReadResponse:
        """Return all about a plugin."""
        path = params.marketplace_path
        if (path is None) == (params.remote_marketplace_name is None):
            raise invalid_request("plugin/read requires exactly one of marketplacePath or remoteMarketplaceName")
        if path is None:
            _check_remote(params.plugin_name)
            raise invalid_request(f"read remote plugin details: {NO_CATALOGUE}")

        def answer(config: EffectiveConfig) -> wire.PluginReadResponse:
            marketplace, plugin, parts = self._catalog.read(config, Path(path), params.plugin_name)
            skills = plugin_skills(parts, config.stack, product=self._product)
            hooks = load_hooks(LayerStack(()), plugins=[parts]).hooks
            return wire.PluginReadResponse(plugin=plugin_detail(marketplace, plugin, parts, skills, hooks))

        return await self._answer(answer)

    async def search(self, params: wire.PluginSearchParams, _context: RequestContext) -> wire.PluginSearchResponse:
        """Return a page of what fits the words; the scopes of an account have nothing here."""
        if params.scope is not None:
            return wire.PluginSearchResponse(data=[])
        limit = _PAGE if params.limit is None else min(params.limit, _LARGEST_PAGE)

        def answer(config: EffectiveConfig) -> wire.PluginSearchResponse:
            found = self._catalog.search(config, _folders(params.cwds), params.search_term)
            page, next_cursor = page_of(found, cursor=params.cursor, limit=limit, named="plugins")
            return wire.PluginSearchResponse(
                data=[search_result(marketplace, plugin) for marketplace, plugin in page], next_cursor=next_cursor
            )

        return await self._answer(answer)

    async def read_remote_skill(
        self, params: wire.PluginSkillReadParams, _context: RequestContext
    ) -> wire.PluginSkillReadResponse:
        """Refuse: skills of installed plugins are files, of which `skills/list` tells."""
        _check_remote(params.remote_plugin_id)
        if not params.skill_name:
            raise invalid_request("invalid remote plugin skill name: cannot be empty")
        raise invalid_request(f"read remote plugin skill details: {NO_CATALOGUE}")

    async def _answer(self, answer: Callable[[EffectiveConfig], T]) -> T:
        """Return what comes of the configuration as it is now, off the loop."""

        def work() -> T:
            return answer(self._config.load())

        try:
            return await abandonable(READ_SECONDS, work)
        except PluginRefused as problem:
            raise invalid_request(str(problem)) from problem
        except ConfigLoadError as error:
            raise internal_error(f"failed to load configuration: {error.message}") from error
        except TimeoutError as error:
            raise internal_error(f"reading marketplaces {error.strerror}") from error


def _folders(cwds: list[str] | None) -> list[Path]:
    if cwds is not None and len(cwds) > MOST_FOLDERS:
        raise invalid_request(f"cwds has {len(cwds)} folders; {MOST_FOLDERS} at most are possible")
    return [Path(cwd) for cwd in cwds or ()]


def _check_remote(plugin_id: str) -> None:
    try:
        check_remote_id(plugin_id)
    except PluginRefused as refused:
        raise invalid_request(str(refused)) from refused
