"""What is known of a thread as a whole, loaded or stored.

Owns the values. Does not own turns and items (state) or the wire form (wire/threads.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from codex_trio.environments.selection import EnvironmentSelection
from codex_trio.state.rollout.lines import SessionMeta
from codex_trio.state.store.interface import ThreadSummary
from codex_trio.state.store.placements import NOWHERE, Placement

StatusKind: TypeAlias = Literal["not_loaded", "idle", "active", "system_error"]


class ThreadStatus(msgspec.Struct, frozen=True):
    """What a thread is doing; an active one may wait for an approval, or for answers to its model."""

    kind: StatusKind
    waits_for_approval: bool = False
    waits_for_input: bool = False


NOT_LOADED = ThreadStatus("not_loaded")
IDLE = ThreadStatus("idle")
ACTIVE = ThreadStatus("active")
SYSTEM_ERROR = ThreadStatus("system_error")
"""The last turn failed."""


class ThreadFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a thread tells of itself, but for its turns. Times are Unix seconds."""

    meta: SessionMeta
    preview: str
    ephemeral: bool
    model: str | None
    effort: str | None
    created_at: int
    updated_at: int
    status: ThreadStatus
    path: Path | None
    cwd: str
    name: str | None
    environments: Sequence[EnvironmentSelection] | None = None
    """None for a thread that is not loaded."""
    placement: Placement = NOWHERE
    """As far as it was asked for."""

    @property
    def takes_direct_input(self) -> bool:
        """Whether clients may say something in it: an agent of a team hears its team only (0.169.0)."""
        return self.meta.agent_path is None


def stored_facts(summary: ThreadSummary) -> ThreadFacts:
    """Return what is known of a thread that is not loaded."""
    return ThreadFacts(
        meta=msgspec.structs.replace(summary.meta, git=summary.git),
        preview=summary.preview,
        ephemeral=False,
        model=summary.model,
        effort=summary.reasoning_effort,
        created_at=summary.created_at_ms // 1000,
        updated_at=summary.updated_at_ms // 1000,
        status=NOT_LOADED,
        path=summary.path,
        cwd=summary.meta.cwd,
        name=summary.name,
    )
