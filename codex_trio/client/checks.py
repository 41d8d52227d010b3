"""What a program hands over for the server, held against the protocol's types before anything is sent.

A server ignores a key that it does not know, and takes an answer that it cannot read for a refusal: a slip of the pen
would change what is allowed without a word. Owns the comparison and its texts. Does not own the types.
"""

import difflib
import re
from typing import Any, cast

import msgspec
from codex_trio_protocol import table
from codex_trio_protocol.table import CLIENT_REQUESTS, SERVER_REQUESTS

from codex_trio.client.errors import InvalidMessage

_DEPTH = 3


def check_params(method: str, params: object) -> None:
    """Check the params of a client's request. Methods that this release does not know pass. Raises InvalidMessage."""
    spec = CLIENT_REQUESTS.get(method)
    if spec is not None:
        _check(method, params, spec.params_type())


def check_answer(method: str, result: object) -> None:
    """Check the answer to a server's request. Methods that this release does not know pass. Raises InvalidMessage."""
    spec = SERVER_REQUESTS.get(method)
    if spec is not None:
        _check(method, result, spec.result_type())


def _check(method: str, value: object, kind: Any) -> None:
    plain = msgspec.to_builtins(value)
    try:
        typed = table.convert(plain, kind)
    except msgspec.ValidationError as error:
        part = _part_at(str(error), msgspec.inspect.type_info(kind))
        raise InvalidMessage(f"{method}: {error}; expected {_sketch(part)}") from None
    unknown = _unknown_key(plain, typed)
    if unknown is not None:
        raise InvalidMessage(f"{method}: {unknown}")


def _unknown_key(plain: Any, typed: Any, where: str = "") -> str | None:
    """Return what to say of the first key that the protocol does not have; None when it has them all."""
    if isinstance(plain, dict):
        return _unknown_key_of_object(cast("dict[str, Any]", plain), typed, where)
    if isinstance(plain, list) and isinstance(typed, list):
        pairs = enumerate(zip(cast("list[Any]", plain), cast("list[Any]", typed), strict=True))
        found = (_unknown_key(*pair, f"{where}[{index}]") for index, pair in pairs)
        return next((text for text in found if text is not None), None)
    return None


def _unknown_key_of_object(plain: dict[str, Any], typed: Any, where: str) -> str | None:
    if isinstance(typed, msgspec.Struct):
        names = {field.encode_name: field.name for field in msgspec.structs.fields(typed)}
        tag = typed.__struct_config__.tag_field
        known = {name: getattr(typed, attribute) for name, attribute in names.items()}
        for key in plain:
            if key not in known and key != tag:
                return _unknown(key, list(known), where)
    elif isinstance(typed, dict):
        known = cast("dict[str, Any]", typed)
    else:
        return None
    found = (_unknown_key(value, known.get(key), f"{where}.{key}".lstrip(".")) for key, value in plain.items())
    return next((text for text in found if text is not None), None)


def _unknown(key: str, known: list[str], where: str) -> str:
    inside = f" in `{where}`" if where else ""
    near = difflib.get_close_matches(key, known, n=1)
    spelled = {name.casefold(): name for name in known}.get(key.replace("_", "").casefold())
    hint = spelled or (near[0] if near else None)
    if hint is not None:
        return f"there is no `{key}`{inside}; did you mean `{hint}`?"
    return f"there is no `{key}`{inside}; there are {', '.join(f'`{name}`' for name in known) or 'none'}"


def _part_at(refusal: str, kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """Return the part of a type that a refusal of msgspec names (`at `$.sandbox``), as far as that
    leads to one type.
    """
    path = re.search(r"at `\$([^`]*)`$", refusal)
    for step in re.findall(r"[^.\[\]]+", path[1] if path else ""):
        inner = _member(kind, step)
        if inner is None:
            break
        kind = inner
    return kind


def _member(kind: msgspec.inspect.Type, step: str) -> msgspec.inspect.Type | None:
    match kind:
        case msgspec.inspect.StructType(fields=fields):
            return next((field.type for field in fields if field.encode_name == step), None)
        case msgspec.inspect.ListType(item_type=item):
            return item
        case msgspec.inspect.UnionType(types=members):
            found = [inner for member in members if (inner := _member(member, step)) is not None]
            return found[0] if len(found) == 1 else None
        case msgspec.inspect.Metadata(type=inner):
            return _member(inner, step)
        case _:
            return None


def _sketch(kind: msgspec.inspect.Type, depth: int = _DEPTH) -> str:
    """Return a type as a reader of JSON would write it down: `{"decision": "accept" | "decline"}`."""
    match kind:
        case msgspec.inspect.LiteralType(values=values):
            return " | ".join(msgspec.json.encode(value).decode() for value in values)
        case msgspec.inspect.UnionType(types=members):
            return " | ".join(_sketch(member, depth) for member in members)
        case msgspec.inspect.StructType(fields=fields, tag_field=tag_field, tag=tag):
            return _sketch_of_object(fields, tag_field, tag, depth)
        case msgspec.inspect.ListType(item_type=item):
            return f"[{_sketch(item, depth - 1)}, ...]" if depth > 0 else "[...]"
        case msgspec.inspect.DictType():
            return "{...}"
        case msgspec.inspect.StrType():
            return "TEXT"
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            return "NUMBER"
        case msgspec.inspect.BoolType():
            return "true | false"
        case msgspec.inspect.NoneType():
            return "null"
        case msgspec.inspect.Metadata(type=inner):
            return _sketch(inner, depth)
        case _:
            return "any value"


def _sketch_of_object(
    fields: tuple[msgspec.inspect.Field, ...], tag_field: str | None, tag: str | int | None, depth: int
) -> str:
    if depth <= 0:
        return "{...}"
    keys = [] if tag_field is None else [f'"{tag_field}": "{tag}"']
    keys += [f'"{field.encode_name}": {_sketch(field.type, depth - 1)}' for field in fields]
    return "{" + ", ".join(keys) + "}"
