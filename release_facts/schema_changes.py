"""What differs between the types and methods of two releases, type by type and field by field.

Types are compared by their names: a change of one that others hold is told once.
"""

from dataclasses import dataclass, field
from typing import Any

from release_facts.json_values import Change, brief, merged
from release_facts.schemas import (
    NOTHING,
    Method,
    Protocol,
    Schema,
    alternatives,
    as_schema,
    common_fields,
    described,
    described_fields,
    only_fields,
    properties,
    tag,
    target,
    without_fields,
)

_STRUCTURE = {"$ref", "type", "enum", "oneOf", "anyOf", "properties", "required", "items", "additionalProperties"}


@dataclass(frozen=True)
class ProtocolChanges:
    """Everything that differs between the types and methods of two releases."""

    methods: list[Change]
    added: list[Change]
    """Types that are new."""
    changed: list[Change]
    gone: list[Change]
    gates: list[Change]
    """What is experimental no longer, or newly."""


def protocol_changes(old: Protocol, new: Protocol, *, limits: bool = True) -> ProtocolChanges:
    """All that differs between two releases.

    Without `limits` values that are taken are not told from those that are refused in the end: defaults, least and
    greatest numbers, formats.
    """
    both = [name for name in new.types if name in old.types]
    return ProtocolChanges(
        methods=_method_changes(old, new),
        added=[Change("+", name, described(schema)) for name, schema in new.types.items() if name not in old.types],
        changed=[change for name in both for change in type_changes(name, old, new, limits=limits)],
        gone=[Change("-", name, described(schema)) for name, schema in old.types.items() if name not in new.types],
        gates=[change for name in both for change in _gate_changes(name, old, new)],
    )


def _method_changes(old: Protocol, new: Protocol) -> list[Change]:
    found = [Change("+", f"{key[0]} {key[1]}", _signature(method, new)) for key, method in _only_in(new, old)]
    found += [Change("-", f"{key[0]} {key[1]}", _signature(method, old)) for key, method in _only_in(old, new)]
    for key, method in new.methods.items():
        before = old.methods.get(key)
        if before is not None and before != method:
            found.append(Change("~", f"{key[0]} {key[1]}", f"{_signature(before, old)} → {_signature(method, new)}"))
    return found


def _only_in(one: Protocol, other: Protocol) -> list[tuple[tuple[str, str], Method]]:
    return [(key, method) for key, method in one.methods.items() if key not in other.methods]


def _signature(method: Method, protocol: Protocol) -> str:
    """Params, the result that goes by the name of the params, and the gate."""
    response = f"{method.params.removesuffix('Params')}Response"
    result = f", result {response}" if method.params.endswith("Params") and response in protocol.types else ""
    return f"params {method.params}{result}, {'experimental' if method.experimental else 'stable'}"


def _gate_changes(name: str, old: Protocol, new: Protocol) -> list[Change]:
    fields = [field for field in properties(new.types[name]) if field in properties(old.types[name])]
    return [
        Change("~", f"{name}.{field}", "stable → experimental" if gated else "experimental → stable")
        for field in fields
        if (gated := new.is_experimental(name, field)) != old.is_experimental(name, field)
        and name in old.stable_types
        and name in new.stable_types
    ]


def type_changes(name: str, old: Protocol, new: Protocol, *, limits: bool = True) -> list[Change]:
    """What differs in one type."""
    comparison = _Comparison(old, new, name, limits)
    comparison.compare(name, old.types[name], new.types[name])
    return comparison.changes


@dataclass
class _Comparison:
    old: Protocol
    new: Protocol
    name: str
    limits: bool
    changes: list[Change] = field(default_factory=list[Change])

    def compare(self, place: str, before: Any, after: Any) -> None:
        old, new = as_schema(before), as_schema(after)
        if old == new:
            return
        olds, news = alternatives(old), alternatives(new)
        if len(olds) > 1 or len(news) > 1:
            self._compare_members(place, olds, news)
            self._compare_limits(place, _beside_members(old), _beside_members(new))
        else:
            self._compare_one(place, olds[0], news[0])

    def _compare_members(self, place: str, olds: list[Schema], news: list[Schema]) -> None:
        common = _fields_told_once(olds, news)
        self._compare_fields(place, only_fields(olds[0], common), only_fields(news[0], common))
        before, after = _by_tag(olds), _by_tag(news)
        for key in merged(before, after):
            if key not in before:
                self._add("+", f"{place} | {key}", _details(without_fields(after[key], common)))
            elif key not in after:
                self._add("-", f"{place} | {key}", _details(without_fields(before[key], common)))
            else:
                old, new = without_fields(before[key], common), without_fields(after[key], common)
                self._compare_one(f"{place} | {key}", old, new)

    def _compare_one(self, place: str, old: Schema, new: Schema) -> None:
        if target(old) != target(new) or old.get("type") != new.get("type"):
            self._add("~", place, f"{described(old)} → {described(new)}")
            return
        self._compare_fields(place, old, new)
        if "items" in old or "items" in new:
            self.compare(f"{place}[]", old.get("items", {}), new.get("items", {}))
        if "additionalProperties" in old or "additionalProperties" in new:
            self._compare_other_fields(place, old, new)
        self._compare_limits(place, old, new)

    def _compare_other_fields(self, place: str, old: Schema, new: Schema) -> None:
        before, after = as_schema(old.get("additionalProperties", {})), as_schema(new.get("additionalProperties", {}))
        if before and after and NOTHING not in (before, after):
            self.compare(f"{place}{{}}", before, after)
        elif before != after and self.limits:
            self._add("~", place, f"any other field: {described(before)} → {described(after)}")

    def _compare_limits(self, place: str, old: Schema, new: Schema) -> None:
        for key in merged(old, new) if self.limits else ():
            if key not in _STRUCTURE and old.get(key) != new.get(key):
                self._add("~", place, f"{key}: {_shown(old, key)} → {_shown(new, key)}")

    def _compare_fields(self, place: str, old: Schema, new: Schema) -> None:
        before, after = properties(old), properties(new)
        for key in merged(before, after):
            inner = f"{place}.{key}"
            if key not in before:
                self._add("+", inner, f"{described(after[key])}{self._marks(place, key, new, self.new)}")
            elif key not in after:
                self._add("-", inner, f"{described(before[key])}{self._marks(place, key, old, self.old)}")
            else:
                self.compare(inner, before[key], after[key])
                if (was := key in old.get("required", [])) != (key in new.get("required", [])):
                    self._add("~", inner, "required → optional" if was else "optional → required")

    def _marks(self, place: str, key: str, schema: Schema, protocol: Protocol) -> str:
        marks = ["required" if key in schema.get("required", []) else "optional"]
        # Only fields of the type itself are known by both kinds of schemas under one name.
        if place == self.name and protocol.is_experimental(self.name, key):
            marks.append("experimental")
        return f" ({', '.join(marks)})"

    def _add(self, sign: str, place: str, what: str) -> None:
        self.changes.append(Change(sign, place, what))


def _fields_told_once(olds: list[Schema], news: list[Schema]) -> set[str]:
    """Fields that concern a union as a whole: all members have them, or none has, in both releases."""
    before, after = common_fields(olds), common_fields(news)
    in_some_before = {name for member in olds for name in properties(member)}
    in_some_after = {name for member in news for name in properties(member)}
    return (before & after) | (before - in_some_after) | (after - in_some_before)


def _beside_members(schema: Schema) -> Schema:
    """What concerns a union as a whole."""
    return {"default": schema["default"]} if "default" in schema else {}


def _by_tag(members: list[Schema]) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for member in members:
        key = tag(member)
        same = sum(1 for other in found if other == key or other.startswith(f"{key} #"))
        found[f"{key} #{same + 1}" if same else key] = member
    return found


def _details(member: Schema) -> str:
    return described_fields(member) if properties(member) else described(member)


def _shown(schema: Schema, key: str) -> str:
    return brief(schema[key]) if key in schema else "none"
