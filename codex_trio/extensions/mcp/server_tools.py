"""The tools of a server, read once when it lists them: checked, named for models, and bounded.

Owns what of a server's list is taken, and in which form a model is offered it. Does not own when it is listed
(`connection`), or how a tool is called.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from codex_trio.util.loose_json import table_of

MAX_DESCRIPTION = 16 << 10
"""Characters of what a tool or a server says of itself that a model is told: it is sent with every request."""

MAX_SCHEMA_BYTES = 256 << 10
"""A schema that is larger is left out, with a word about it: each tool is sent whole, or not at all."""

_MAX_NAME = 64
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")
"""Providers take hyphens; the established server tells models of none (0.171.0)."""

_TRIMMED = frozenset({"title", "default", "$schema"})
_ANYTHING: Mapping[str, Any] = {"type": "object"}


class McpTool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as its server describes it; `raw` is all that it says.

    `offered_name`, `description` and `parameters` are what a model is told.
    """

    name: str
    offered_name: str
    description: str
    parameters: Mapping[str, Any]
    annotations: Mapping[str, Any]
    raw: Mapping[str, Any]

    @property
    def title(self) -> str | None:
        """What people call it, where the server says so."""
        title = self.raw.get("title") or self.annotations.get("title")
        return title if isinstance(title, str) else None

    @property
    def is_read_only(self) -> bool:
        """Whether it says that it changes nothing."""
        return self.annotations.get("readOnlyHint") is True


def learnt_tools(listed: Iterable[Mapping[str, Any]]) -> list[McpTool]:
    """Return the tools of a list; of two with one name the first counts, and what has no name is none."""
    named: dict[str, Mapping[str, Any]] = {}
    for raw in listed:
        name = raw.get("name")
        if isinstance(name, str) and name:
            named.setdefault(name, raw)
    # Names that can be offered as they are stay so, whatever the others are called.
    taken = {name for name in named if _is_fit(name)}
    usual = Counter(map(_usual_name, named))
    tools: list[McpTool] = []
    for name, raw in named.items():
        offered = name
        if not _is_fit(name):
            offered = _usual_name(name)
            # Of several that read alike none is the usual one: in which order they are listed may change.
            if usual[offered] > 1 or not _is_fit(offered):
                offered = _marked_name(name, taken)
        taken.add(offered)
        tools.append(_tool(name, offered, raw))
    return tools


def shortened(text: str) -> str:
    """Return a description that a model can be sent with every request."""
    return text if len(text) <= MAX_DESCRIPTION else f"{text[:MAX_DESCRIPTION]}..."


def trimmed(schema: Any) -> Any:
    """Return a JSON schema without what a model has no use for."""
    if isinstance(schema, list):
        return [trimmed(part) for part in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", schema).items():
        if key in ("properties", "$defs", "definitions") and isinstance(value, dict):
            kept[key] = {name: trimmed(part) for name, part in cast("dict[str, Any]", value).items()}
        elif key not in _TRIMMED:
            kept[key] = value if key in ("enum", "const", "required") else trimmed(value)
    return kept


def _tool(name: str, offered: str, raw: Mapping[str, Any]) -> McpTool:
    described = raw.get("description")
    description = shortened(described) if isinstance(described, str) else ""
    parameters: Mapping[str, Any] = trimmed(table_of(raw.get("inputSchema"))) or _ANYTHING
    if len(msgspec.json.encode(parameters)) > MAX_SCHEMA_BYTES:
        parameters = _ANYTHING
        description = f"{description}\n(The schema of its arguments is too large to be shown.)".lstrip()
    return McpTool(
        name=name,
        offered_name=offered,
        description=description,
        parameters=parameters,
        annotations=table_of(raw.get("annotations")),
        raw=raw,
    )


def _is_fit(name: str) -> bool:
    return len(name) <= _MAX_NAME and _NOT_IN_NAMES.search(name) is None


def _usual_name(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)


def _marked_name(name: str, taken: set[str]) -> str:
    """Return a name that providers take, and that no other tool of the server has."""
    mark = name
    while True:
        mark = hashlib.sha256(mark.encode(errors="surrogatepass")).hexdigest()[:12]
        offered = f"{_usual_name(name)[: _MAX_NAME - len(mark) - 1]}_{mark}"
        if offered not in taken:
            return offered
