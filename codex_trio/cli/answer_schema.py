"""Whether an answer fits the JSON Schema that was asked for: not every model and provider sees to it.

Owns the checking. jsonschema is imported when there is something to check. References to other documents are not
followed.
"""

from __future__ import annotations

from typing import Any

import msgspec


class BadSchema(Exception):
    """What should be a JSON Schema is none; the text says why."""


def check_schema(schema: Any) -> None:
    """Raise BadSchema for what is no JSON Schema."""
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        raise BadSchema(f"{error.json_path}: {error.message}") from error


def misfit(answer: str, schema: Any) -> str | None:
    """Return what is wrong with an answer; None when it fits."""
    from jsonschema.validators import validator_for
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import EMPTY_REGISTRY

    try:
        value = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return "it is not JSON"
    try:
        error = next(iter(validator_for(schema)(schema, registry=EMPTY_REGISTRY).iter_errors(value)), None)
    except Unresolvable as unresolvable:
        return f"the schema refers to what is not in it ({unresolvable})"
    return None if error is None else f"{error.json_path}: {error.message}"
