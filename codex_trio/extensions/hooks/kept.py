"""Hooks that were read, for as long as the files that they stand in look the same.

Owns telling whether they do. Does not own reading them (`settings`). Blocking, a few system calls.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from codex_trio.config.fingerprints import Fingerprint, fingerprints_of
from codex_trio.config.layers import LayerStack
from codex_trio.config.requirements import Requirements
from codex_trio.extensions.hooks.hook import HookListing
from codex_trio.extensions.hooks.settings import hook_files, load_hooks
from codex_trio.extensions.plugin_parts import PluginParts


class HookOrigins(msgspec.Struct, frozen=True):
    """What says which hooks there are. Two are the same when they are made of the very same parts."""

    stack: LayerStack
    required: Requirements
    plugins: Sequence[PluginParts] = ()

    def is_same_as(self, other: HookOrigins) -> bool:
        """Return whether both come to the same hooks while the files stay as they are."""
        return (
            self.stack is other.stack
            and self.required is other.required
            and len(self.plugins) == len(other.plugins)
            and all(own is its for own, its in zip(self.plugins, other.plugins, strict=True))
        )


class KeptHooks(msgspec.Struct, frozen=True):
    """Hooks, and how their files looked just before they were read; None when one of them had only just changed."""

    origins: HookOrigins
    files: Sequence[str]
    looks: tuple[Fingerprint, ...] | None
    listing: HookListing

    def are_of(self, origins: HookOrigins) -> bool:
        """Return whether these are still the hooks that others come to."""
        return self.looks is not None and self.origins.is_same_as(origins) and fingerprints_of(self.files) == self.looks


def read_hooks(origins: HookOrigins, kept: KeptHooks | None) -> KeptHooks:
    """Return the hooks as they are now, those that are kept where nothing has changed."""
    if kept is not None and kept.are_of(origins):
        return kept
    files = hook_files(origins.stack, required=origins.required, plugins=origins.plugins)
    looks = fingerprints_of(files)
    listing = load_hooks(origins.stack, required=origins.required, plugins=origins.plugins)
    return KeptHooks(origins, files, looks, listing)
