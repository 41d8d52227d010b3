"""Turns undecoded JSON into a typed value, or says in the protocol's words why it does not fit.

Clients match on these texts (``missing field `threadId` ``), which come from the Rust library that reads params in the
established server. msgspec decides what fits; only when it refuses is the value walked again, in the order of the
input, to find the first thing wrong and name it. The walk also accepts what that library accepts and msgspec does not:
structs written as arrays of their fields. Owns what is found wrong first. Does not own its words (util.serde_words),
the types, nor what a refusal leads to.
"""

import re
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NoReturn, TypeVar, Union, cast, get_args, get_origin

import msgspec
from codex_trio_protocol import decoding, table
from codex_trio_protocol.base import Called, DefaultKind, FirstOf, OneOf, Unknowns, Until, alternatives
from codex_trio_protocol.lenient import is_struct, is_unknown, members_of, unwrap, with_kind
from msgspec import NODEFAULT

from codex_trio.util.serde_words import invalid_type, invalid_value, missing_field, one_of, unknown_variant

Mark = TypeVar("Mark")

_LONG_LIST = 100

_GIANT = re.compile(rb"[:,\[ ][0-9]{20}")
"""What an integer of more than 64 bits begins with, which msgspec lets into fields without an upper bound."""

_SHORT_BYTES = 16 * 1024
"""So much is searched for such integers: more is text, and nobody is to wait for that."""


class ShapeError(ValueError):
    """The value does not fit its type; the text says why, for the client."""


def decode(raw: msgspec.Raw | bytes, kind: Any) -> Any:
    """Return the JSON text as a value of this type.

    Raises:
        ShapeError: it does not fit.
    """
    try:
        value = table.decode(raw, kind)
        if len(raw) <= _SHORT_BYTES and _GIANT.search(memoryview(raw)):
            _fit(kind, msgspec.json.decode(raw))
        return value
    except msgspec.ValidationError as error:
        refusal = error
    except msgspec.DecodeError:
        raise ShapeError("the message is not valid JSON") from None
    try:
        return table.convert(_fit(kind, msgspec.json.decode(raw)), kind)
    except (msgspec.DecodeError, RecursionError):
        raise ShapeError(_plain(str(refusal))) from None


def _fit(kind: Any, value: Any) -> Any:
    """Return the value with arrays for structs made objects, or a ShapeError."""
    kind, marks = unwrap(kind)
    if kind in (Any, object, msgspec.Raw):
        return value
    is_giant = isinstance(value, int) and not -(2**63) <= value < 2**64
    if is_giant and (float in (kind, *get_args(kind)) or not -(2**127) <= value < 2**128):
        value = float(value)
    elif is_giant:
        raise ShapeError(f"invalid type: integer `{value}` as {'i' if value < 0 else 'u'}128, expected any value")
    if _mark(marks, Unknowns) and is_unknown(kind, value):
        return value
    if _mark(marks, DefaultKind):
        value = with_kind(kind, value)
    called = _mark(marks, Called)
    name = called.name if called is not None else None
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _fit_union(kind, value, name)
    if origin is Literal:
        return _fit_variant(get_args(kind), value)
    if kind is list or origin is list:
        return _fit_list(kind, value)
    if kind is dict or origin is dict:
        return _fit_map(kind, value)
    if is_struct(kind):
        return _fit_tagged([kind], value) if _is_tagged(kind) else _fit_struct(kind, value)
    return _fit_scalar(kind, value, _mark(marks, msgspec.Meta), name)


def _mark(marks: Sequence[Any], kind: type[Mark]) -> Mark | None:
    return next((mark for mark in marks if isinstance(mark, kind)), None)


def _is_outdated(kind: Any) -> bool:
    return _mark(unwrap(kind)[1], Until) is not None


def _fit_scalar(kind: Any, value: Any, constraint: msgspec.Meta | None, name: str | None) -> Any:
    if kind is str:
        return _fit_string(value, constraint, name or "a string")
    if kind is bool:
        return value if isinstance(value, bool) else _refuse(value, "a boolean")
    if kind is int:
        return _fit_integer(value, constraint, name)
    if kind is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return value if is_number else _refuse(value, "f64")
    if kind is None or kind is types.NoneType:
        # An object without keys is as good as nothing.
        return None if value is None or value == {} else _refuse(value, "unit")
    return value


def _fit_string(value: Any, constraint: msgspec.Meta | None, name: str) -> str:
    # The protocol puts two constraints on strings, each on one type that has a text of its own.
    if not isinstance(value, str):
        _refuse(value, name)
    if constraint is not None and constraint.pattern and not re.search(constraint.pattern, value):
        raise ShapeError("AbsolutePathBuf deserialized without a base path")
    if constraint is not None and constraint.min_length and not value:
        raise ShapeError("reasoning_effort must not be empty")
    return value


_INTEGERS = {
    (0, 0xFF): "u8",
    (0, 0xFFFF): "u16",
    (0, 0xFFFF_FFFF): "u32",
    (0, None): "u64",
    (-0x8000_0000, 0x7FFF_FFFF): "i32",
}


def _fit_integer(value: Any, constraint: msgspec.Meta | None, name: str | None) -> int:
    low = constraint.ge if constraint is not None else None
    high = constraint.le if constraint is not None else None
    name = name or _INTEGERS.get((cast("int", low), cast("int | None", high)), "i64")
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse(value, name)
    if (low is not None and value < low) or (high is not None and value > high):
        raise ShapeError(invalid_value(value, name))
    return value


def _fit_list(kind: Any, value: Any) -> list[Any]:
    if not isinstance(value, list):
        _refuse(value, "a sequence")
    (item_kind,) = get_args(kind) or (Any,)
    items = cast("list[Any]", value)
    if len(items) < _LONG_LIST:
        return [_fit(item_kind, item) for item in items]
    # Others would wait for the walk: of so many elements only those that msgspec refuses are walked.
    return [item if _is_decodable(item_kind, item) else _fit(item_kind, item) for item in items]


def _is_decodable(kind: Any, value: Any) -> bool:
    try:
        decoding.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _fit_map(kind: Any, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(value, "a map")
    _, item_kind = get_args(kind) or (str, Any)
    return {key: _fit(item_kind, item) for key, item in cast("dict[str, Any]", value).items()}


def _fit_variant(known: Sequence[str], value: Any) -> str:
    if isinstance(value, dict):
        entries = list(cast("dict[str, Any]", value).items())
        if len(entries) != 1:
            raise ShapeError("invalid value: map, expected map with a single key")
        ((value, content),) = entries
        if value in known and content is not None:
            _refuse(content, "unit")
    if not isinstance(value, str):
        _refuse(value, "string or map")
    if value not in known:
        raise ShapeError(unknown_variant(value, known))
    return value


def _fit_struct(kind: type[msgspec.Struct], value: Any) -> dict[str, Any]:
    choice = kind.choice if issubclass(kind, OneOf) else None
    if isinstance(value, list):
        value = _by_position(kind, cast("list[Any]", value))
    if not isinstance(value, dict):
        if choice is not None and not _is_tagged(kind):
            _refuse_choice(choice)
        _refuse(value, f"internally tagged enum {kind.__name__}" if _is_tagged(kind) else f"struct {kind.__name__}")
    given = cast("dict[str, Any]", value)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    if kind.__struct_config__.forbid_unknown_fields:
        _refuse_unknown_field(given, fields, tag=kind.__struct_config__.tag_field)
    chosen = alternatives(kind) if issubclass(kind, OneOf) and choice is not None else ()
    fitted: dict[str, Any] = {}
    for key, item in given.items():
        if key not in fields:
            fitted[key] = item
        elif key not in chosen:
            _fit_field(fields[key], item, fitted)
    for key, field in fields.items():
        if key not in given and field.default is NODEFAULT and field.default_factory is NODEFAULT:
            raise ShapeError(missing_field(key))
    if choice is not None:
        _fit_choice(choice, [fields[key] for key in chosen], given, fitted)
    elif issubclass(kind, OneOf) and not _is_alternative(kind, given):
        _refuse_choice(None)
    return fitted


def _fit_field(field: msgspec.structs.FieldInfo, item: Any, fitted: dict[str, Any]) -> None:
    try:
        fitted[field.encode_name] = _fit(field.type, item)
    except ShapeError:
        # Servers of today do not know a field that only older ones had, whatever it holds.
        if not _is_outdated(field.type):
            raise


def _fit_choice(
    name: str, fields: Sequence[msgspec.structs.FieldInfo], given: Mapping[str, Any], fitted: dict[str, Any]
) -> None:
    """Keep the first of these keys that is there with a value that fits."""
    for field in fields:
        if field.encode_name in given:
            try:
                fitted[field.encode_name] = _fit(field.type, given[field.encode_name])
            except ShapeError:
                continue
            return
    _refuse_choice(name)


def _refuse_choice(name: str | None) -> NoReturn:
    raise ShapeError(f"data did not match any variant of untagged enum{f' {name}' if name else ''}")


def _refuse_unknown_field(given: Mapping[str, Any], fields: Mapping[str, Any], *, tag: str | None) -> None:
    for key in given:
        if key not in fields and key != tag:
            expected = f"expected {one_of(list(fields))}" if fields else "there are no fields"
            raise ShapeError(f"unknown field `{key}`, {expected}")


def _is_alternative(kind: type[OneOf], given: Mapping[str, Any]) -> bool:
    present = sum(key in given for key in alternatives(kind))
    return present == 1 or (present > 1 and issubclass(kind, FirstOf))


def _by_position(kind: type[msgspec.Struct], items: list[Any]) -> dict[str, Any]:
    fields = msgspec.structs.fields(kind)
    if len(items) > len(fields):
        raise ShapeError(f"invalid length {len(items)}, expected {_elements(fields)} in sequence")
    named: dict[str, Any] = {}
    for field, item in zip(fields, items, strict=False):
        named[field.encode_name] = _fit(field.type, item)
    for field in fields[len(items) :]:
        if field.default is NODEFAULT and field.default_factory is NODEFAULT:
            raise ShapeError(f"invalid length {len(items)}, expected struct {kind.__name__} with {_elements(fields)}")
    return named


def _elements(fields: Sequence[object]) -> str:
    return "1 element" if len(fields) == 1 else f"{len(fields)} elements"


def _fit_union(kind: Any, value: Any, name: str | None) -> Any:
    if value is None and types.NoneType in get_args(kind):
        return None
    members: list[Any] = []
    for member in members_of(kind):
        if not _is_outdated(member):
            members.append(member)
        elif _is_accepted(member, value):
            return value
    if len(members) == 1:
        return _fit(members[0], value)
    if all(_is_tagged(member) for member in members):
        return _fit_tagged(members, value)
    variants = [_variants(member) for member in members]
    if any(get_origin(member) is Literal for member in members) and all(variants):
        return _fit_externally_tagged({name: kind for names in variants for name, kind in names.items()}, value)
    for member in members:
        try:
            return _fit(member, value)
        except ShapeError:
            continue
    _refuse_choice(name)


def _is_accepted(kind: Any, value: Any) -> bool:
    try:
        table.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _is_tagged(kind: Any) -> bool:
    return is_struct(kind) and kind.__struct_config__.tag_field is not None


def _fit_tagged(members: Sequence[type[msgspec.Struct]], value: Any) -> Any:
    if not isinstance(value, dict):
        _refuse(value, f"internally tagged enum {_common_name(members)}")
    by_tag = {str(member.__struct_config__.tag): member for member in members}
    tag_field = str(members[0].__struct_config__.tag_field)
    given = cast("dict[str, Any]", value)
    if tag_field not in given:
        raise ShapeError(missing_field(tag_field))
    tag = given[tag_field]
    if isinstance(tag, int) and not isinstance(tag, bool) and tag >= 0:
        raise ShapeError(invalid_value(tag, f"variant index 0 <= i < {len(members)}"))
    if not isinstance(tag, str):
        _refuse(tag, "variant identifier")
    if tag not in by_tag:
        raise ShapeError(unknown_variant(tag, list(by_tag)))
    return _fit_struct(by_tag[tag], given)


def _variants(member: Any) -> dict[str, type[msgspec.Struct] | None]:
    """Return names that a member adds to a set of variants: plain ones, or the only key that an object of it has."""
    if get_origin(member) is Literal:
        return dict.fromkeys(get_args(member))
    if is_struct(member):
        keys = member.__struct_encode_fields__
        if issubclass(member, OneOf) or len(keys) == 1:
            return dict.fromkeys(keys, member)
    return {}


def _fit_externally_tagged(variants: Mapping[str, type[msgspec.Struct] | None], value: Any) -> Any:
    if isinstance(value, dict) and len(cast("dict[str, Any]", value)) == 1:
        ((name, content),) = cast("dict[str, Any]", value).items()
        struct = variants.get(name)
        if struct is not None:
            (field,) = (field for field in msgspec.structs.fields(struct) if field.encode_name == name)
            if is_struct(field.type) and not isinstance(content, dict | list):
                _refuse(content, "struct variant")
            return _fit_struct(struct, value)
    return _fit_variant(list(variants), value)


def _common_name(members: Sequence[type]) -> str:
    """`UserInput` for `TextUserInput` and `ImageUserInput`: members are named after their union."""
    words = [re.findall(r"[A-Z][^A-Z]*", member.__name__) for member in members]
    shared: list[str] = []
    for column in zip(*(reversed(each) for each in words), strict=False):
        if len(set(column)) > 1:
            break
        shared.insert(0, column[0])
    return "".join(shared)


def _refuse(value: object, expected: str) -> NoReturn:
    raise ShapeError(invalid_type(value, expected))


def _plain(refusal: str) -> str:
    """Return what is left to say where the walk found nothing: where it is, without naming the library's types."""
    _, found, path = refusal.partition(" - at `$")
    return f"invalid value at `{path.strip('.`')}`" if found else "invalid value"
