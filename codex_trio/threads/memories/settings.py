"""The user's settings of `[memories]`, as they count.

Owns their defaults and bounds, those of 0.171.0. Does not own what a table may hold (config/schema.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from codex_trio.config.keys import bounded
from codex_trio.config.layers import lookup
from codex_trio.config.settings import EffectiveConfig

FEATURE = "memories"
HOUR_MS = 60 * 60 * 1000
DAY_MS = 24 * HOUR_MS


class MemorySettings(msgspec.Struct, frozen=True, kw_only=True):
    generate: bool
    """Whether anything is remembered of threads."""
    use: bool
    """Whether models are told what is remembered."""
    without_external: bool
    """Whether nothing is remembered of threads that rest on what came from elsewhere."""
    extract_model: str | None
    consolidation_model: str | None
    consolidation_tier: str | None
    most_memories: int
    """How many memories are brought together."""
    unused_ms: int
    """How long a memory counts that nothing rested on."""
    age_ms: int
    """How old threads may be that are looked at."""
    idle_ms: int
    """How long nobody must have said anything in them."""
    most_threads: int
    """How many are looked at when a thread starts."""
    remaining_percent: int
    """How much of the usage limits must be left."""


def memory_settings(config: EffectiveConfig) -> MemorySettings:
    """Return the settings that hold; nothing is done of anything while the feature is off."""
    table = cast("Mapping[str, Any]", config.merged.get("memories") or {})
    is_on = config.feature(FEATURE)

    def number(name: str, default: int) -> int:
        return bounded(config.merged, ("memories", name), default)

    return MemorySettings(
        generate=is_on and table.get("generate_memories") is not False,
        use=is_on and table.get("use_memories") is not False,
        without_external=table.get("disable_on_external_context") is True,
        extract_model=table.get("extract_model") or None,
        consolidation_model=table.get("consolidation_model") or None,
        consolidation_tier=table.get("consolidation_service_tier") or None,
        most_memories=number("max_raw_memories_for_consolidation", 256),
        unused_ms=number("max_unused_days", 30) * DAY_MS,
        age_ms=number("max_rollout_age_days", 30) * DAY_MS,
        idle_ms=number("min_rollout_idle_hours", 6) * HOUR_MS,
        most_threads=number("max_rollouts_per_startup", 16),
        remaining_percent=number("min_rate_limit_remaining_percent", 25),
    )


def new_memory_mode(config: EffectiveConfig) -> str | None:
    """Return whether a thread that begins now may be remembered one day, in the words of rollouts; None says nothing.

    What began while nothing was to be remembered is not remembered later either (0.171.0).
    """
    return "disabled" if lookup(config.merged, ["memories", "generate_memories"]) is False else None
