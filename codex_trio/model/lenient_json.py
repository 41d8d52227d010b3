"""JSON as providers and gateways really send it.

Owns: reading a text that strict readers refuse for one stray byte, half a surrogate pair, NaN or a number without end.
Does not own: what the values mean.
"""

from __future__ import annotations

import math
from typing import Any, cast

import msgspec

MAX_DEPTH = 200
"""Values nested deeper than this are refused: whoever stores or sends them again has no unlimited stack either."""

TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"


class UnreadableJson(ValueError):
    """A text is no JSON, however patiently it is read. The text says where."""


def decode(data: bytes) -> Any:
    """Return the value of a JSON text. Numbers that are none become None.

    Strings may hold halves of surrogate pairs, which `mended` takes out. Raises UnreadableJson.
    """
    try:
        value = _decode(data)
    except RecursionError:
        raise UnreadableJson(TOO_DEEP) from None
    if is_too_deep(value):
        raise UnreadableJson(TOO_DEEP)
    return value


def is_too_deep(value: Any, levels: int = MAX_DEPTH) -> bool:
    """Return whether a decoded value is nested deeper than this."""
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value).values()
    elif isinstance(value, list):
        inner = cast("list[Any]", value)
    else:
        return False
    return levels == 0 or any(is_too_deep(each, levels - 1) for each in inner)


def _decode(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    import json

    text = data.decode("utf-8", "replace")
    try:
        return json.loads(text, strict=False, parse_constant=_no_number, parse_float=_finite, parse_int=_integer)
    except ValueError as error:
        raise UnreadableJson(str(error)) from None


def mended(value: Any) -> Any:
    """`value` with a replacement character for each half of a surrogate pair in it; whole pairs become characters."""
    match value:
        case str():
            return _mended_text(value)
        case dict():
            fields = cast("dict[str, Any]", value)
            return {_mended_text(key): mended(field) for key, field in fields.items()}
        case list():
            return [mended(element) for element in cast("list[Any]", value)]
        case _:
            return value


def _mended_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _no_number(_name: str) -> None:
    return None


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _integer(digits: str) -> int | float | None:
    return int(digits) if len(digits) < 20 else _finite(digits)
