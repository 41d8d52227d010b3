"""The words for what is wrong with a value that should be of some type.

They are those of serde, the Rust library that reads params, settings and the arguments of tools in the established
server: clients match on them, and users and models know them.
"""

import json
from collections.abc import Sequence


def missing_field(name: str) -> str:
    """Word a required key that is not there."""
    return f"missing field `{name}`"


def unknown_variant(name: str, known: Sequence[str]) -> str:
    """Word a value outside of a closed set of names."""
    return f"unknown variant `{name}`, expected {one_of(known)}"


def invalid_type(value: object, expected: str) -> str:
    """Word a value of the wrong type."""
    return f"invalid type: {described(value)}, expected {expected}"


def invalid_value(value: object, expected: str) -> str:
    """Word a value of the right type that is out of range."""
    return f"invalid value: {described(value)}, expected {expected}"


def described(value: object) -> str:
    """Name a value: its kind and, for scalars, itself."""
    match value:
        case None:
            return "null"
        case bool():
            return f"boolean `{json.dumps(value)}`"
        case int():
            return f"integer `{value}`"
        case float():
            return f"floating point `{value}`"
        case str():
            return f"string {json.dumps(value, ensure_ascii=False)}"
        case list():
            return "sequence"
        case _:
            return "map"


def one_of(known: Sequence[str]) -> str:
    """List what there is to choose from."""
    quoted = [f"`{name}`" for name in known]
    if len(quoted) <= 2:
        return " or ".join(quoted)
    return f"one of {', '.join(quoted)}"
