"""The environment of a thread: this machine, or none.

Owns what clients may ask for, and its wire form. Does not own how tools are kept from a thread without environment
(engine/tool_calls.py).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from codex_trio_protocol.v2.environment import ThreadEnvironment, TurnEnvironmentParams

from codex_trio.engine.settings import ThreadSettings
from codex_trio.threads.errors import ThreadError

LOCAL = "local"


class EnvironmentChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What a client chose; `cwd` and `workspace_roots` of None were left to the thread."""

    has_environment: bool
    cwd: Path | None = None
    workspace_roots: tuple[str, ...] | None = None


def choose(environments: Sequence[TurnEnvironmentParams]) -> EnvironmentChoice:
    """The choice in a request. Raises ThreadError for an environment that does not exist or cannot be used."""
    if not environments:
        return EnvironmentChoice(has_environment=False)
    first, *others = environments
    for environment in environments:
        if environment.environment_id != LOCAL:
            raise ThreadError(f"unknown turn environment id `{environment.environment_id}`")
        for path in (environment.cwd, *(environment.runtime_workspace_roots or ())):
            if not os.path.isabs(path):
                raise ThreadError(f"invalid cwd for environment `{LOCAL}`: path `{path}` is not absolute")
    if others:
        raise ThreadError(f"duplicate turn environment id `{LOCAL}`")
    roots = first.runtime_workspace_roots
    return EnvironmentChoice(
        has_environment=True, cwd=Path(first.cwd), workspace_roots=None if roots is None else tuple(roots)
    )


def environments_to_wire(settings: ThreadSettings) -> list[ThreadEnvironment]:
    """The environments of a thread with these settings: one, or none."""
    if not settings.has_environment:
        return []
    return [
        ThreadEnvironment(
            environment_id=LOCAL, cwd=str(settings.cwd), runtime_workspace_roots=workspace_roots(settings)
        )
    ]


def workspace_roots(settings: ThreadSettings) -> list[str]:
    """The folders to work in; none without an environment."""
    return settings.roots if settings.has_environment else []
