"""Decoding the arguments of a function call; what is wrong with them is told to the model."""

from __future__ import annotations

import json
import re
from typing import TypeVar

import msgspec

from codex_trio.tools.calls import ToolFailure

Arguments = TypeVar("Arguments", bound=msgspec.Struct)

_MISSING = re.compile(r"missing required field `(\w+)`")


def decode_arguments(text: str, into: type[Arguments]) -> Arguments:
    """The typed arguments of a call. Raises ToolFailure with a text that lets the model mend its call.

    Numbers may come as floats (`1000.0`), as some models write them.
    """
    try:
        return msgspec.json.decode(text or "{}", type=into, strict=False)
    except msgspec.ValidationError as error:
        missing = _MISSING.search(str(error))
        problem = f"missing field `{missing[1]}`" if missing else str(error)
    except msgspec.DecodeError as error:
        problem = _syntax_problem(text) or str(error)
    raise ToolFailure(f"failed to parse function arguments: {problem}")


def _syntax_problem(text: str) -> str | None:
    """Where the JSON is broken, with line and column: the standard library says it better than msgspec."""
    try:
        json.loads(text)
    except ValueError as error:
        return str(error)
    return None
