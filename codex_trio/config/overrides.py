"""Settings given for one run or one thread instead of in a file.

Owns: parsing `-c key=value`, and turning dotted keys into a table.
Does not own: what the keys mean (`schema`) or their place among the layers (`sources`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.layers import merge
from codex_trio.config.toml_text import MAX_DEPTH, TomlSyntaxError, is_too_deep, parse

Override = tuple[str, Any]


class OverrideError(ValueError):
    """A `-c` argument has no usable key."""


def parse_override(argument: str) -> Override:
    """`key=value` as a key and a TOML value; a value that is no TOML is taken as text.

    Raises `OverrideError`. The key's dots separate tables; quotes in it mean nothing.
    """
    key, equals, value = argument.partition("=")
    if not equals:
        raise OverrideError(f"Invalid override (missing '='): {argument}")
    key = key.strip()
    if not key:
        raise OverrideError(f"Empty key in override: {argument}")
    if key.count(".") >= MAX_DEPTH:
        raise OverrideError(f"Key of more than {MAX_DEPTH} parts in override: {key[:40]}...")
    return key, _parse_value(value)


def feature_override(name: str, *, enabled: bool) -> Override:
    """Return what `--enable name` and `--disable name` stand for."""
    return f"features.{name}", enabled


def to_table(overrides: Iterable[Override]) -> dict[str, Any]:
    """Return dotted keys as nested tables; later ones win, tables for the same key merge."""
    return merge([_nest(key, value) for key, value in overrides])


def from_request(config: Mapping[str, Any] | None) -> list[Override]:
    """Return a request's `config` map as overrides. JSON has null where TOML has nothing: it counts as empty text.

    Raises `ConfigLoadError` for what is nested too deeply to be a setting.
    """
    for key, value in (config or {}).items():
        if key.count(".") >= MAX_DEPTH or is_too_deep(value):
            raise ConfigLoadError(f"`{key[:40]}` is nested more than {MAX_DEPTH} levels deep")
    return [(key, _without_null(value)) for key, value in (config or {}).items()]


def _parse_value(text: str) -> Any:
    try:
        return parse(f"value = {text.strip()}")["value"]
    except TomlSyntaxError:
        return text.strip().strip("\"'")


def _nest(key: str, value: Any) -> dict[str, Any]:
    for name in reversed(key.split(".")):
        value = {name: value}
    return value


def _without_null(value: Any) -> Any:
    match value:
        case None:
            return ""
        case dict():
            return {name: _without_null(part) for name, part in cast("dict[str, Any]", value).items()}
        case list():
            return [_without_null(part) for part in cast("list[Any]", value)]
        case _:
            return value
