"""The skills for a folder of work: which there are, and which of them are on.

Owns putting together what is below all folders, under one configuration. Does not own the folders (`roots`), what is
in them (`store`), or what a model is told of skills (`engine/skills.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from codex_trio.config.layers import LayerStack
from codex_trio.config.settings import EffectiveConfig
from codex_trio.config.sources import ConfigPaths
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.extensions.plugins.products import CODEX
from codex_trio.extensions.skills.roots import plugin_roots, skill_roots
from codex_trio.extensions.skills.scan import RootContents, SkillScanner
from codex_trio.extensions.skills.skill import SCOPES, Skill, SkillListing, SkillRoot
from codex_trio.extensions.skills.store import SkillStore
from codex_trio.extensions.skills.switches import SkillSwitches
from codex_trio.files.watches import FileWatches

_MOST_LISTINGS = 64


class _Kept(msgspec.Struct, frozen=True):
    """A listing, and what it was made of."""

    stack: object
    roots: list[SkillRoot]
    contents: list[RootContents]
    listing: SkillListing

    def is_of(self, stack: object, roots: list[SkillRoot], contents: list[RootContents]) -> bool:
        """Return whether it was made of just these."""
        return (
            self.stack is stack
            and len(self.contents) == len(contents)
            and all(mine is other for mine, other in zip(self.contents, contents, strict=True))
            and self.roots == roots
        )


class SkillService:
    """`product` is the one that skills may say they are for; None for none that is known."""

    def __init__(
        self, paths: ConfigPaths, watches: FileWatches, changed: Callable[[], None], *, product: str | None = CODEX
    ) -> None:
        self._paths = paths
        self._product = product
        self._store = SkillStore(watches, changed)
        self._changed = changed
        self._extra: tuple[Path, ...] = ()
        self._kept: dict[Path, _Kept] = {}

    async def run(self) -> None:
        """Follow what is in folders that were asked for, until cancelled."""
        await self._store.run()

    def set_extra_roots(self, paths: Iterable[Path]) -> None:
        """Look for skills in these folders too, in place of those given before."""
        self._extra = tuple(dict.fromkeys(paths))

    def tell_changed(self) -> None:
        """Tell that skills that were found are out of date."""
        self._changed()

    async def listing(
        self,
        config: EffectiveConfig,
        *,
        place: EffectiveConfig | None = None,
        with_project: bool = True,
        plugins: Sequence[PluginParts] = (),
        anew: bool = False,
    ) -> SkillListing:
        """Return the skills under a configuration, for its folder or that of `place`; with `anew`, all are read again.

        Without the project, only what the user has everywhere.
        """
        place = place or config
        roots = self._roots(config, place, plugins)
        if not with_project:
            roots = [root for root in roots if root.scope != "repo"]
        contents = await self._store.contents(roots, anew=anew)
        kept = self._kept.get(place.cwd)
        if kept is not None and kept.is_of(config.stack, roots, contents):
            return kept.listing
        listing = _listing(roots, contents, SkillSwitches(config.stack), self._product)
        self._kept.pop(place.cwd, None)
        while len(self._kept) >= _MOST_LISTINGS:
            self._kept.pop(next(iter(self._kept)))
        self._kept[place.cwd] = _Kept(config.stack, roots, contents, listing)
        return listing

    def _roots(
        self, config: EffectiveConfig, place: EffectiveConfig, plugins: Sequence[PluginParts]
    ) -> list[SkillRoot]:
        return skill_roots(
            cwd=place.cwd,
            project_root=place.project_root,
            untrusted=place.untrusted_folders,
            codex_home=config.codex_home,
            home=self._paths.home,
            system_dir=self._paths.system_dir,
            merged=config.merged,
            extra=self._extra,
            plugins=plugins,
        )


def plugin_skills(plugin: PluginParts, stack: LayerStack, *, product: str | None) -> Sequence[Skill]:
    """Return the skills of one plugin, whether it is installed or not. Blocking."""
    roots, scanner = plugin_roots([plugin]), SkillScanner()
    return _listing(roots, [scanner.scan(root) for root in roots], SkillSwitches(stack), product).skills


def _listing(
    roots: Sequence[SkillRoot], contents: Sequence[RootContents], switches: SkillSwitches, product: str | None
) -> SkillListing:
    skills: dict[str, Skill] = {}
    for root, found in zip(roots, contents, strict=True):
        for file in found.files:
            if file.path in skills or (file.details.products and product not in file.details.products):
                continue
            name = file.name if root.prefix is None else f"{root.prefix}:{file.name}"
            enabled = switches.is_empty or switches.allow(name=name, path=file.path)
            skills[file.path] = Skill(name=name, file=file, root=root, is_enabled=enabled)
    return SkillListing(
        skills=tuple(
            sorted(skills.values(), key=lambda skill: (SCOPES.index(skill.root.scope), skill.name, skill.path))
        ),
        problems=tuple(dict.fromkeys(problem for found in contents for problem in found.problems)),
    )
