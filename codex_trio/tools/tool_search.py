"""The `tool_search` tool: the model finds tools that it was not shown, by words.

Owns the ranking and the form of what is found. Does not own which tools are kept back (tools/registry.py).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolOutput
from codex_trio.tools.context import ToolContext

NAME = "tool_search"
DEFAULT_LIMIT = 8

SPEC: dict[str, Any] = {
    "type": NAME,
    "execution": "client",
    "description": (
        "Finds tools by words. Not every tool was given to you at first: when one may exist that would do what you "
        "need, search for it. What is found can be called from your next response on."
    ),
    "parameters": {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "What the tool is about, in a few words."},
            "limit": {"type": "number", "description": f"How many tools to return at most. Default {DEFAULT_LIMIT}."},
        },
        "required": ["query"],
        "additionalProperties": False,
    },
}

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# The usual weights of the ranking function Okapi BM25.
_SATURATION, _LENGTH_WEIGHT = 1.2, 0.75


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that was kept back, and the namespace that it is in."""

    namespace: str
    description: str
    spec: Mapping[str, Any]


class ToolSearchArguments(msgspec.Struct):
    """Arguments of `tool_search`."""

    query: str
    limit: float | None = None


class ToolSearch:
    """Searches the tools that were kept back from one turn."""

    spec = SPEC
    parallel = True

    def __init__(self, hidden: Sequence[Hidden]) -> None:
        self._hidden = hidden

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = decode_arguments(call.arguments, ToolSearchArguments)
        limit = DEFAULT_LIMIT if arguments.limit is None else max(int(arguments.limit), 0)
        return ToolOutput(content=_grouped(ranked(self._hidden, arguments.query)[:limit]))


def ranked(hidden: Sequence[Hidden], query: str) -> list[Hidden]:
    """Return the tools that have a word of the query, best first (Okapi BM25 over all that is said of a tool)."""
    documents = [Counter(_words(_text_of(tool))) for tool in hidden]
    usual = sum(document.total() for document in documents) / len(documents) if documents else 0.0
    scores: list[tuple[float, int]] = []
    wanted = set(_words(query))
    rarity = {word: _rarity(sum(word in one for one in documents), len(documents)) for word in wanted}
    for number, document in enumerate(documents):
        length = 1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * document.total() / usual if usual else 1.0
        score = sum(
            rarity[word] * document[word] * (_SATURATION + 1) / (document[word] + _SATURATION * length)
            for word in wanted
            if word in document
        )
        if score > 0:
            scores.append((-score, number))
    return [hidden[number] for _, number in sorted(scores)]


def _rarity(having: int, total: int) -> float:
    return math.log(1 + (total - having + 0.5) / (having + 0.5))


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text))]


def _text_of(tool: Hidden) -> str:
    """Return all that is said of a tool: names, descriptions, and its parameters'."""
    spec = tool.spec
    parameters = cast("Mapping[str, Any]", spec.get("parameters") or {})
    properties = parameters.get("properties")
    said = [tool.namespace, tool.description, spec["name"], spec.get("description", "")]
    if isinstance(properties, Mapping):
        for name, schema in cast("Mapping[str, Any]", properties).items():
            about = cast("Mapping[str, Any]", schema).get("description") if isinstance(schema, Mapping) else None
            said += [name, about if isinstance(about, str) else ""]
    return " ".join(said)


def _grouped(found: Sequence[Hidden]) -> list[dict[str, Any]]:
    """Return tools as an output shows them: by namespace, the one with the best match first."""
    groups: dict[str, dict[str, Any]] = {}
    for tool in found:
        about: dict[str, Any] = {
            "type": "namespace",
            "name": tool.namespace,
            "description": tool.description,
            "tools": [],
        }
        groups.setdefault(tool.namespace, about)["tools"].append(dict(tool.spec))
    return list(groups.values())
