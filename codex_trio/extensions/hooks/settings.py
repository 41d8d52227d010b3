"""The hooks that a configuration has: required ones, in `hooks.json` beside its files, in their `[hooks]`, of plugins.

Owns reading them, and which of them the user trusts or an administrator set. Does not own whether a project counts:
layers without effect are not asked. Blocking, a few small files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from codex_trio.config.hook_events import HOOK_EVENTS
from codex_trio.config.layers import ConfigLayer, LayerKind, LayerStack, lookup
from codex_trio.config.requirements import NOTHING_REQUIRED, Requirements
from codex_trio.extensions.hooks.handlers import UnusableHandler, digest, is_number, read_handler, seconds_of
from codex_trio.extensions.hooks.hook import BRIEF, UNMATCHED, Hook, HookListing, Source, snake
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.util.loose_json import table_of
from codex_trio.util.plain_pattern import pattern_problem
from codex_trio.util.regular_file import read_whole
from codex_trio.util.spelling import did_you_mean

MAX_FILE_BYTES = 256 * 1024
MAX_HOOKS = 500
"""More in all are a mistake: each may be a process for every call of a tool."""

MAX_WARNINGS = 100


_SOURCES: Mapping[LayerKind, Source] = {
    "packagedDefaults": "system",
    "system": "system",
    "enterpriseManaged": "cloudManagedConfig",
    "user": "user",
    "project": "project",
    "sessionFlags": "sessionFlags",
    "legacyManagedConfigTomlFromFile": "legacyManagedConfigFile",
}
_MANAGED = frozenset[LayerKind]({"packagedDefaults", "system", "enterpriseManaged", "legacyManagedConfigTomlFromFile"})
"""Layers that only whoever administers the machine writes."""


class _Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where some hooks stand."""

    path: str
    source: Source
    key: str
    plugin: PluginParts | None = None
    is_managed: bool = False


class _Found(msgspec.Struct):
    hooks: list[Hook] = []
    warnings: list[str] = []
    errors: list[tuple[str, str]] = []

    def ignore(self, key: str, path: str, reason: str) -> None:
        """Warn of a setting without effect."""
        self.warnings.append(f"ignoring `{key}` in {path}: {reason}")


def load_hooks(
    stack: LayerStack, *, required: Requirements = NOTHING_REQUIRED, plugins: Sequence[PluginParts] = ()
) -> HookListing:
    """Return the hooks that are required, those of the layers in effect, lowest first, then those of plugins.

    Where an administrator allows managed ones alone, the others are not even read.
    """
    found = _Found()
    states = _states(stack.active, found)
    for given in required.hooks:
        origin = _Origin(path=given.place, source=given.source, key=given.place, is_managed=True)
        _take(given.table, origin, states, found)
    for layer in _heeded(stack, required):
        _take_layer(layer, states, found)
    for plugin in _heeded_plugins(plugins, required):
        for origin, table in _of_plugin(plugin, found):
            _take(table, origin, states, found)
    hooks = found.hooks
    if len(hooks) > MAX_HOOKS:
        found.warnings.append(f"there are {len(hooks)} hooks; only the first {MAX_HOOKS} count")
    warnings = list(dict.fromkeys(found.warnings))
    if len(warnings) > MAX_WARNINGS:
        warnings[MAX_WARNINGS:] = [f"there are {len(warnings) - MAX_WARNINGS} more warnings about hooks"]
    return HookListing(hooks=tuple(hooks[:MAX_HOOKS]), warnings=tuple(warnings), errors=tuple(found.errors))


def hook_files(stack: LayerStack, *, required: Requirements, plugins: Sequence[PluginParts]) -> list[str]:
    """Return the files that are read for this, whether they are there or not."""
    return [
        *(str(_beside(layer.source.file)) for layer in _heeded(stack, required) if layer.source.file is not None),
        *(str(path) for plugin in _heeded_plugins(plugins, required) for path in plugin.hook_files),
    ]


def _heeded(stack: LayerStack, required: Requirements) -> Iterator[ConfigLayer]:
    for layer in stack.active:
        if layer.source.kind in _MANAGED or not required.managed_hooks_only:
            yield layer


def _heeded_plugins(plugins: Sequence[PluginParts], required: Requirements) -> Sequence[PluginParts]:
    return () if required.managed_hooks_only else plugins


def _beside(file: Path) -> Path:
    return file.parent / "hooks.json"


def _take_layer(layer: ConfigLayer, states: Mapping[str, Any], found: _Found) -> None:
    file = layer.source.file
    source = _SOURCES[layer.source.kind]
    is_managed = layer.source.kind in _MANAGED
    inline = {name: value for name, value in table_of(layer.table.get("hooks")).items() if name != "state"}
    if file is not None:
        beside = _beside(file)
        table = _read(beside, found)
        if table and inline:
            found.warnings.append(
                f"loading hooks from both {beside} and {file}; prefer a single representation for this layer"
            )
        origin = _Origin(path=str(beside), source=source, key=str(beside), is_managed=is_managed)
        _take(table, origin, states, found)
    path = source if file is None else str(file)
    _take(inline, _Origin(path=path, source=source, key=path, is_managed=is_managed), states, found)


def _of_plugin(plugin: PluginParts, found: _Found) -> Iterator[tuple[_Origin, Mapping[str, Any]]]:
    for path in plugin.hook_files:
        try:
            relative = path.relative_to(plugin.root)
        except ValueError:
            found.errors.append((str(path), "lies outside of its plugin"))
            continue
        yield _Origin(path=str(path), source="plugin", key=f"{plugin.id}:{relative}", plugin=plugin), _read(path, found)
    for number, table in enumerate(plugin.hooks):
        key = f"{plugin.id}:plugin.json#hooks[{number}]"
        yield _Origin(path=str(plugin.root), source="plugin", key=key, plugin=plugin), table


def _read(path: Path, found: _Found) -> Mapping[str, Any]:
    try:
        text = read_whole(path, limit=MAX_FILE_BYTES)
        document = msgspec.json.decode(text)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        found.errors.append((str(path), f"failed to read hooks: {error.strerror}"))
        return {}
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        found.errors.append((str(path), f"failed to parse hooks: {error}"))
        return {}
    if not isinstance(document, dict) or not isinstance(lookup(table_of(document), ["hooks"]), dict):
        found.errors.append((str(path), "failed to parse hooks: expected an object with the key `hooks`"))
        return {}
    return table_of(table_of(document)["hooks"])


def _take(table: Mapping[str, Any], origin: _Origin, states: Mapping[str, Any], found: _Found) -> None:
    for name in table:
        if name not in HOOK_EVENTS:
            found.ignore(f"hooks.{name}", origin.path, f"there is no such event; there are {', '.join(HOOK_EVENTS)}")
    for event in HOOK_EVENTS:
        if event not in table:
            continue
        moment = f"{origin.key}:{snake(event)}"
        for number, group in _objects(table[event], f"hooks.{event}", origin, found):
            matcher = None if event in UNMATCHED else group.get("matcher") or None
            problem = _matcher_problem(matcher)
            if problem is not None:
                found.warnings.append(f"invalid matcher {matcher!r} in {origin.path}: {problem}")
                continue
            where = f"hooks.{event}[{number}].hooks"
            for place, handler in _objects(group.get("hooks"), where, origin, found):
                key = f"{moment}:{number}:{place}"
                _take_handler(handler, f"{where}[{place}]", event, matcher, key, origin, states, found)


def _objects(value: Any, where: str, origin: _Origin, found: _Found) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a list, and the place of each; say what is none."""
    if not isinstance(value, list):
        found.ignore(where, origin.path, "expected a list of objects")
        return
    for place, item in enumerate(cast("list[Any]", value)):
        if isinstance(item, dict):
            yield place, cast("dict[str, Any]", item)
        else:
            found.ignore(f"{where}[{place}]", origin.path, "expected an object")


def _take_handler(
    handler: Mapping[str, Any],
    where: str,
    event: str,
    matcher: str | None,
    key: str,
    origin: _Origin,
    states: Mapping[str, Any],
    found: _Found,
) -> None:
    try:
        runs = read_handler(handler)
    except UnusableHandler as problem:
        found.ignore(where, origin.path, str(problem))
        return
    if runs is None:
        kind = handler["type"]
        question = did_you_mean(kind, ("command", "mcp_tool"))
        found.warnings.append(
            f"skipping {kind} hook in {origin.path}: {kind} hooks are not supported yet{question and '.'}{question}"
        )
        return
    asked = handler.get("timeout")
    if asked is not None and not is_number(asked):
        found.ignore(f"{where}.timeout", origin.path, "expected a number of seconds")
    seconds, is_cut = seconds_of(event, asked)
    if is_cut and event in BRIEF:
        found.warnings.append(f"clamping {event} hook timeout to {seconds}s in {origin.path}")
    message, limit = handler.get("statusMessage"), handler.get("additionalContextLimit")
    message = message if isinstance(message, str) else None
    current = digest(event, matcher, runs, seconds, message)
    if origin.plugin is not None and origin.plugin.content_hash:
        current = f"{current}/sha256:{origin.plugin.content_hash}"
    state = table_of(states.get(key))
    trusted = state.get("trusted_hash")
    is_known = isinstance(trusted, str)
    found.hooks.append(
        Hook(
            key=key,
            event=event,
            matcher=matcher,
            handler=runs,
            seconds=seconds,
            status_message=message,
            context_limit=int(limit) if is_number(limit) and limit >= 0 else None,
            source_path=origin.path,
            source=origin.source,
            plugin_id=None if origin.plugin is None else origin.plugin.id,
            order=len(found.hooks),
            is_enabled=origin.is_managed or state.get("enabled") is not False,
            current_hash=current,
            trust="managed"
            if origin.is_managed
            else "trusted"
            if trusted == current
            else "modified"
            if is_known
            else "untrusted",
            variables=_variables(origin.plugin),
        )
    )


def _matcher_problem(matcher: Any) -> str | None:
    if matcher is None or matcher == "*":
        return None
    if not isinstance(matcher, str):
        return "expected a text"
    return pattern_problem(matcher)


def _variables(plugin: PluginParts | None) -> Mapping[str, str]:
    if plugin is None:
        return {}
    root, data = str(plugin.root), str(plugin.data)
    return {"PLUGIN_ROOT": root, "CLAUDE_PLUGIN_ROOT": root, "PLUGIN_DATA": data, "CLAUDE_PLUGIN_DATA": data}


def _states(layers: Iterable[ConfigLayer], found: _Found) -> Mapping[str, Any]:
    """Return what the user says of hooks. No project has a say."""
    states: dict[str, Any] = {}
    for layer in layers:
        given = lookup(layer.table, ["hooks", "state"]) if layer.source.kind == "user" else None
        if given is None:
            continue
        path = str(layer.source.file or layer.source.kind)
        if not isinstance(given, dict):
            found.ignore("hooks.state", path, "expected a table")
        for key, state in table_of(given).items():
            where = f"hooks.state.{json.dumps(key)}"
            if not isinstance(state, dict):
                found.ignore(where, path, "expected a table")
                continue
            states[key] = state
            for name, kind, expected in (("enabled", bool, "true or false"), ("trusted_hash", str, "a text")):
                if not isinstance(table_of(state).get(name, kind()), kind):
                    found.ignore(f"{where}.{name}", path, f"expected {expected}")
    return states
