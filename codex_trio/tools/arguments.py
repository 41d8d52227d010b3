"""Decoding the arguments of a function call; what is wrong with them is told to the model."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec

from codex_trio.model.lenient_json import TOO_DEEP, is_too_deep
from codex_trio.tools.calls import ToolFailure
from codex_trio.util import decoding
from codex_trio.util.serde_words import invalid_type, missing_field

Arguments = TypeVar("Arguments", bound=msgspec.Struct)

_MISSING = re.compile(r"missing required field `(\w+)`")
_WRONG_TYPE = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `\w+` - at `\$\.(?P<field>\w+)`")
_WANTED = {
    "str": "a string",
    "bool": "a boolean",
    "int": "i64",
    "float": "f64",
    "array": "a sequence",
    "object": "a map",
}


def decode_arguments(text: str, into: type[Arguments]) -> Arguments:
    """Return the typed arguments of a call. Raises ToolFailure with a text that lets the model mend its call."""
    try:
        return decoding.json_decoder(into).decode(text or "{}")
    except msgspec.ValidationError as error:
        problem = _shape_problem(str(error), text)
    except (msgspec.DecodeError, RecursionError) as error:
        problem = _syntax_problem(text) or str(error)
    raise ToolFailure(f"failed to parse function arguments: {problem}")


def decode_value(text: str) -> Any:
    """Return the arguments of a call, whatever JSON they are. Raises ToolFailure."""
    try:
        value = decoding.json_decoder(Any).decode(text)
        if not is_too_deep(value):
            return value
        # How deep the decoder itself can go depends on the release of Python.
        problem = TOO_DEEP
    except RecursionError:
        problem = TOO_DEEP
    except (msgspec.DecodeError, UnicodeError) as error:
        problem = _syntax_problem(text) or str(error)
    raise ToolFailure(f"failed to parse function arguments: {problem}")


def _shape_problem(complaint: str, text: str) -> str:
    """Return what is wrong with arguments that are JSON, in the words that models see from 0.169.0."""
    missing = _MISSING.search(complaint)
    if missing is not None:
        return missing_field(missing[1])
    wrong = _WRONG_TYPE.search(complaint)
    if wrong is None:
        return complaint
    wanted = wrong["wanted"].removesuffix(" | null")
    try:
        value = json.loads(text).get(wrong["field"])
    except RecursionError:
        return complaint
    return invalid_type(value, _WANTED.get(wanted, wanted))


def _syntax_problem(text: str) -> str | None:
    """Return where the JSON is broken, with line and column: the standard library says it better than msgspec."""
    try:
        json.loads(text)
    except ValueError as error:
        return str(error)
    except RecursionError:
        return TOO_DEEP
    return None
