"""Make values of this package's types of JSON and plain values, in any thread.

msgspec remembers what it learned of a struct on the struct, and does so before it has learned it all. A thread that
asks for the same struct in that moment is given what is half known, and crashes the process with it. So whoever decodes
into structs comes by here, where one thread at a time learns of types. Decoders that are made need no such care.

Types of other packages are learned under locks of their own: what matters is that no type is learned by two threads.
"""

import threading
from functools import cache
from typing import Any, TypeVar, overload

import msgspec

_Kind = TypeVar("_Kind")

# Held for as long as a thread learns types. Whoever holds it waits for no other thread and imports nothing.
_learning = threading.Lock()


@overload
def json_decoder(kind: type[_Kind]) -> msgspec.json.Decoder[_Kind]: ...
@overload
def json_decoder(kind: Any) -> msgspec.json.Decoder[Any]: ...
def json_decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return a new decoder of JSON into a type."""
    with _learning:
        return msgspec.json.Decoder(kind)


@overload
def convert(value: Any, kind: type[_Kind]) -> _Kind: ...
@overload
def convert(value: Any, kind: Any) -> Any: ...
def convert(value: Any, kind: Any) -> Any:
    """Like `msgspec.convert`.

    Raises:
        msgspec.ValidationError: the value has another shape.
    """
    _learn(kind)
    return msgspec.convert(value, kind)


@cache
def _learn(kind: Any) -> None:
    # Of all that takes a type, this asks the least of it.
    with _learning:
        msgspec.msgpack.Decoder(kind)
