"""What a folder and its configuration bring along, as one value: skills, hooks, servers, and plugins that bring these.

Owns that all of it is found together. Does not own any kind of it: each has a package of its own, and what plugins
bring reaches all of them by `PluginParts`. A service: `run` it once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from codex_trio.config.layers import LayerStack
from codex_trio.config.settings import EffectiveConfig
from codex_trio.config.sources import ConfigPaths
from codex_trio.extensions.hooks.hook import HookListing
from codex_trio.extensions.hooks.kept import HookOrigins, KeptHooks, read_hooks
from codex_trio.extensions.hooks.settings import load_hooks
from codex_trio.extensions.plugin_parts import PluginParts, PluginSource, no_plugins
from codex_trio.extensions.plugins.products import CODEX
from codex_trio.extensions.skills.service import SkillService
from codex_trio.extensions.skills.skill import SkillListing
from codex_trio.files.watches import FileWatches
from codex_trio.util.abandonable import abandonable

HOOK_SECONDS = 10.0
"""How long the files of hooks may take to be read: a dead mount never answers."""

_MOST_KEPT = 64
"""Configurations for which hooks are kept: those of the threads at work."""


class ExtensionSet(msgspec.Struct, frozen=True, kw_only=True):
    """What there is for one folder under one configuration."""

    skills: SkillListing = SkillListing()
    plugins: tuple[PluginParts, ...] = ()


class ExtensionSets:
    """Finds the set of a folder.

    Args:
        paths: where configuration lives.
        watches: who tells of changes in files.
        skills_changed: called when skills that were found are out of date.
        plugins: which plugins a configuration has.
        product: what this server is for those who make skills; None for none that is known.
        own_folder: the server's own, whose files are looked at on the loop.
    """

    def __init__(
        self,
        paths: ConfigPaths,
        watches: FileWatches,
        *,
        skills_changed: Callable[[], None],
        plugins: PluginSource = no_plugins,
        product: str | None = CODEX,
        own_folder: Path | None = None,
    ) -> None:
        self.skills = SkillService(paths, watches, skills_changed, product=product)
        self.plugins = plugins
        self._own_folder = own_folder
        self._hooks: dict[int, KeptHooks] = {}
        """By the identity of the layers that they stand in, or beside."""

    async def run(self) -> None:
        """Keep what was found true, until cancelled."""
        await self.skills.run()

    async def of(
        self,
        config: EffectiveConfig,
        *,
        place: EffectiveConfig | None = None,
        with_project: bool = True,
        anew: bool = False,
    ) -> ExtensionSet:
        """Return what there is under a configuration, for its folder or that of `place`.

        Without the project, only what the user has everywhere; with `anew`, all files are read again.
        """
        # A thread that is loaded has what was installed since.
        plugins = tuple(await self.plugins(place or config))
        skills = await self.skills.listing(config, place=place, with_project=with_project, plugins=plugins, anew=anew)
        return ExtensionSet(skills=skills, plugins=plugins)

    async def hooks(self, config: EffectiveConfig, plugins: Sequence[PluginParts] | None = None) -> HookListing:
        """Return the hooks for the folder of a configuration.

        Apart from the rest: a turn that names no skill needs nothing else.
        """
        required = config.requirements
        if not config.feature("hooks"):
            # Whoever switches hooks off does not thereby get rid of those that an administrator requires.
            return HookListing() if "hooks" in required.features else load_hooks(LayerStack(()), required=required)
        if plugins is None:
            plugins = await self.plugins(config)
        origins = HookOrigins(config.stack, required, plugins)
        kept = self._hooks.pop(id(config.stack), None)
        if kept is None or config.cwd != self._own_folder or not kept.are_of(origins):
            try:
                kept = await abandonable(HOOK_SECONDS, read_hooks, origins, kept)
            except TimeoutError as error:
                return HookListing(errors=((str(config.cwd), f"failed to read hooks: {error.strerror}"),))
        while len(self._hooks) >= _MOST_KEPT:
            self._hooks.pop(next(iter(self._hooks)))
        self._hooks[id(config.stack)] = kept
        return kept.listing
