"""Paths in params that no file can have, wherever in the params they are.

Owns the rule: a field that is named like a path, or a list of paths, has no zero byte in it. The operating system's
calls would refuse one, each in its own words and some only much later. Pure.
"""

import re
from collections.abc import Iterator
from typing import cast

import msgspec

_ZERO_BYTE_IN_JSON = re.compile(rb"\\u0000")
_PATH_NAME = re.compile(r"path|cwds?|roots|\w+(?:Paths?|Roots?)")


def field_with_zero_byte(raw: msgspec.Raw, params: object) -> str | None:
    """The name of the first field whose path has a zero byte in it.

    Args:
        raw: the JSON text of the params, which nearly always shows that there is none.
        params: the same, decoded.
    """
    if _ZERO_BYTE_IN_JSON.search(raw) is None:
        return None
    return next(_fields(params), None)


def _fields(value: object) -> Iterator[str]:
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            content = getattr(value, field.name)
            if _PATH_NAME.fullmatch(field.encode_name) and any("\0" in text for text in _texts(content)):
                yield field.encode_name
            yield from _fields(content)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _fields(item)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _texts(item)
