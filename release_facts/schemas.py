"""The JSON Schemas that an app-server prints: types by name, methods by direction, and which of them are experimental.

Reads the bundle `codex_app_server_protocol.schemas.json`; what differs between two is found by `schema_changes`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from release_facts.json_values import brief, is_list, is_object

Schema = dict[str, Any]

BUNDLE_FILE = "codex_app_server_protocol.schemas.json"
DIRECTIONS = {
    "ClientRequest": "request",
    "ClientNotification": "client notification",
    "ServerNotification": "notification",
    "ServerRequest": "server request",
}
NOTHING: Schema = {"not": {}}
"""The schema that allows no value."""
_VERSIONS = ("v1", "v2")
_UNCOMPARED = {"$schema", "title", "description", "examples", "definitions"}
_LIMITS = ("minimum", "maximum", "minLength", "maxLength")
_SHOWN_MEMBERS = 12


@dataclass(frozen=True)
class Method:
    """One method of the protocol in one direction."""

    direction: str
    name: str
    params: str
    """The type of its params, or what stands there in its place."""
    experimental: bool


@dataclass(frozen=True)
class Protocol:
    """The types and methods of a release."""

    types: dict[str, Schema]
    """All, by name; references are to these names."""
    stable_types: dict[str, Schema]
    """As clients without `experimentalApi` know them."""
    methods: dict[tuple[str, str], Method]
    """By direction and name."""

    def is_experimental(self, type_name: str, field: str) -> bool:
        """Whether a field is gated though its type is not."""
        stable = self.stable_types.get(type_name)
        return stable is not None and field in properties(self.types[type_name]) and field not in properties(stable)


def read_protocol(*, stable: Schema, experimental: Schema) -> Protocol:
    """What two bundles say: without and with what is experimental."""
    all_types, stable_types = _types(experimental), _types(stable)
    ungated = {method for envelope in DIRECTIONS for method in _messages(stable_types, envelope)}
    methods = {
        (direction, name): Method(direction, name, params, experimental=name not in ungated)
        for envelope, direction in DIRECTIONS.items()
        for name, params in _messages(all_types, envelope).items()
    }
    return Protocol(_without_envelopes(all_types), _without_envelopes(stable_types), methods)


def _types(bundle: Schema) -> dict[str, Schema]:
    definitions: dict[str, Any] = bundle["definitions"]
    flat = {name: schema for name, schema in definitions.items() if name not in _VERSIONS}
    for version in _VERSIONS:
        flat |= definitions.get(version, {})
    return {name: as_schema(schema) for name, schema in flat.items()}


def _without_envelopes(types: dict[str, Schema]) -> dict[str, Schema]:
    return {name: schema for name, schema in types.items() if name not in DIRECTIONS}


def _messages(types: dict[str, Schema], envelope: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for member in types.get(envelope, {}).get("oneOf", []):
        parts = properties(as_schema(member))
        if "method" in parts:
            params = described(parts["params"]) if "params" in parts else "none"
            found |= dict.fromkeys(as_schema(parts["method"])["enum"], params)
    return found


def as_schema(value: Any) -> Schema:
    """A schema as an object without texts; `true` is the one that allows everything."""
    if not is_object(value):
        return {} if value else NOTHING
    kept = {key: member for key, member in value.items() if key not in _UNCOMPARED}
    # A reference with a text beside it is wrapped.
    match kept:
        case {"allOf": [only], **rest} if not set(rest) - {"default"}:
            return {**as_schema(only), **rest}
        case {"additionalProperties": True, **rest}:
            return rest
        case _:
            return kept


def properties(schema: Schema) -> dict[str, Any]:
    """The fields of an object's schema."""
    return schema.get("properties", {})


def target(schema: Schema) -> str | None:
    """The name that a schema refers to, if it does."""
    reference = schema.get("$ref")
    return reference.rpartition("/")[2] if isinstance(reference, str) else None


def alternatives(schema: Schema) -> list[Schema]:
    """The members of a union, one for every word of an enumeration; a schema that is none is the only member.

    Fields that stand beside the members are among the fields of each.
    """
    for keyword in ("oneOf", "anyOf"):
        if keyword in schema:
            return _distinct(
                _with_fields(member, schema) for part in schema[keyword] for member in alternatives(as_schema(part))
            )
    kinds, words = schema.get("type"), schema.get("enum")
    if is_list(kinds):
        rest = {key: member for key, member in schema.items() if key not in ("enum", "default")}
        given = {"enum": [word for word in words if word is not None]} if is_list(words) else {}
        return [
            member
            for kind in kinds
            for member in alternatives({"type": "null"} if kind == "null" else {**rest, **given, "type": kind})
        ]
    if is_list(words) and len(words) > 1:
        return [{"type": schema.get("type", "string"), "enum": [word]} for word in words]
    return [schema]


def _distinct(members: Iterable[Schema]) -> list[Schema]:
    found: list[Schema] = []
    for member in members:
        if member not in found:
            found.append(member)
    return found


def _with_fields(member: Schema, beside: Schema) -> Schema:
    if not properties(beside) or "$ref" in member:
        return member
    return {
        **member,
        "properties": {**properties(beside), **properties(member)},
        "required": [*beside.get("required", []), *member.get("required", [])],
    }


def common_fields(members: list[Schema]) -> set[str]:
    """The fields that all members of a union have in the same form."""
    first, *others = members
    required = first.get("required", [])
    return {
        name
        for name, field in properties(first).items()
        if others
        and all(
            properties(other).get(name) == field and (name in other.get("required", [])) == (name in required)
            for other in others
        )
    }


def only_fields(schema: Schema, names: set[str]) -> Schema:
    """An object's schema with some of its fields."""
    return {**schema, "properties": {name: field for name, field in properties(schema).items() if name in names}}


def without_fields(schema: Schema, names: set[str]) -> Schema:
    """An object's schema without some of its fields; another schema as it is."""
    fields = set(properties(schema))
    return only_fields(schema, fields - names) if fields & names else schema


def tag(member: Schema) -> str:
    """What tells a member of a union from the others."""
    if member == NOTHING:
        return "nothing"
    name, words, fields = target(member), member.get("enum"), properties(member)
    if name is not None:
        return name
    if words:
        return brief(words[0])
    for field, schema in fields.items():
        only = as_schema(schema).get("enum", [])
        if len(only) == 1 and isinstance(only[0], str):
            return f'{field}: "{only[0]}"'
    if len(fields) == 1 and len(member.get("required", [])) == 1:
        return next(iter(fields))
    return str(member.get("type", "anything" if not member else "object"))


def described(value: Any) -> str:
    """A schema in a few words: `[string] | null`."""
    members = [_described_member(member) for member in alternatives(as_schema(value))]
    if len(members) > _SHOWN_MEMBERS:
        members = [*members[:_SHOWN_MEMBERS], f"... {len(members) - _SHOWN_MEMBERS} more"]
    return " | ".join(members)


def _described_member(member: Schema) -> str:
    if member.get("type") == "array":
        return f"[{described(member.get('items', {}))}]"
    if "properties" in member:
        return described_fields(member)
    if is_object(member.get("additionalProperties")):
        return f"{{any key: {described(member['additionalProperties'])}}}"
    limits = [f"({key} {member[key]:g})" for key in _LIMITS if member.get(key)]
    return " ".join([tag(member), *limits])


def described_fields(schema: Schema) -> str:
    """The fields of an object: `{a: string, b?: integer}`."""
    required = schema.get("required", [])
    shown = (
        f"{name}{'' if name in required else '?'}: {described(field)}" for name, field in properties(schema).items()
    )
    return f"{{{', '.join(shown)}}}"
