"""Paths in params that no file can have, wherever in the params they are, and those that their client did not mean.

Owns the rules. A field that is named like a path, or like several, holds what the operating system could take for some,
and not so many that others would wait for them: its calls would refuse them, each in its own words and some only much
later. Where half of a character was replaced, a path or command would mean another one. Pure.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import cast

import msgspec

MAX_PATH_BYTES = 4096
"""Linux takes no longer path, the zero byte at its end included."""

MAX_PATHS = 1000
"""How many a list may have: far more than a workspace has roots, or a client folders."""

_ZERO_BYTE_IN_JSON = re.compile(rb"\\u0000")
_PATH_NAME = re.compile(r"(?!keyPath\b)(?:path|cwds?|roots|\w+(?:Paths?|Roots?))")
_RUN_NAME = re.compile(r"command|args|env")
_REPLACED = "\N{REPLACEMENT CHARACTER}"


def problem_with_path(raw: msgspec.Raw, params: object, *, is_mended: bool) -> str | None:
    """Return what is wrong with the first path that cannot be one, for the client; None when there is none.

    Args:
        raw: the JSON text of the params, which nearly always shows that there is none.
        params: the same, decoded.
        is_mended: whether halves of characters were replaced in it: then what is to be run counts as well.
    """
    if is_mended and (half := next(_halves(params), None)) is not None:
        return half
    if len(raw) <= MAX_PATH_BYTES and _ZERO_BYTE_IN_JSON.search(raw) is None:
        return None
    return next(_problems(params), None)


def _halves(value: object) -> Iterator[str]:
    if isinstance(value, msgspec.Struct):
        for name, encoded_name, is_path in _fields(type(value)):
            content = getattr(value, name)
            if (is_path or _RUN_NAME.fullmatch(encoded_name)) and any(_REPLACED in text for text in _texts(content)):
                yield f"`{encoded_name}` must not contain half of a surrogate pair"
            yield from _halves(content)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _halves(item)


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for item in cast("list[object]", content):
            yield from _texts(item)
    elif isinstance(content, dict):
        for pair in cast("dict[object, object]", content).items():
            yield from _texts(list(pair))


def _problems(value: object) -> Iterator[str]:
    if isinstance(value, msgspec.Struct):
        for name, encoded_name, is_path in _fields(type(value)):
            content = getattr(value, name)
            problem = _problem(content) if is_path else None
            if problem is not None:
                yield f"`{encoded_name}` {problem}"
            if not isinstance(content, str):
                yield from _problems(content)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _problems(item)


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, str, bool], ...]:
    return tuple(
        (field.name, field.encode_name, _PATH_NAME.fullmatch(field.encode_name) is not None)
        for field in msgspec.structs.fields(kind)
    )


def _problem(content: object) -> str | None:
    if isinstance(content, str):
        if "\0" in content:
            return "must not contain a zero byte"
        if len(content) >= MAX_PATH_BYTES or len(content.encode()) >= MAX_PATH_BYTES:
            return f"must be shorter than {MAX_PATH_BYTES} bytes, as every path"
    elif isinstance(content, list):
        paths = cast("list[object]", content)
        if len(paths) > MAX_PATHS:
            return f"must not have more than {MAX_PATHS} paths, and has {len(paths)}"
        return next((problem for path in paths if (problem := _problem(path)) is not None), None)
    return None
