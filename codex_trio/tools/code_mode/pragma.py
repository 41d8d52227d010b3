"""The first line of a script, where the model may say how it is to be run. Pure."""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

from codex_trio.tools.calls import ToolFailure

_PRAGMA = re.compile(r"[ \t]*// @exec:([^\r\n]*)(?:\r?\n|$)")
_FIELDS = ("yield_time_ms", "max_output_tokens")
_EXAMPLE = '`// @exec: {"yield_time_ms": 10000, "max_output_tokens": 1000}`'


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """A script, and how long and how much of it the model wants to hear; None where it does not say."""

    code: str
    yield_time_ms: float | None = None
    max_output_tokens: float | None = None


def parse_script(text: str) -> Script:
    """Return the script in the input of a call. Raises ToolFailure with what is wrong with it."""
    found = _PRAGMA.match(text)
    options: dict[str, float] = {} if found is None else _options(found[1])
    # The line stays, so that the lines of errors are those of the model.
    if not (text if found is None else text[found.end() :]).strip():
        raise ToolFailure(
            "exec expects raw JavaScript source text (non-empty). Provide JS only, optionally with first-line "
            f"{_EXAMPLE}."
        )
    return Script(code=text, **options)


def _options(text: str) -> dict[str, float]:
    problem = "exec pragma must be valid JSON with supported fields `yield_time_ms` and `max_output_tokens`"
    try:
        given: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ToolFailure(f"{problem}: {error}") from error
    if not isinstance(given, dict):
        raise ToolFailure(f"{problem}: it must be an object")
    for name, value in cast("dict[str, Any]", given).items():
        if name not in _FIELDS:
            raise ToolFailure(f"exec pragma only supports `yield_time_ms` and `max_output_tokens`; got `{name}`")
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ToolFailure(f"{problem}: `{name}` must be a number that is not negative")
    return cast("dict[str, float]", given)
