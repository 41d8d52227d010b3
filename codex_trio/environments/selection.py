"""Which environments a thread works in, by their ids, and where in them."""

from __future__ import annotations

import msgspec

LOCAL = "local"
"""The id of the machine that the server runs on."""


class EnvironmentSelection(msgspec.Struct, frozen=True, kw_only=True):
    """An environment of a thread. What is None is the thread's own, as for the first one it always is."""

    id: str
    cwd: str | None = None
    workspace_roots: tuple[str, ...] | None = None


DEFAULT_SELECTION = (EnvironmentSelection(id=LOCAL),)
"""The environments of a thread whose client does not choose any."""


class EnvironmentChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What a client chose; `cwd` and `workspace_roots` of None were left to the thread."""

    environments: tuple[EnvironmentSelection, ...]
    cwd: str | None = None
    workspace_roots: tuple[str, ...] | None = None
