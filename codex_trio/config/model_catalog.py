"""A catalog of models in the form of `model_catalog_json`, which an endpoint's catalog has too.

Owns: that form, reading the file, and the errors that name it. Does not own: what the server makes of an entry
(`model.catalog_entries`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec

from codex_trio.config.errors import ConfigLoadError
from codex_trio.util import decoding
from codex_trio.util.regular_file import FileTooLarge, NotARegularFile, read_whole

MAX_CATALOG_BYTES = 8 << 20
"""An entry holds a model's instructions of some twenty kilobytes."""


class EffortEntry(msgspec.Struct, frozen=True):
    """A reasoning effort."""

    effort: str
    description: str = ""


class TierEntry(msgspec.Struct, frozen=True):
    """A way to be served."""

    id: str
    name: str
    description: str = ""


class TruncationEntry(msgspec.Struct, frozen=True):
    """How much of a tool's output a model gets to see."""

    mode: Literal["tokens", "bytes"]
    limit: int


class UpgradeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The model to move to, and what users are told about it."""

    model: str
    upgrade_copy: str | None = None
    model_link: str | None = None
    migration_markdown: str | None = None
    retirement_at: int | None = None


class AvailabilityEntry(msgspec.Struct, frozen=True):
    """What users are told once about a model that has become available."""

    message: str


class MessagesEntry(msgspec.Struct, frozen=True):
    """Texts for a model."""

    instructions_template: str | None = None


class CatalogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One model. Keys that have no field here change nothing."""

    slug: str
    display_name: str
    description: str | None = None
    default_reasoning_level: str | None = None
    supported_reasoning_levels: tuple[EffortEntry, ...] = ()
    visibility: Literal["list", "hide", "none"] = "list"
    supported_in_api: bool = True
    priority: int = 99
    additional_speed_tiers: tuple[str, ...] = ()
    service_tiers: tuple[TierEntry, ...] = ()
    default_service_tier: str | None = None
    default_reasoning_summary: str | None = None
    support_verbosity: bool = False
    default_verbosity: str | None = None
    apply_patch_tool_type: Literal["freeform", "function"] | None = None
    web_search_tool_type: str | None = None
    truncation_policy: TruncationEntry = TruncationEntry("bytes", 10_000)
    supports_parallel_tool_calls: bool = True
    supports_image_detail_original: bool = False
    context_window: int | None = None
    max_context_window: int | None = None
    auto_compact_token_limit: int | None = None
    comp_hash: str | None = None
    effective_context_window_percent: int = 95
    experimental_supported_tools: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ("text", "image")
    supports_search_tool: bool = False
    use_responses_lite: bool = False
    tool_mode: str | None = None
    multi_agent_version: str | None = None
    model_specialty: str | None = None
    upgrade: UpgradeEntry | str | None = None
    availability_nux: AvailabilityEntry | None = None
    base_instructions: str | None = None
    model_messages: MessagesEntry | None = None


UNREAD: Final = MappingProxyType(
    {
        "shell_type": "models run commands by `exec_command`, whatever kind of shell tool they are said to know",
        "include_skills_usage_instructions": "the same instructions go to all models",
        "include_plugin_usage_instructions": "the same instructions go to all models",
        "include_apps_usage_instructions": "the same instructions go to all models",
        "supports_experimental_context": "no bundled model does",
        "supports_reasoning_effort_updates": "the effort is told with each request",
        "multi_agent_reasoning_effort": "agents think as hard as whoever starts them, or as hard as they are told to",
        "node_repl_auto_review_required": "there is no tool of that kind",
        "node_repl_disabled": "there is no tool of that kind",
    }
)
"""Keys of entries, as of release 0.171.0, that nobody reads, and what holds instead."""


class Catalog(msgspec.Struct, frozen=True):
    """The whole file."""

    models: tuple[CatalogEntry, ...]


class CatalogError(Exception):
    """A text is no catalog; the message says where it is none."""


def decode_catalog(text: bytes) -> tuple[CatalogEntry, ...]:
    """Return the entries of a catalog. Raises `CatalogError`."""
    try:
        return _decoder().decode(text).models
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CatalogError(str(error)) from None


@cache
def _decoder() -> msgspec.json.Decoder[Catalog]:
    return decoding.json_decoder(Catalog)


def configured_catalog(merged: Mapping[str, Any]) -> tuple[CatalogEntry, ...] | None:
    """Return the entries of the file that `model_catalog_json` names; None when nothing does.

    Raises `ConfigLoadError`.
    """
    path = merged.get("model_catalog_json")
    if path is None:
        return None
    entries = _read(Path(path))
    if not entries:
        raise ConfigLoadError(f"model_catalog_json path `{path}` must contain at least one model")
    return entries


def _read(path: Path) -> tuple[CatalogEntry, ...]:
    try:
        text = read_whole(path, limit=MAX_CATALOG_BYTES)
    except (NotARegularFile, FileTooLarge) as error:
        raise ConfigLoadError(f"failed to read model_catalog_json path `{path}`: {error.strerror}") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ConfigLoadError(f"failed to read model_catalog_json path `{path}`: {reason}") from None
    try:
        return decode_catalog(text.removeprefix(b"\xef\xbb\xbf"))
    except CatalogError as error:
        raise ConfigLoadError(f"failed to parse model_catalog_json path `{path}` as JSON: {error}") from None
