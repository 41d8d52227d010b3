"""What differs between the schemas of two releases is told once, by type and field."""

from typing import Any

from release_facts.json_values import Change
from release_facts.schema_changes import protocol_changes
from release_facts.schemas import Protocol, read_protocol

TEXT = {"type": "string"}
MAYBE_TEXT = {"type": ["string", "null"]}


def record(required: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(required), "description": "words"}


def tagged(kind: str, **fields: Any) -> dict[str, Any]:
    return record(("type", *fields), type={"type": "string", "enum": [kind]}, **fields)


def protocol(
    types: dict[str, Any] | None = None, *, gated: dict[str, Any] | None = None, requests: dict[str, str] | None = None
) -> Protocol:
    """A release of types, of which `gated` has what only clients with `experimentalApi` see."""
    methods = [
        {"properties": {"method": {"enum": [name]}, "params": {"$ref": f"#/definitions/v2/{params}"}}}
        for name, params in (requests or {}).items()
    ]
    stable = {"definitions": {"ClientRequest": {"oneOf": methods}, "v2": types or {}}}
    experimental = {"definitions": {**stable["definitions"], "v2": {**(types or {}), **(gated or {})}}}
    return read_protocol(stable=stable, experimental=experimental)


def lines(changes: list[Change]) -> list[str]:
    return [f"{change.sign} {change.place}: {change.what}" for change in changes]


def changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What is told of one type whose schema changed."""
    return lines(protocol_changes(protocol({"T": old}), protocol({"T": new})).changed)


def test_what_only_says_the_same_in_other_words_is_no_change() -> None:
    one = {"allOf": [{"$ref": "#/definitions/v2/U"}], "description": "old words"}
    assert changed(record(a=one), record(a={"$ref": "#/definitions/U", "title": "A"})) == []
    assert changed(record(a={"anyOf": [TEXT, {"type": "null"}]}), record(a=MAYBE_TEXT)) == []
    assert changed(record(a=TEXT), {**record(a=TEXT), "additionalProperties": True}) == []


def test_fields_are_added_gone_and_changed() -> None:
    old = record(("gone", "kept"), gone=TEXT, kept=TEXT, other={"type": "integer", "minimum": 0})
    new = record(
        ("new",), new={"type": "array", "items": MAYBE_TEXT}, kept=MAYBE_TEXT, other={"type": "integer", "minimum": 1}
    )
    assert changed(old, new) == [
        "+ T.new: [string | null] (required)",
        "+ T.kept | null: null",
        "~ T.kept: required → optional",
        "~ T.other: minimum: 0 → 1",
        "- T.gone: string (required)",
    ]


def test_words_and_members_of_unions_are_added_and_gone() -> None:
    assert changed({"enum": ["a", "b"], "type": "string"}, {"enum": ["b", "c"], "type": "string"}) == [
        '+ T | "c": "c"',
        '- T | "a": "a"',
    ]
    old = {"oneOf": [tagged("text", text=TEXT), tagged("code", code=TEXT)]}
    new = {"oneOf": [tagged("text", text=TEXT, size={"type": "integer"}), tagged("frame", at={"type": "integer"})]}
    assert changed(old, new) == [
        '+ T | type: "text".size: integer (required)',
        '+ T | type: "frame": {type: "frame", at: integer}',
        '- T | type: "code": {type: "code", code: string}',
    ]


def test_a_field_that_all_members_of_a_union_get_is_told_once() -> None:
    old = [tagged("text", text=TEXT), tagged("code", code=TEXT)]
    added = {"at": {"type": ["integer", "null"]}}
    inside = [{**member, "properties": {**member["properties"], **added}} for member in old]
    beside = {"oneOf": old, "type": "object", "properties": added}
    told = ["+ T.at: integer | null (optional)"]
    assert changed({"oneOf": old}, {"oneOf": inside}) == told
    assert changed({"oneOf": old}, beside) == told
    assert changed(beside, {"oneOf": inside}) == [], "two ways to write the same"


def test_a_type_that_others_hold_is_told_once() -> None:
    holder = record(inner={"$ref": "#/definitions/v2/Inner"})
    old, new = protocol({"T": holder, "Inner": record()}), protocol({"T": holder, "Inner": record(a=TEXT)})
    assert lines(protocol_changes(old, new).changed) == ["+ Inner.a: string (optional)"]


def test_limits_are_told_unless_they_are_not_asked_for() -> None:
    old, new = (
        protocol({"T": record(a=TEXT)}),
        protocol({"T": {**record(a={**TEXT, "default": "x"}), "additionalProperties": False}}),
    )
    assert lines(protocol_changes(old, new).changed) == [
        '~ T.a: default: none → "x"',
        "~ T: any other field: anything → nothing",
    ]
    assert protocol_changes(old, new, limits=False).changed == []


def test_types_and_methods_are_added_and_gone() -> None:
    old = protocol({"OldParams": record()}, requests={"old/do": "OldParams"})
    new = protocol({"NewParams": record(a=TEXT), "NewResponse": {}}, requests={"new/do": "NewParams"})
    changes = protocol_changes(old, new)
    assert lines(changes.methods) == [
        "+ request new/do: params NewParams, result NewResponse, stable",
        "- request old/do: params OldParams, stable",
    ]
    assert lines(changes.added) == ["+ NewParams: {a?: string}", "+ NewResponse: anything"]
    assert lines(changes.gone) == ["- OldParams: {}"]


def test_gates_of_methods_and_fields_are_told() -> None:
    params = {"P": record(a=TEXT)}
    wide = {"P": record(a=TEXT, b=TEXT)}
    ungated = protocol(wide)
    gated = protocol(params, gated=wide)
    assert lines(protocol_changes(gated, ungated).gates) == ["~ P.b: experimental → stable"]
    assert lines(protocol_changes(ungated, gated).gates) == ["~ P.b: stable → experimental"]
    assert lines(protocol_changes(protocol(params), gated).changed) == ["+ P.b: string (optional, experimental)"]


def test_a_method_whose_gate_falls_is_told() -> None:
    call = {"oneOf": [{"properties": {"method": {"enum": ["a/b"]}, "params": {"$ref": "#/definitions/P"}}}]}
    types = {"P": record()}
    with_call, without = {"definitions": {"ClientRequest": call, **types}}, {"definitions": types}
    gated = read_protocol(stable=without, experimental=with_call)
    ungated = read_protocol(stable=with_call, experimental=with_call)
    assert lines(protocol_changes(gated, ungated).methods) == [
        "~ request a/b: params P, experimental → params P, stable"
    ]
