"""A catalog of models in the form of `model_catalog_json`, which an endpoint's catalog has too.

Owns: that form, reading the file, what is said of keys that nobody reads, and the errors that name the file. Does not
own: what the server makes of an entry (`model.catalog_entries`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from codex_trio.config.errors import ConfigLoadError
from codex_trio.util import decoding
from codex_trio.util.regular_file import FileTooLarge, NotARegularFile, read_whole

MAX_CATALOG_BYTES = 8 << 20
"""An entry holds a model's instructions of some twenty kilobytes."""


_Tokens: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]
_Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=256, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]


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
    limit: Annotated[int, msgspec.Meta(ge=0)]


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

    slug: _Name
    display_name: str
    description: str | None = None
    shell_type: Literal["default", "local", "shell_command", "unified_exec", "disabled"] = "default"
    """`disabled` takes the tools for commands away. With all other kinds they are the same ones (0.171.0)."""
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
    context_window: _Tokens | None = None
    max_context_window: _Tokens | None = None
    auto_compact_token_limit: _Tokens | None = None
    comp_hash: str | None = None
    effective_context_window_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 95
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

_OTHER_SHELLS = frozenset({"local", "shell_command"})
_SHELLS = "models run commands by `exec_command`, whatever kind of shell tool they are said to know"
_NOT_KNOWN = "no such key is known"
_MAX_KEYS_NAMED, _MAX_MODELS_NAMED, _MAX_SHOWN = 10, 3, 60


class Catalog(msgspec.Struct, frozen=True):
    """The whole file."""

    models: tuple[CatalogEntry, ...]


class UserCatalog(msgspec.Struct, frozen=True, kw_only=True):
    """What the file that `model_catalog_json` names holds."""

    entries: tuple[CatalogEntry, ...]
    ignored: str | None
    """What its user is told of keys in it that change nothing; None when there are none."""


class _Keys(msgspec.Struct, frozen=True):
    """The same file, of which the keys matter."""

    models: tuple[dict[str, Any], ...]


class CatalogError(Exception):
    """A text is no catalog; the message says where it is none."""


def decode_catalog(text: bytes) -> tuple[CatalogEntry, ...]:
    """Return the entries of a catalog. Raises `CatalogError`."""
    try:
        models = _decoder().decode(text).models
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CatalogError(str(error)) from None
    seen: set[str] = set()
    for number, entry in enumerate(models):
        if entry.slug in seen:
            raise CatalogError(f"the model `{_shown(entry.slug)}` is there twice - at `$.models[{number}].slug`")
        seen.add(entry.slug)
    return models


def ignored_keys(text: bytes, source: str) -> str | None:
    """Return what to tell whoever wrote a catalog, which can be decoded, of keys in it that change nothing."""
    found: dict[str, list[str]] = {}
    for entry in _key_decoder().decode(text).models:
        for key, value in entry.items():
            # What is null asks for nothing.
            is_read = key in CatalogEntry.__struct_fields__ and not (key == "shell_type" and value in _OTHER_SHELLS)
            if not is_read and value is not None:
                found.setdefault(key, []).append(_shown(entry["slug"]))
    if not found:
        return None
    told = [f"`{_shown(key)}` of {_listed(found[key], _MAX_MODELS_NAMED)} ({_reason(key)})" for key in sorted(found)]
    return f"{source} has keys that change nothing: {_listed(told, _MAX_KEYS_NAMED, '; ')}"


def _reason(key: str) -> str:
    return _SHELLS if key == "shell_type" else UNREAD.get(key, _NOT_KNOWN)


def _listed(names: Iterable[str], limit: int, separator: str = ", ") -> str:
    shown = list(names)
    more = [f"and {len(shown) - limit} more"] if len(shown) > limit else []
    return separator.join([*shown[:limit], *more])


def _shown(name: str) -> str:
    return name if len(name) <= _MAX_SHOWN else f"{name[:_MAX_SHOWN]}…"


@cache
def _key_decoder() -> msgspec.json.Decoder[_Keys]:
    return decoding.json_decoder(_Keys)


@cache
def _decoder() -> msgspec.json.Decoder[Catalog]:
    return decoding.json_decoder(Catalog)


def configured_catalog(merged: Mapping[str, Any]) -> UserCatalog | None:
    """Return what is in the file that `model_catalog_json` names; None when nothing does.

    Raises `ConfigLoadError`.
    """
    path = merged.get("model_catalog_json")
    if path is None:
        return None
    catalog = _read(Path(path))
    if not catalog.entries:
        raise ConfigLoadError(f"model_catalog_json path `{path}` must contain at least one model")
    return catalog


def _read(path: Path) -> UserCatalog:
    try:
        text = read_whole(path, limit=MAX_CATALOG_BYTES)
    except (NotARegularFile, FileTooLarge) as error:
        raise ConfigLoadError(f"failed to read model_catalog_json path `{path}`: {error.strerror}") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ConfigLoadError(f"failed to read model_catalog_json path `{path}`: {reason}") from None
    text = text.removeprefix(b"\xef\xbb\xbf")
    try:
        entries = decode_catalog(text)
    except CatalogError as error:
        raise ConfigLoadError(f"failed to parse model_catalog_json path `{path}` as JSON: {error}") from None
    return UserCatalog(entries=entries, ignored=ignored_keys(text, f"model_catalog_json path `{path}`"))
