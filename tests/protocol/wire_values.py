"""Hypothesis strategies for wire values: plain JSON that fits a message type, drawn from its annotations."""

from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from codex_trio_protocol.base import OneOf, Wire
from hypothesis import strategies as st

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
TEXT = st.text(max_size=6)

_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    bool: st.booleans(),
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    NoneType: st.none(),
    Any: JSON_VALUES,
    msgspec.Raw: JSON_VALUES,
}


@cache
def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """JSON values that decode as `hint`."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, Wire):
        return st.deferred(lambda: _objects(hint))
    arguments = get_args(hint)
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return st.one_of([values_of(member) for member in arguments if member is not msgspec.UnsetType])
    if origin is Annotated:
        return _annotated(arguments)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is list:
        return st.lists(values_of(arguments[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(TEXT, values_of(arguments[1]), max_size=2)
    raise NotImplementedError(hint)


def _annotated(arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    for mark in arguments[1:]:
        if isinstance(mark, msgspec.Meta):
            if arguments[0] is int:
                least, most = (-(2**53), 2**53)
                return st.integers(
                    least if mark.ge is None else int(mark.ge), most if mark.le is None else int(mark.le)
                )
            if mark.pattern is not None:
                return TEXT.map(lambda text: "/" + text)
            return st.text(min_size=mark.min_length or 0, max_size=6)
    return values_of(arguments[0])


def _objects(kind: type[Wire]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind, include_extras=True)
    fields = msgspec.structs.fields(kind)
    chosen = set(kind.one_of) if issubclass(kind, OneOf) else set[str]()
    required = {f.encode_name: values_of(hints[f.name]) for f in fields if f.required and f.name not in chosen}
    optional = {f.encode_name: values_of(hints[f.name]) for f in fields if not f.required and f.name not in chosen}
    config = kind.__struct_config__
    if config.tag_field is not None:
        required[config.tag_field] = st.just(config.tag)
    objects = st.fixed_dictionaries(required, optional=optional)
    if not chosen:
        return objects
    one = st.one_of(
        [st.fixed_dictionaries({f.encode_name: values_of(hints[f.name])}) for f in fields if f.name in chosen]
    )
    return st.builds(lambda common, only: {**common, **only}, objects, one)
