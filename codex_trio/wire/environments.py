"""The environments of threads between their domain and their wire form."""

from __future__ import annotations

from collections.abc import Sequence

from codex_trio_protocol.v2.environment import ThreadEnvironment, TurnEnvironmentParams

from codex_trio.environments.selection import EnvironmentSelection


def environments_from_wire(asked: Sequence[TurnEnvironmentParams]) -> list[EnvironmentSelection]:
    """Return what a client asks for."""
    return [
        EnvironmentSelection(
            id=environment.environment_id,
            cwd=environment.cwd,
            workspace_roots=None
            if environment.runtime_workspace_roots is None
            else tuple(environment.runtime_workspace_roots),
        )
        for environment in asked
    ]


def environments_to_wire(environments: Sequence[EnvironmentSelection]) -> list[ThreadEnvironment]:
    """Return what a loaded thread has."""
    return [
        ThreadEnvironment(
            environment_id=environment.id,
            cwd=environment.cwd or "",
            runtime_workspace_roots=list(environment.workspace_roots or ()),
        )
        for environment in environments
    ]
