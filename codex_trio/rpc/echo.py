"""Error texts that repeat what a client sent, at a length that people read and logs bear.

Owns where values of a request are cut in the text of its error. Does not own the texts. Pure.
"""

from collections.abc import Iterator
from typing import Any, cast

import msgspec

MAX_ECHO = 200
"""How many characters of one value a text repeats."""

MAX_MESSAGE = 8192
"""A text that is longer, with its values cut, is cut itself: the list of all methods is not."""

_MAX_VALUES = 64
_MAX_READ = 4 << 20
_KEPT_END = 1024


def shortened(message: str, method: str, params: Any) -> str:
    """Return the text with long values of the request cut, each followed by its length.

    `params` are raw JSON or decoded. Values that the text holds in another form are cut with the text.
    """
    if len(message) <= MAX_ECHO:
        return message
    for value in sorted({method, *_values(params)}, key=len, reverse=True)[:_MAX_VALUES]:
        if len(value) <= MAX_ECHO:
            break
        for form in dict.fromkeys((value, msgspec.json.encode(value).decode()[1:-1])):
            message = message.replace(form, f"{form[:MAX_ECHO]}… ({len(value)} characters)")
    if len(message) > MAX_MESSAGE:
        left_out = len(message) - MAX_MESSAGE
        message = f"{message[: MAX_MESSAGE - _KEPT_END]}… ({left_out} characters left out) …{message[-_KEPT_END:]}"
    return message


def _values(params: Any) -> Iterator[str]:
    """Yield the texts in params, keys of objects included."""
    try:
        raw = bytes(params) if isinstance(params, msgspec.Raw | bytes) else msgspec.json.encode(params)
        todo: list[Any] = [msgspec.json.decode(raw)] if len(raw) <= _MAX_READ else []
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        return
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            todo += cast("list[Any]", value)
        elif isinstance(value, dict):
            table = cast("dict[str, Any]", value)
            todo += [*table, *table.values()]
