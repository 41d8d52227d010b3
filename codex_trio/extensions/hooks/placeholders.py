"""What a tool is given at a moment: the words of the configuration, with what the moment is about put into them.

`${name}` and `${name.of.a.part}` stand for what a command would be given under these names: for the value itself where
nothing else stands beside it, and for its text in the midst of others (0.171.0). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")


class UnknownPlaceholder(Exception):
    """The moment is not about anything of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"hook input placeholder `${{{name}}}` was not found")


def filled(given: Any, payload: Mapping[str, Any]) -> Any:
    """Return the same with every placeholder in its texts filled in. Raises UnknownPlaceholder."""
    if isinstance(given, str):
        return _filled_text(given, payload)
    if isinstance(given, Mapping):
        table = cast("Mapping[str, Any]", given)
        return {name: filled(value, payload) for name, value in table.items()}
    if isinstance(given, list):
        return [filled(value, payload) for value in cast("Sequence[Any]", given)]
    return given


def _filled_text(text: str, payload: Mapping[str, Any]) -> Any:
    whole = _PLACEHOLDER.fullmatch(text)
    if whole is not None:
        return _value(whole[1], payload)
    return _PLACEHOLDER.sub(lambda found: _as_text(_value(found[1], payload)), text)


def _value(name: str, payload: Mapping[str, Any]) -> Any:
    value: Any = payload
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise UnknownPlaceholder(name)
        value = cast("Mapping[str, Any]", value)[part]
    return value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
