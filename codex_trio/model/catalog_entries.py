"""What the entries of a catalog mean here: facts on models, as the built-in catalog has them.

Does not own the form of entries (`config.model_catalog`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from codex_trio.config.model_catalog import CatalogEntry, UpgradeEntry
from codex_trio.model.catalog import EffortOption, ModelInfo, ServiceTier, Truncation

_DEFAULT_WINDOW = 272_000
_SUMMARIES = ("auto", "concise", "detailed")


def facts_of(entries: Iterable[CatalogEntry]) -> tuple[ModelInfo, ...]:
    """Return the facts on those models of a catalog that can be reached through the API."""
    return tuple(_facts(entry) for entry in entries if entry.supported_in_api)


def _facts(entry: CatalogEntry) -> ModelInfo:
    window = entry.context_window or entry.max_context_window or _DEFAULT_WINDOW
    messages = entry.model_messages
    return ModelInfo(
        slug=entry.slug,
        display_name=entry.display_name,
        description=entry.description or "",
        priority=entry.priority,
        visible=entry.visibility == "list",
        default_effort=entry.default_reasoning_level,
        efforts=tuple(EffortOption(level.effort, level.description) for level in entry.supported_reasoning_levels),
        default_summary=entry.default_reasoning_summary if entry.default_reasoning_summary in _SUMMARIES else None,
        default_verbosity=(entry.default_verbosity or "medium") if entry.support_verbosity else None,
        apply_patch=entry.apply_patch_tool_type,
        parallel_tool_calls=entry.supports_parallel_tool_calls and not entry.use_responses_lite,
        context_window=window,
        max_context_window=entry.max_context_window or window,
        effective_window_percent=entry.effective_context_window_percent,
        auto_compact_token_limit=entry.auto_compact_token_limit,
        comp_hash=entry.comp_hash,
        truncation=Truncation(entry.truncation_policy.mode, entry.truncation_policy.limit),
        input_modalities=entry.input_modalities,
        image_detail_original=entry.supports_image_detail_original,
        responses_lite=entry.use_responses_lite,
        search_tool=entry.supports_search_tool,
        finds_pictures=entry.web_search_tool_type == "text_and_image",
        runs_commands=entry.shell_type != "disabled",
        code_mode_only=entry.tool_mode == "code_mode_only",
        multi_agent_version=_multi_agent_version(entry.multi_agent_version),
        extra_tools=entry.experimental_supported_tools,
        speed_tiers=entry.additional_speed_tiers,
        service_tiers=tuple(ServiceTier(tier.id, tier.name, tier.description) for tier in entry.service_tiers),
        default_service_tier=entry.default_service_tier,
        specialty=entry.model_specialty,
        availability_text=None if entry.availability_nux is None else entry.availability_nux.message,
        base_instructions=(messages and messages.instructions_template) or entry.base_instructions or None,
        **_upgrade(entry.upgrade),
    )


def _upgrade(upgrade: UpgradeEntry | str | None) -> dict[str, Any]:
    if not isinstance(upgrade, UpgradeEntry):
        return {"upgrade": upgrade}
    texts: dict[str, Any] = msgspec.structs.asdict(upgrade)
    return {
        "upgrade": texts.pop("model"),
        "upgrade_text": texts.pop("upgrade_copy"),
        "upgrade_link": texts.pop("model_link"),
        "upgrade_markdown": texts.pop("migration_markdown"),
        "retirement_at": texts.pop("retirement_at"),
    }


def _multi_agent_version(version: str | None) -> Literal["v1", "v2"] | None:
    return version if version == "v1" or version == "v2" else None  # narrows to the two
