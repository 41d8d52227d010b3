"""Which skills the user has switched off: `[[skills.config]]`.

Owns reading the entries and the edit that adds or takes one. Does not own the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import msgspec

from codex_trio.config.edit import Edit
from codex_trio.config.layers import ConfigLayer, LayerStack, lookup
from codex_trio.util.loose_json import tables_of

_PATH = ("skills", "config")


class SkillSelector(msgspec.Struct, frozen=True):
    """What an entry is about: all skills of a name, or the one at a path; one of them is None."""

    name: str | None = None
    path: str | None = None


class SkillSwitches:
    """What the layers in effect say; a later entry beats an earlier one."""

    def __init__(self, stack: LayerStack) -> None:
        self._is_on = {selector: is_on for layer in stack.active for selector, is_on in _entries(layer)}

    def allow(self, *, name: str, path: str) -> bool:
        """Return whether a skill is on."""
        # In the order of the entries, as the last one that fits decides.
        fitting = [
            is_on
            for selector, is_on in self._is_on.items()
            if selector.name == name or (selector.path is not None and _is_at(selector.path, path))
        ]
        return fitting[-1] if fitting else True

    def chosen(self, selector: SkillSelector) -> bool:
        """Return what is said of just this selector; True where nothing is."""
        return self._is_on.get(selector, True)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said of any skill."""
        return not self._is_on


def switch_edit(stack: LayerStack, selector: SkillSelector, *, enabled: bool) -> Edit:
    """Return the edit of the user's file that switches skills; on is what they are without an entry."""
    user = stack.layer("user")
    entries = [] if user is None else tables_of(lookup(user.table, _PATH))
    kept = [entry for entry in entries if _selector(entry) != selector]
    if not enabled:
        named = {"name": selector.name} if selector.path is None else {"path": selector.path}
        kept.append({**named, "enabled": False})
    return Edit(path=_PATH, value=kept or None, merge=False)


def _entries(layer: ConfigLayer) -> Iterator[tuple[SkillSelector, bool]]:
    if layer.source.kind == "project":
        # What a folder brings along switches nothing that the user has.
        return
    for entry in tables_of(lookup(layer.table, _PATH)):
        selector = _selector(entry)
        if selector is not None and isinstance(entry.get("enabled"), bool):
            yield selector, entry["enabled"]


def _selector(entry: dict[str, Any]) -> SkillSelector | None:
    name, path = entry.get("name"), entry.get("path")
    if isinstance(path, str):
        return SkillSelector(path=path)
    return SkillSelector(name=name.strip()) if isinstance(name, str) and name.strip() else None


def _is_at(selected: str, path: str) -> bool:
    return path == selected or os.path.dirname(path) == selected.rstrip("/")
