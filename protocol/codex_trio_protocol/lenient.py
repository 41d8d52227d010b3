"""Decodes what the plain decoder refuses although its type is open for it: values of newer and of older peers.

Members and words that this release does not know survive where a type says `Open` or `OpenWord`; an object without a
kind becomes the first member of a `FirstByDefault` union. Everything else is still refused. Slow, and so called only
after a refusal, by `codex_trio_protocol.table`. Owns no types.
"""

from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeGuard, Union, cast, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, UnsetType

from codex_trio_protocol import decoding
from codex_trio_protocol.base import DefaultKind, JsonObject, OneOf, Unknowns, alternatives


def unwrap(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type without its `Annotated`, and the marks that stood there."""
    marks: tuple[Any, ...] = ()
    while get_origin(kind) is Annotated:
        kind, *found = get_args(kind)
        marks = (*found, *marks)
    return kind, marks


@cache
def has_open_parts(kind: Any) -> bool:
    """Return whether anything inside the type is open, so that a second look at a refused value makes sense."""
    return _has_open_parts(kind, set())


def _has_open_parts(kind: Any, seen: set[Any]) -> bool:
    inner, marks = unwrap(kind)
    if any(isinstance(mark, Unknowns | DefaultKind) for mark in marks):
        return True
    if is_struct(inner):
        if inner in seen:
            return False
        seen.add(inner)
        return any(_has_open_parts(field.type, seen) for field in _fields(inner))
    return get_origin(inner) is not Literal and any(_has_open_parts(part, seen) for part in get_args(inner))


def convert(value: Any, kind: Any) -> Any:
    """Like `msgspec.convert`, with what the type is open for.

    Raises:
        msgspec.ValidationError: the value has another shape.
    """
    try:
        return decoding.convert(value, kind)
    except msgspec.ValidationError:
        if not has_open_parts(kind):
            raise
    inner, marks = unwrap(kind)
    if any(isinstance(mark, Unknowns) for mark in marks) and is_unknown(inner, value):
        return value
    if any(isinstance(mark, DefaultKind) for mark in marks):
        value = with_kind(inner, value)
    return _convert_parts(inner, value)


def is_unknown(kind: Any, value: Any) -> bool:
    """Return whether a value is of a member, or a word, that this type does not list."""
    members = [unwrap(member)[0] for member in members_of(kind)]
    if isinstance(value, str):
        words = [word for member in members if get_origin(member) is Literal for word in get_args(member)]
        return bool(words) and value not in words
    if not isinstance(value, dict):
        return False
    keys = cast("JsonObject", value)
    structs = [member for member in members if is_struct(member)]
    field, tags = _tags(structs)
    if field is not None:
        return isinstance(keys.get(field), str) and keys[field] not in tags
    names = [name for member in structs for name in _variant_names(member)]
    return bool(names) and not any(name in keys for name in names)


def with_kind(union: Any, value: Any) -> Any:
    """Return the value as an object of the union's first kind, if it is an object that names none."""
    config = members_of(union)[0].__struct_config__
    if not isinstance(value, dict) or config.tag_field in value:
        return cast("Any", value)
    return {config.tag_field: config.tag, **cast("JsonObject", value)}


def members_of(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union but null and absence; any other type is its own member."""
    if get_origin(kind) not in (Union, UnionType):
        return (kind,)
    return tuple(member for member in get_args(kind) if member not in (NoneType, UnsetType))


def is_struct(kind: Any) -> TypeGuard[type[msgspec.Struct]]:
    """Return whether the type is a message."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _tags(structs: list[type[msgspec.Struct]]) -> tuple[str | None, dict[str, type[msgspec.Struct]]]:
    """Return the key that tells the structs apart, None when there is none, and the structs by its values."""
    tagged = [struct for struct in structs if struct.__struct_config__.tag_field is not None]
    if not tagged:
        return None, {}
    return tagged[0].__struct_config__.tag_field, {str(struct.__struct_config__.tag): struct for struct in tagged}


def _variant_names(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return keys of which an object of this member has one."""
    keys = struct.__struct_encode_fields__
    return alternatives(struct) if issubclass(struct, OneOf) else keys if len(keys) == 1 else ()


def _convert_parts(kind: Any, value: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _convert_member(kind, value)
    if origin is list and isinstance(value, list):
        items = cast("list[Any]", value)
        return [_convert_at(f"[{index}]", item, arguments[0]) for index, item in enumerate(items)]
    if origin is dict and isinstance(value, dict):
        entries = cast("JsonObject", value)
        return {key: _convert_at("[...]", item, arguments[1]) for key, item in entries.items()}
    if is_struct(kind) and isinstance(value, dict):
        return _convert_struct(kind, cast("JsonObject", value))
    return decoding.convert(value, kind)


def _convert_member(union: Any, value: Any) -> Any:
    members = members_of(union)
    structs = [member for member in members if is_struct(member)]
    field, tags = _tags(structs)
    tag = cast("JsonObject", value).get(field) if field is not None and isinstance(value, dict) else None
    if isinstance(tag, str) and tag in tags:
        members = (tags[tag],)
    if len(members) == 1:
        return convert(value, members[0])
    for member in members:
        if has_open_parts(member):
            try:
                return convert(value, member)
            except msgspec.ValidationError:
                continue
    return decoding.convert(value, union)


def _convert_struct(kind: type[msgspec.Struct], value: JsonObject) -> Any:
    fields = _fields(kind)
    config = kind.__struct_config__
    if config.forbid_unknown_fields and not {field.encode_name for field in fields} >= value.keys():
        return decoding.convert(value, kind)
    if config.tag_field is not None and value.get(config.tag_field, config.tag) != config.tag:
        return decoding.convert(value, kind)
    known: JsonObject = {}
    for field in fields:
        if field.encode_name in value:
            known[field.name] = _convert_at(f".{field.encode_name}", value[field.encode_name], field.type)
        elif field.default is NODEFAULT and field.default_factory is NODEFAULT:
            raise msgspec.ValidationError(f"Object missing required field `{field.encode_name}`")
    try:
        return kind(**known)
    except ValueError as error:
        raise msgspec.ValidationError(str(error)) from None


def _convert_at(step: str, value: Any, kind: Any) -> Any:
    """`convert`, with errors that say where the value stands."""
    try:
        return convert(value, kind)
    except msgspec.ValidationError as error:
        text, found, rest = str(error).partition(" - at `$")
        raise msgspec.ValidationError(f"{text} - at `${step}{rest if found else '`'}") from None


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind)
