"""Settings given for one run or one thread instead of in a file.

Owns: parsing `-c key=value`, and turning dotted keys into a table.
Does not own: what the keys mean (`schema`) or their place among the layers (`sources`).
Called by: the command line (parsing), and `sources`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from codex_trio.config.layers import merge

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
    return key, _parse_value(value)


def feature_override(name: str, *, enabled: bool) -> Override:
    """What `--enable name` and `--disable name` stand for."""
    return f"features.{name}", enabled


def to_table(overrides: Iterable[Override]) -> dict[str, Any]:
    """Dotted keys as nested tables; later ones win, tables for the same key merge."""
    return merge([_nest(key, value) for key, value in overrides])


def from_request(config: Mapping[str, Any] | None) -> list[Override]:
    """A request's `config` map as overrides. JSON has null where TOML has nothing: it counts as empty text."""
    return [(key, _without_null(value)) for key, value in (config or {}).items()]


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text.strip()}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
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
