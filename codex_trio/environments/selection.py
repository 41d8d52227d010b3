"""Which environments a thread works in, by their ids, and where in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec

LOCAL = "local"
"""The id of the machine that the server runs on."""


class EnvironmentSelection(msgspec.Struct, frozen=True, kw_only=True):
    """An environment of a thread. What is None is the thread's own, as for the first one it always is."""

    id: str
    cwd: str | None = None
    workspace_roots: tuple[str, ...] | None = None


LOCAL_ONLY = (EnvironmentSelection(id=LOCAL),)
"""This machine and no other."""


def selections_to_plain(selections: Sequence[EnvironmentSelection]) -> list[dict[str, Any]]:
    """Return what is stored of the environments of a thread."""
    return [
        {
            "environment_id": selection.id,
            **({} if selection.cwd is None else {"cwd": selection.cwd}),
            **({} if selection.workspace_roots is None else {"workspace_roots": list(selection.workspace_roots)}),
        }
        for selection in selections
    ]


def selections_from_plain(plain: Any) -> tuple[EnvironmentSelection, ...] | None:
    """Return the same from what was stored; None for what is no such thing, whoever wrote it."""
    if not isinstance(plain, list):
        return None
    try:
        return tuple(_selection(entry) for entry in cast("list[Any]", plain))
    except (TypeError, KeyError):
        return None


def _selection(entry: Any) -> EnvironmentSelection:
    """Raise TypeError or KeyError for what is none."""
    environment_id, cwd, roots = entry["environment_id"], entry.get("cwd"), entry.get("workspace_roots")
    if not all(isinstance(text, str) for text in (environment_id, *(roots or ()), *(() if cwd is None else (cwd,)))):
        raise TypeError
    return EnvironmentSelection(id=environment_id, cwd=cwd, workspace_roots=None if roots is None else tuple(roots))


class EnvironmentChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What a client chose; `cwd` and `workspace_roots` of None were left to the thread."""

    environments: tuple[EnvironmentSelection, ...]
    cwd: str | None = None
    workspace_roots: tuple[str, ...] | None = None
