"""The tools that a client brings along when it starts a thread, as it describes them and as its rollout keeps them.

Owns which descriptions are refused, and their stored form. Does not own the calls (tools/dynamic.py). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec

_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_TOOL_NAME_LENGTH = 128
_NAMESPACE_LENGTH = 64
_DESCRIPTION_LENGTH = 1024

RESERVED_NAMESPACES = frozenset(
    {
        "api_tool",
        "browser",
        "computer",
        "container",
        "file_search",
        "functions",
        "image_gen",
        "multi_tool_use",
        "python",
        "python_user_visible",
        "submodel_delegator",
        "terminal",
        "tool_search",
        "web",
    }
)
"""Names that providers keep for themselves (0.171.0)."""


class InvalidDynamicTool(Exception):
    """A tool of a client cannot be offered to a model; the text says why."""


class DynamicTool(msgspec.Struct, frozen=True, kw_only=True):
    """One tool of a client. The model sees a `deferred` one only after it has searched for it."""

    name: str
    description: str
    input_schema: Any
    deferred: bool = False


class DynamicToolGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Tools under one name; `namespace` None for those that have none."""

    namespace: str | None
    description: str = ""
    tools: Sequence[DynamicTool]


def groups_of(stored: Iterable[Mapping[str, Any]]) -> list[DynamicToolGroup]:
    """Return the tools of a thread from their stored form: plain ones first; what is none of them is left out.

    Rollouts of older releases name the namespace at each tool.
    """
    plain: list[DynamicTool] = []
    named: dict[str, DynamicToolGroup] = {}
    for spec in stored:
        if spec.get("type") == "namespace":
            tools = [tool for tool in map(_tool, cast("list[Any]", spec.get("tools") or [])) if tool is not None]
            _add(named, str(spec.get("name", "")), str(spec.get("description") or ""), tools)
        elif (tool := _tool(spec)) is not None:
            if spec.get("namespace"):
                _add(named, str(spec["namespace"]), "", [tool])
            else:
                plain.append(tool)
    return [*([DynamicToolGroup(namespace=None, tools=plain)] if plain else []), *named.values()]


def _add(named: dict[str, DynamicToolGroup], name: str, description: str, tools: Sequence[DynamicTool]) -> None:
    known = named.get(name)
    named[name] = DynamicToolGroup(
        namespace=name,
        description=description if known is None else known.description or description,
        tools=[*(() if known is None else known.tools), *tools],
    )


def _tool(spec: Any) -> DynamicTool | None:
    if not isinstance(spec, Mapping) or not isinstance(cast("Mapping[str, Any]", spec).get("name"), str):
        return None
    given = cast("Mapping[str, Any]", spec)
    return DynamicTool(
        name=given["name"],
        description=str(given.get("description") or ""),
        input_schema=given.get("inputSchema") or given.get("input_schema") or {"type": "object"},
        deferred=bool(given.get("deferLoading") or given.get("defer_loading")),
    )


def checked(specs: Sequence[Mapping[str, Any]], *, taken: frozenset[str]) -> list[dict[str, Any]]:
    """Return the stored form of what a client describes; names that are `taken` are those of the server's own tools.

    Raises InvalidDynamicTool.
    """
    names: set[str] = set()
    namespaces: set[str] = set()
    stored: list[dict[str, Any]] = []
    for spec in specs:
        if spec["type"] == "namespace":
            _check_namespace(spec, namespaces)
            inner: set[str] = set()
            tools = [_checked_tool(tool, inner, where=f" in namespace {spec['name']}") for tool in spec["tools"]]
            own = {key: spec[key] for key in ("type", "name", "description")}
            stored.append({**own, "tools": tools})
            continue
        made = _checked_tool(spec, names, where="")
        if spec.get("namespace"):
            made["namespace"] = spec["namespace"]
        elif spec.get("deferLoading"):
            raise InvalidDynamicTool(f"deferred dynamic tool must include a namespace: {spec['name']}")
        elif spec["name"] in taken:
            raise InvalidDynamicTool(f"dynamic tool name is reserved: {spec['name']}")
        stored.append(made)
    return stored


def _check_namespace(spec: Mapping[str, Any], known: set[str]) -> None:
    name = spec["name"]
    what = "dynamic tool namespace"
    _check_name(name, what, longest=_NAMESPACE_LENGTH)
    if name in RESERVED_NAMESPACES:
        raise InvalidDynamicTool(f"{what} collides with a reserved Responses API namespace: {name}")
    if len(spec["description"]) > _DESCRIPTION_LENGTH:
        raise InvalidDynamicTool(f"{what} description must be at most {_DESCRIPTION_LENGTH} characters")
    if name in known:
        raise InvalidDynamicTool(f"duplicate {what}: {name}")
    if not spec["tools"]:
        raise InvalidDynamicTool(f"{what} must contain at least one tool: {name}")
    known.add(name)


def _checked_tool(spec: Mapping[str, Any], known: set[str], *, where: str) -> dict[str, Any]:
    name = spec["name"]
    _check_name(name, "dynamic tool name", longest=_TOOL_NAME_LENGTH)
    if name in known:
        raise InvalidDynamicTool(f"duplicate dynamic tool name{where}: {name}")
    known.add(name)
    schema = spec["inputSchema"]
    if not isinstance(schema, Mapping):
        raise InvalidDynamicTool(f"dynamic tool input schema is not supported for {name}: it must be a JSON object")
    made: dict[str, Any] = {"type": "function", "name": name, "description": spec["description"], "inputSchema": schema}
    return {**made, "deferLoading": True} if spec.get("deferLoading") else made


def _check_name(name: str, what: str, *, longest: int) -> None:
    if not name:
        raise InvalidDynamicTool(f"{what} must not be empty")
    if name.strip() != name:
        raise InvalidDynamicTool(f"{what} has leading/trailing whitespace: {name}")
    if _NAME.fullmatch(name) is None:
        raise InvalidDynamicTool(f"{what} must match ^[a-zA-Z0-9_-]+$ to match Responses API: {name}")
    if len(name) > longest:
        raise InvalidDynamicTool(f"{what} must be at most {longest} characters to match Responses API: {name}")
    if name == "mcp" or name.startswith("mcp__"):
        raise InvalidDynamicTool(f"{what} is reserved: {name}")
