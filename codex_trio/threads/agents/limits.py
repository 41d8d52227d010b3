"""How many agents a user lets models have, which tools for them, and what they run with unless a model says.

Owns what `[agents]`, the features and the catalog come to. Does not own roles (roles.py).
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from codex_trio.config.keys import bounded
from codex_trio.config.settings import EffectiveConfig
from codex_trio.model.catalog import ModelInfo
from codex_trio.tools.agents.port import Version

MAX_THREADS = 6
MAX_CONCURRENT = 4
MAX_DEPTH = 1


class AgentLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one session.

    `threads` counts agents that are open (`v1`), `concurrent` those that work, the root included (`v2`). An agent at
    `depth` has no agents of its own; the root is at 0.
    """

    is_enabled: bool = True
    threads: int = MAX_THREADS
    concurrent: int = MAX_CONCURRENT
    depth: int = MAX_DEPTH


class AgentDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """What agents run with where neither their role nor whoever starts them says; None is what that one runs with."""

    model: str | None = None
    effort: str | None = None


def defaults_of(config: EffectiveConfig) -> AgentDefaults:
    """Return what a configuration has agents run with."""
    table = cast("dict[str, Any]", config.merged.get("agents") or {})
    return AgentDefaults(
        model=table.get("default_subagent_model"), effort=table.get("default_subagent_reasoning_effort")
    )


def limits_of(config: EffectiveConfig) -> AgentLimits:
    """Return the limits under a configuration."""
    table = cast("dict[str, Any]", config.merged.get("agents") or {})
    return AgentLimits(
        is_enabled=table.get("enabled", True),
        threads=table.get("max_threads", MAX_THREADS),
        concurrent=table.get("max_concurrent_threads_per_session", MAX_CONCURRENT),
        depth=bounded(config.merged, ("agents", "max_depth"), MAX_DEPTH),
    )


def offered_version(config: EffectiveConfig, model: ModelInfo) -> Version | None:
    """Return the family of tools for a model: as the user switched on, else as its catalog entry says."""
    if config.feature("multi_agent_v2"):
        return "v2"
    if not config.feature("multi_agent"):
        return None
    return model.multi_agent_version or "v1"
