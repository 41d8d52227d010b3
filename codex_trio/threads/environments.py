"""The environment of a thread: this machine, or none.

Owns what clients may ask for. Does not own its wire form (wire/environments.py), nor how tools are kept from a thread
without environment (engine/tool_calls.py).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from codex_trio.engine.settings import ThreadSettings
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.facts import Environment

LOCAL = "local"


class EnvironmentChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What a client chose; `cwd` and `workspace_roots` of None were left to the thread."""

    has_environment: bool
    cwd: Path | None = None
    workspace_roots: tuple[str, ...] | None = None


def choose(environments: Sequence[Environment]) -> EnvironmentChoice:
    """Return the choice in a request. Raises ThreadError for an environment that there is not, or cannot be used."""
    if not environments:
        return EnvironmentChoice(has_environment=False)
    first, *others = environments
    for environment in environments:
        if environment.id != LOCAL:
            raise ThreadError(f"unknown turn environment id `{environment.id}`")
        for path in (environment.cwd, *(environment.workspace_roots or ())):
            if not os.path.isabs(path):
                raise ThreadError(f"invalid cwd for environment `{LOCAL}`: path `{path}` is not absolute")
    if others:
        raise ThreadError(f"duplicate turn environment id `{LOCAL}`")
    return EnvironmentChoice(has_environment=True, cwd=Path(first.cwd), workspace_roots=first.workspace_roots)


def environments_of(settings: ThreadSettings) -> list[Environment]:
    """Return the environments of a thread with these settings: one, or none."""
    if not settings.has_environment:
        return []
    return [Environment(id=LOCAL, cwd=str(settings.cwd), workspace_roots=tuple(workspace_roots(settings)))]


def workspace_roots(settings: ThreadSettings) -> list[str]:
    """Return the folders to work in; none without an environment."""
    return settings.roots if settings.has_environment else []
