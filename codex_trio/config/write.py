"""Changing the user's configuration on behalf of a client.

Owns: what a write may touch, checking its outcome before anything is written, and telling when it has no effect.
Does not own: editing text (`edit`), the wire structs.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from codex_trio.config import toml_text
from codex_trio.config.constraints import refused_features, superseded
from codex_trio.config.edit import Edit, edit_file, edit_table, why_not_written
from codex_trio.config.errors import ConfigLoadError, ConfigWriteError
from codex_trio.config.keys import CONFIG, without_effect
from codex_trio.config.layers import ConfigLayer, LayerSource, LayerStack, lookup, table_version, to_json_value
from codex_trio.config.nodes import PassedTables, SchemaProblem, absolute_paths, check, names_beside, unread_keys
from codex_trio.config.providers import PROVIDERS_WITHOUT_A_TABLE
from codex_trio.config.requirements import Requirements
from codex_trio.config.service import ConfigService
from codex_trio.config.sources import Sources
from codex_trio.util.spelling import did_you_mean

_SEGMENT = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|[^."\']*')


_LARGEST_INTEGER = 2**63 - 1


class ConfigEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One change: `value` is JSON, null deletes. Protocol source: `ConfigEdit`."""

    key_path: str
    value: Any
    merge_strategy: Literal["replace", "upsert"]


class Overridden(msgspec.Struct, frozen=True, kw_only=True):
    """Why a written value has no effect. Protocol source: `OverriddenMetadata`."""

    message: str
    layer: ConfigLayer
    effective_value: Any


class WriteOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a write left behind: the user layer's new version, its file, and what stands above the written value.

    Protocol source: `ConfigWriteResponse`. `without_effect` says of what was written that nothing comes of it.
    """

    version: str
    file_path: Path
    overridden: Overridden | None
    without_effect: str | None = None

    @property
    def status(self) -> Literal["ok", "okOverridden"]:
        """The outcome in a word."""
        return "ok" if self.overridden is None else "okOverridden"


def write_config(
    service: ConfigService,
    edits: Sequence[ConfigEdit],
    *,
    file_path: str | None = None,
    expected_version: str | None = None,
    later: ExitStack | None = None,
) -> WriteOutcome:
    """Make all edits of a client in the user's file (with a profile in use, in the profile's), or none.

    `file_path` may only name that file. With `expected_version`, nothing is written if the file has changed since.
    `later` gets what may be closed once the client was answered. Raises `ConfigWriteError`.
    """
    if file_path is not None and not _is_same_file(file_path, service.paths.written_config):
        raise ConfigWriteError("Only writes to the user config are allowed", code="configLayerReadonly")
    prepared = [
        Edit(path=parse_key_path(edit.key_path), value=edit.value, merge=edit.merge_strategy == "upsert")
        for edit in edits
    ]
    return write_edits(service, prepared, expected_version=expected_version, later=later)


def write_edits(
    service: ConfigService,
    prepared: Sequence[Edit],
    *,
    expected_version: str | None = None,
    later: ExitStack | None = None,
) -> WriteOutcome:
    """Make all edits in the user's file, or none. Raises `ConfigWriteError`."""
    target = service.paths.written_config
    if any(len(edit.path) > toml_text.MAX_DEPTH or toml_text.is_too_deep(edit.value) for edit in prepared):
        raise ConfigWriteError(
            f"value is nested more than {toml_text.MAX_DEPTH} levels deep", code="configValidationError"
        )
    if any(_has_large_integer(edit.value) for edit in prepared):
        raise ConfigWriteError(
            f"value has an integer that TOML cannot hold: they end at {_LARGEST_INTEGER}", code="configValidationError"
        )
    _check_version(service, expected_version)
    sources = _sources(service)
    requirements = sources.requirements
    refused = refused_features(requirements, edit_table({}, prepared).get("features") or {})
    if refused is not None:
        raise ConfigWriteError(f"Invalid configuration: {refused}", code="configValidationError")

    stack = sources.stack

    def accept(table: dict[str, Any]) -> None:
        nonlocal stack
        _check_version(service, expected_version)  # once more: another server may just have written
        _check(table, passed=service.passed)
        stack = _with_written(service, sources.stack, table)

    try:
        edit_file(target, prepared, accept=accept, parse=service.texts.parse, later=later)
    except OSError as error:
        raise ConfigWriteError(why_not_written(target, error), code="configLayerReadonly") from None
    try:
        service.stand_by(folder for edit in prepared for folder in _trusted_by(edit))
    except OSError as error:
        raise ConfigWriteError(
            f"failed to note the answer beside {target}: {error.strerror}", code="configLayerReadonly"
        ) from None
    overridden = next(
        (
            found
            for edit in prepared
            if (found := _find_overridden(stack, edit.path) or _held(stack, edit, requirements))
        ),
        None,
    )
    return WriteOutcome(
        version=_user_version(stack), file_path=target, overridden=overridden, without_effect=_without_effect(prepared)
    )


def _without_effect(edits: Sequence[Edit]) -> str | None:
    """Return of which written settings nothing comes: they are kept, for another program may know them."""
    table = edit_table({}, edits)
    lines = [
        f"`{'.'.join(path)}` is not known.{did_you_mean(path[-1], names_beside(CONFIG, path))}"
        for path in unread_keys(CONFIG, table)
    ]
    lines += [f"`{'.'.join(path)}` is not supported yet." for path in without_effect(table)]
    return "\n  ".join(("These settings were written and have no effect:", *lines)) if lines else None


def _has_large_integer(value: Any) -> bool:
    """Return whether a file with that value in it would be no TOML to those who read it as its authors say."""
    match value:
        case dict():
            return any(map(_has_large_integer, cast("dict[str, Any]", value).values()))
        case list():
            return any(map(_has_large_integer, cast("list[Any]", value)))
        case int():
            return not -_LARGEST_INTEGER - 1 <= value <= _LARGEST_INTEGER
        case _:
            return False


def _with_written(service: ConfigService, stack: LayerStack, table: Mapping[str, Any]) -> LayerStack:
    """Return layers as they are with that table in the file that takes what clients write."""
    if not service.reads_what_is_written:
        return stack
    target, home = service.paths.written_config, service.paths.home

    def changed(layer: ConfigLayer) -> ConfigLayer:
        if layer.source.kind != "user" or layer.source.path != target:
            return layer
        return ConfigLayer(source=layer.source, table=absolute_paths(CONFIG, table, folder=target.parent, home=home))

    return LayerStack(tuple(map(changed, stack.layers)))


def _check_version(service: ConfigService, expected: str | None) -> None:
    if expected is not None and expected != _user_version(effective_stack(service)):
        raise ConfigWriteError(
            "Configuration was modified since last read. Fetch latest version and retry.", code="configVersionConflict"
        )


def write_project_edits(service: ConfigService, target: Path, edits: Sequence[Edit]) -> None:
    """Make edits in a project's file, which need not exist and counts once its user trusts the project.

    Raises `ConfigWriteError`.
    """
    try:
        edit_file(target, edits, accept=partial(_check, passed=service.passed), parse=service.texts.parse)
    except OSError as error:
        raise ConfigWriteError(why_not_written(target, error), code="configLayerReadonly") from None


def set_default_provider(service: ConfigService, provider_id: str) -> WriteOutcome:
    """Make a provider the one of new threads, in the user's file. Raises `ConfigWriteError`."""
    if provider_id not in PROVIDERS_WITHOUT_A_TABLE and provider_id not in configured_providers(service):
        raise ConfigWriteError(f"Model provider `{provider_id}` is not configured.", code="configValidationError")
    return write_config(service, [ConfigEdit(key_path="model_provider", value=provider_id, merge_strategy="replace")])


def configured_providers(service: ConfigService) -> Mapping[str, Mapping[str, Any]]:
    """Return `[model_providers]` as it is in effect where no project counts. Raises `ConfigWriteError`."""
    tables: Any = effective_stack(service).merged.get("model_providers", {})
    _check({"model_providers": tables}, passed=service.passed)
    return tables


def parse_key_path(text: str) -> tuple[str, ...]:
    """Return the keys of a dotted path; a key with dots of its own stands in quotes. Raises `ConfigWriteError`."""
    if not text.strip():
        raise ConfigWriteError("keyPath must not be empty", code="configValidationError")
    keys: list[str] = []
    at = 0
    while True:
        match = _SEGMENT.match(text, at)
        segment = match.group() if match else ""
        at += len(segment)
        if not segment or (at < len(text) and text[at] != "."):
            problem = "segments must not be empty" if not segment else "is not a dotted path"
            raise ConfigWriteError(f"keyPath {problem}", code="configValidationError")
        keys.append(_unquote(segment))
        if at == len(text):
            return tuple(keys)
        at += 1


def _trusted_by(edit: Edit) -> list[str]:
    """Return the folders that an edit says are trusted: the user's answer, even where it says what was said before."""
    projects: Any = edit_table({}, [edit]).get("projects")
    if not isinstance(projects, dict):
        return []
    table = cast("dict[str, Any]", projects)
    return [folder for folder in table if lookup(table, [folder, "trust_level"]) == "trusted"]


def _unquote(segment: str) -> str:
    if segment[0] not in "\"'":
        return segment
    try:
        return next(iter(toml_text.parse(f"{segment} = 0")))
    except toml_text.TomlSyntaxError:
        raise ConfigWriteError("keyPath is not a dotted path", code="configValidationError") from None


def _is_same_file(path: str, target: Path) -> bool:
    given = Path(path)
    return given.is_absolute() and (given == target or given.resolve() == target.resolve())


def effective_stack(service: ConfigService) -> LayerStack:
    """Return the layers that count where no project does. Raises `ConfigWriteError` if they cannot be read."""
    return _sources(service).stack


def _sources(service: ConfigService) -> Sources:
    try:
        return service.sources(None)
    except ConfigLoadError as error:
        raise ConfigWriteError(f"Invalid configuration: {error.message}", code="configValidationError") from None


def _user_version(stack: LayerStack) -> str:
    user = stack.layer("user")
    return user.version if user else table_version({})


def _check(table: Mapping[str, Any], *, passed: PassedTables) -> None:
    try:
        check(CONFIG, table, passed=passed)
    except SchemaProblem as problem:
        raise ConfigWriteError(f"Invalid configuration: {problem.describe()}", code="configValidationError") from None


def _held(stack: LayerStack, edit: Edit, requirements: Requirements) -> Overridden | None:
    """Return what an administrator requires in place of what was written."""
    if lookup(stack.merged, edit.path) is None:
        return None
    found = superseded(requirements, edit.path, stack.merged)
    if found is None:
        return None
    layer = ConfigLayer(source=LayerSource("system", Path(found.source)), table=dict(requirements.shown or {}))
    return Overridden(message=found.message, layer=layer, effective_value=to_json_value(found.effective))


def _find_overridden(stack: LayerStack, path: tuple[str, ...]) -> Overridden | None:
    effective = lookup(stack.merged, path)
    for layer in reversed(list(stack.active)):
        value = lookup(layer.table, path)
        if layer.source.kind == "user":
            return None
        if value is not None:
            user = stack.layer("user")
            if user is not None and lookup(user.table, path) == effective:
                return None
            return Overridden(
                message=f"Overridden by {layer.source.label}", layer=layer, effective_value=to_json_value(effective)
            )
    return None
