"""The layers of a configuration, lowest first, and what they amount to together.

Owns: one layer's value and version, merging, and which layer a value comes from. Does not own: finding and reading the
files (`sources`), or what the merged table means (`load`).
"""

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, cast

import msgspec

LayerKind = Literal[
    "packagedDefaults",
    "system",
    "enterpriseManaged",
    "user",
    "project",
    "sessionFlags",
    "legacyManagedConfigTomlFromFile",
]
"""Where layers come from, lowest first. A profile file is a second layer of the user's, what a thread config loader
says a second one of session flags."""

_FIRST_EXPONENT = 1e16
"""The smallest number that JSON has with an exponent here."""


class LayerSource(msgspec.Struct, frozen=True):
    """Where a layer comes from. `path` is its file; for a project the `.codex` folder; none for session flags.

    `profile` names the profile whose file it is, `id` and `name` an organization's settings, which may have no file;
    what a thread config loader said has an `id` too.
    Protocol source: `ConfigLayerSource`.
    """

    kind: LayerKind
    path: Path | None = None
    profile: str | None = None
    id: str | None = None
    name: str | None = None

    def to_plain(self) -> dict[str, Any]:
        """Return the tagged form that clients know."""
        match self.kind:
            case "sessionFlags":
                return {"type": self.kind}
            case "project":
                return {"type": self.kind, "dotCodexFolder": str(self.path)}
            case "user":
                return {"type": self.kind, "file": str(self.path), "profile": self.profile}
            case "enterpriseManaged":
                return {"type": self.kind, "id": self.id, "name": self.name}
            case _:
                return {"type": self.kind, "file": str(self.path)}

    @property
    def file(self) -> Path | None:
        """The file that holds the layer's text."""
        return self.path / "config.toml" if self.kind == "project" and self.path else self.path

    @property
    def label(self) -> str:
        """The layer in a few words, for messages."""
        match self.kind:
            case "sessionFlags":
                return "session flags" if self.id is None else "thread config"
            case "legacyManagedConfigTomlFromFile":
                return f"legacy managed_config.toml: {self.path}"
            case "enterpriseManaged":
                return f"settings of your organization: {self.name}"
            case "user" if self.profile is not None:
                return f"profile `{self.profile}`: {self.path}"
            case kind:
                return f"{kind} config: {self.file}"


class ConfigLayer(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One source's table, with absolute paths.

    A layer with a `disabled_reason` is shown to readers but has no effect; with `is_doubted` that is because a command
    may have written it. `denied_keys` were in the file and were
    dropped, because this kind of layer may not set them.
    """

    source: LayerSource
    table: dict[str, Any]
    disabled_reason: str | None = None
    is_doubted: bool = False
    denied_keys: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ConfigLayer({self.source!r}, ...)"  # the table may hold keys

    @cached_property
    def version(self) -> str:
        """A hash of the layer's content, to notice changes by."""
        return table_version(self.table)


class Origin(msgspec.Struct, frozen=True):
    """The layer that decided a value."""

    source: LayerSource
    version: str


class LayerStack(msgspec.Struct, frozen=True, dict=True):
    """All layers of one configuration, lowest precedence first."""

    layers: tuple[ConfigLayer, ...]

    @property
    def active(self) -> Iterator[ConfigLayer]:
        """The layers that have an effect, lowest first."""
        return (layer for layer in self.layers if layer.disabled_reason is None)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that have a say, lowest first: what lies in any other one, beside a file or alone, has none."""
        found = (
            layer.source.path if layer.source.kind == "project" else layer.source.path and layer.source.path.parent
            for layer in self.active
        )
        return tuple(dict.fromkeys(folder for folder in found if folder is not None))

    @cached_property
    def merged(self) -> dict[str, Any]:
        """The tables of the active layers, merged; not to be changed."""
        return merge(layer.table for layer in self.active)

    def origins(self) -> dict[str, Origin]:
        """For each leaf of the merged table, by its dotted path, the layer that decided it."""
        found: dict[str, Origin] = {}
        for layer in self.active:
            origin = Origin(layer.source, layer.version)
            for path in leaves(layer.table):
                found[".".join(path)] = origin
        return {name: found[name] for name in (".".join(path) for path in leaves(self.merged)) if name in found}

    def layer(self, kind: LayerKind) -> ConfigLayer | None:
        """Return the layer of that kind, the highest when there are several."""
        return next((layer for layer in reversed(self.layers) if layer.source.kind == kind), None)


def merge(tables: Iterator[Mapping[str, Any]] | Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Table on top of one another: tables merge key by key, anything else replaces. Of the two ways to say which
    variables commands see, the higher one replaces the other.

    The inputs stay as they are. What stands in one of them alone is shared with it: the result is not to be changed.
    """
    result: dict[str, Any] = {}
    for table in tables:
        _drop_other_filters(result, table.get(_POLICY))
        _merge_into(result, table)
    return result


_POLICY: Final = "shell_environment_policy"
_FILTERS: Final = "filters"
_LISTS: Final = ("exclude", "include_only")


def _drop_other_filters(below: dict[str, Any], above: Any) -> None:
    """Take filters of variables out of `below` that those of the policy `above` replace, which may be spelt unlike."""
    current = below.get(_POLICY)
    if not isinstance(above, dict) or not isinstance(current, dict):
        return
    given = cast("dict[str, Any]", above)
    kept = dict(cast("dict[str, Any]", current))
    if isinstance(filters := given.get(_FILTERS), dict):
        names = {name.casefold() for name in cast("dict[str, Any]", filters)}
        others = cast("dict[str, Any]", kept.get(_FILTERS) or {})
        kept = {name: value for name, value in kept.items() if name not in _LISTS}
        kept[_FILTERS] = {name: value for name, value in others.items() if name.casefold() not in names}
    elif not given.keys().isdisjoint(_LISTS):
        kept.pop(_FILTERS, None)
    below[_POLICY] = kept


def _merge_into(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for name, value in above.items():
        current = below.get(name)
        if isinstance(value, dict) and isinstance(current, dict):
            # A copy of its own, so that merging more on top never reaches into a layer.
            copy = dict(cast("dict[str, Any]", current))
            _merge_into(copy, cast("dict[str, Any]", value))
            below[name] = copy
        else:
            below[name] = value


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of everything that is not a table or an array, array elements by their index."""
    match value:
        case dict():
            for name, part in cast("dict[str, Any]", value).items():
                yield from leaves(part, (*path, name))
        case list():
            for index, part in enumerate(cast("list[Any]", value)):
                yield from leaves(part, (*path, str(index)))
        case _:
            yield path


def lookup(table: Mapping[str, Any], path: Sequence[str]) -> Any:
    """Return the value at `path`, or None."""
    value: Any = table
    for name in path:
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, Any]", value).get(name)
    return value


def to_json_value(value: Any) -> Any:
    """Return a TOML value as JSON has it; dates and times become a table with one telling key."""
    match value:
        case dict():
            return {name: to_json_value(part) for name, part in cast("dict[str, Any]", value).items()}
        case list():
            return [to_json_value(part) for part in cast("list[Any]", value)]
        case datetime.datetime() | datetime.date() | datetime.time():
            return {"$__toml_private_datetime": value.isoformat().replace("+00:00", "Z")}
        case _:
            return value


def table_version(table: Mapping[str, Any]) -> str:
    """`sha256:` and the hex digest of the table as compact JSON with sorted keys."""
    import hashlib

    try:
        # Several times as fast as what knows every kind of value; a user's file has hundreds of small tables.
        text = msgspec.json.encode(_with_json_words(table) if _needs_words(table) else table, order="deterministic")
    except (UnicodeEncodeError, OverflowError):
        # Half of a character, or a number of more than 64 bits.
        words = json.dumps(table, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=to_json_value)
        text = words.encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def _needs_words(table: Mapping[str, object]) -> bool:
    """Return whether there may be a value in a table that the encoder does not write as others do."""
    for value in table.values():
        kind = type(value)
        if kind is str or kind is bool or kind is int:
            continue
        if kind is dict:
            if _needs_words(cast("dict[str, object]", value)):
                return True
        elif kind is not list or any(type(part) is not str for part in cast("list[object]", value)):
            return True
    return False


def _with_json_words(value: Any) -> Any:
    """Return a value with its dates as `to_json_value` has them, and the sign that others put into big exponents."""
    match value:
        case dict():
            return {name: _with_json_words(part) for name, part in cast("dict[str, Any]", value).items()}
        case list():
            return [_with_json_words(part) for part in cast("list[Any]", value)]
        case float() if abs(value) >= _FIRST_EXPONENT:
            return msgspec.Raw(msgspec.json.encode(value).replace(b"e", b"e+"))
        case _:
            return to_json_value(value)
