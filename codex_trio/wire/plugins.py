"""Plugins and marketplaces as the protocol has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from codex_trio_protocol.v2 import plugin as wire
from codex_trio_protocol.v2.apps import AppSummary
from codex_trio_protocol.v2.marketplace import MarketplaceInterface, MarketplaceLoadErrorInfo
from codex_trio_protocol.v2.skills import SkillSummary

from codex_trio.extensions.hooks.hook import Hook, camel
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.extensions.plugins.catalog import Offer, OfferedPlugin, described_source
from codex_trio.extensions.plugins.manifest import Interface, shown_path
from codex_trio.extensions.plugins.marketplace import GitSource, LocalSource, Marketplace, NpmSource
from codex_trio.extensions.skills.skill import Skill


def marketplace_entries(offers: Iterable[Offer]) -> list[wire.PluginMarketplaceEntry]:
    """Return marketplaces with their plugins."""
    return [
        wire.PluginMarketplaceEntry(
            name=offer.marketplace.name,
            path=str(offer.marketplace.path),
            interface=_marketplace_interface(offer.marketplace),
            plugins=[plugin_summary(plugin) for plugin in offer.plugins],
        )
        for offer in offers
    ]


def load_errors(errors: Iterable[tuple[str, str]]) -> list[MarketplaceLoadErrorInfo]:
    """Return what went wrong with marketplaces."""
    return [MarketplaceLoadErrorInfo(marketplace_path=path, message=message) for path, message in errors]


def search_result(marketplace: Marketplace, plugin: OfferedPlugin) -> wire.PluginSearchResult:
    """Return a plugin that was found, and where."""
    return wire.PluginSearchResult(
        plugin=plugin_summary(plugin), marketplace_name=marketplace.name, marketplace_path=str(marketplace.path)
    )


def plugin_detail(
    marketplace: Marketplace, plugin: OfferedPlugin, parts: PluginParts, skills: Sequence[Skill], hooks: Sequence[Hook]
) -> wire.PluginDetail:
    """Return all about a plugin."""
    source = plugin.entry.source
    description = None if plugin.manifest is None else plugin.manifest.description
    if plugin.folder is None and isinstance(source, GitSource):
        description = f"This plugin comes from {described_source(source)}. Install it to see what it brings."
    return wire.PluginDetail(
        marketplace_name=marketplace.name,
        marketplace_path=str(marketplace.path),
        summary=plugin_summary(plugin),
        description=description,
        skills=[
            SkillSummary(
                name=skill.name,
                description=skill.file.description,
                short_description=skill.file.short_description,
                path=skill.path,
                enabled=skill.is_enabled,
            )
            for skill in skills
        ],
        hooks=[wire.PluginHookSummary(key=hook.key, event_name=camel(hook.event)) for hook in hooks],
        apps=[AppSummary(id=app.id, name=app.name) for app in parts.apps],
        mcp_servers=sorted(parts.mcp_servers),
    )


def plugin_summary(plugin: OfferedPlugin) -> wire.PluginSummary:
    """Return a plugin in a list."""
    entry, manifest = plugin.entry, plugin.manifest
    return wire.PluginSummary(
        id=str(entry.id),
        local_version=None if manifest is None else manifest.version,
        name=entry.id.name,
        source=_source(entry.source),
        installed=plugin.is_installed,
        enabled=plugin.is_enabled,
        install_policy=entry.installation,
        auth_policy=entry.authentication,
        interface=_interface(plugin),
        keywords=[] if manifest is None else list(manifest.keywords),
    )


def _marketplace_interface(marketplace: Marketplace) -> MarketplaceInterface | None:
    name = marketplace.display_name
    return None if name is None else MarketplaceInterface(display_name=name)


def _source(source: LocalSource | GitSource | NpmSource) -> wire.PluginSource:
    if isinstance(source, LocalSource):
        return wire.LocalPluginSource(path=str(source.path))
    if isinstance(source, GitSource):
        return wire.GitPluginSource(url=source.url, path=source.path, ref_name=source.ref, sha=source.sha)
    return wire.NpmPluginSource(package=source.package, version=source.version, registry=source.registry)


def _interface(plugin: OfferedPlugin) -> wire.PluginInterface | None:
    shown = None if plugin.manifest is None else plugin.manifest.interface
    category = plugin.entry.category
    if shown is None:
        if category is None:
            return None
        shown = Interface()
    folder = plugin.folder or Path("/")
    return wire.PluginInterface(
        display_name=shown.display_name,
        short_description=shown.short_description,
        long_description=shown.long_description,
        developer_name=shown.developer_name,
        category=category or shown.category,
        capabilities=list(shown.capabilities),
        website_url=shown.website_url,
        privacy_policy_url=shown.privacy_policy_url,
        terms_of_service_url=shown.terms_of_service_url,
        default_prompt=shown.prompts,
        brand_color=shown.brand_color,
        composer_icon=shown_path(folder, shown.composer_icon),
        logo=shown_path(folder, shown.logo),
        logo_dark=shown_path(folder, shown.logo_dark),
        screenshots=[path for text in shown.screenshots if (path := shown_path(folder, text)) is not None],
        screenshot_urls=[],
    )
