"""Tools as a script sees them: names that are identifiers, and declarations that say how to call them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

_NOT_IN_IDENTIFIERS = re.compile(r"\W", re.ASCII)
_PLAIN = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean", "null": "null"}
_DEEPEST = 6
_COMMAND_RESULT = (
    "{ output: string; exit_code?: number; session_id?: number; wall_time_seconds: number; "
    "original_token_count?: number; chunk_id?: string }"
)
_RESULTS = {
    "exec_command": _COMMAND_RESULT,
    "write_stdin": _COMMAND_RESULT,
    "view_image": "{ image_url: string }",
    "apply_patch": "string",
}
"""What scripts get of tools that give more than text."""


def script_name(namespace: str | None, name: str) -> str:
    """Return the name under which a script finds a tool."""
    full = name if namespace is None else f"{namespace}__{name}"
    safe = _NOT_IN_IDENTIFIERS.sub("_", full)
    return f"_{safe}" if safe[:1].isdigit() else safe


def declaration(name: str, spec: Mapping[str, Any]) -> str:
    """Return what a model is told of a tool: what it does, and how a script calls it."""
    if spec["type"] == "custom":
        signature = f"{name}(input: string): Promise<{_result(spec)}>"
    else:
        signature = f"{name}(args: {_type(spec.get('parameters') or {}, 0)}): Promise<{_result(spec)}>"
    return f"{spec.get('description', '')}\n\n```ts\ndeclare const tools: {{ {signature}; }};\n```"


def _result(spec: Mapping[str, Any]) -> str:
    return _RESULTS.get(spec["name"], "unknown")


def _type(schema: Any, depth: int) -> str:
    """Return a JSON Schema as a type, as far as it goes."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return "unknown"
    given = cast("Mapping[str, Any]", schema)
    if isinstance(given.get("enum"), Sequence):
        return " | ".join(msgspec.json.encode(value).decode() for value in given["enum"]) or "never"
    for key in ("anyOf", "oneOf"):
        if isinstance(given.get(key), Sequence):
            return " | ".join(_type(one, depth + 1) for one in given[key])
    kind = given.get("type")
    if isinstance(kind, list):
        return " | ".join(_type({**given, "type": one}, depth + 1) for one in cast("list[Any]", kind))
    if kind == "array":
        return f"Array<{_type(given.get('items'), depth + 1)}>"
    if kind == "object" or "properties" in given:
        return _object(given, depth)
    return _PLAIN.get(str(kind), "unknown")


def _object(schema: Mapping[str, Any], depth: int) -> str:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        return "{}" if schema.get("additionalProperties") is False else "{ [key: string]: unknown }"
    required = cast("Sequence[str]", schema.get("required") or ())
    indent = "  " * (depth + 1)
    lines: list[str] = []
    for name, value in cast("Mapping[str, Any]", properties).items():
        about = cast("Mapping[str, Any]", value).get("description") if isinstance(value, Mapping) else None
        if isinstance(about, str):
            lines += [f"{indent}// {line}" for line in about.splitlines()]
        key = name if name.isidentifier() else msgspec.json.encode(name).decode()
        lines.append(f"{indent}{key}{'' if name in required else '?'}: {_type(value, depth + 1)};")
    return "\n".join(["{", *lines, f"{'  ' * depth}}}"])
