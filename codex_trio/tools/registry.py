"""Which tools a model is offered, and who runs a call.

Owns the names under which tools of several providers stand beside one another. Does not own the tools, or which of them
a provider has for a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import msgspec

from codex_trio.model.catalog import ModelInfo
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import NO_ENVIRONMENT, CommandAccess, ToolContext
from codex_trio.tools.pictures import ModelPictures
from codex_trio.tools.tool_search import NAME as TOOL_SEARCH
from codex_trio.tools.tool_search import Hidden, ToolSearch


class Tool(Protocol):
    """Something that the model can call. `parallel` tools may run beside one another.

    One whose spec says `defer_loading` is kept back until the model searches for it, where its model can search.
    """

    spec: dict[str, Any]
    parallel: bool

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        """Carry out a call. Raises ToolFailure with what the model is told when it does not work."""
        ...


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    """A name that a provider's tools share, and what the model is told of them all."""

    name: str
    description: str


class ToolOffer(msgspec.Struct, frozen=True, kw_only=True):
    """For whom tools are wanted, and what they may be made of.

    `custom_tools` says whether the model's provider takes tools with free text input, `feature` what the user has
    switched on.
    """

    model: ModelInfo
    custom_tools: bool
    feature: Callable[[str], bool]
    commands: CommandAccess
    pictures: ModelPictures
    environments: Sequence[str]
    """The ids of those that the turn works in."""


class ToolProvider(Protocol):
    """Where tools come from. Names need to be unique in one namespace only."""

    @property
    def namespace(self) -> Namespace | None:
        """The namespace of its tools; None for those that are called by their names alone."""
        ...

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        ...


class ToolRegistry:
    """The tools of one turn. Of two with one name the first counts, whatever a client calls its own."""

    def __init__(self, providers: Iterable[ToolProvider], offer: ToolOffer) -> None:
        self._tools: dict[tuple[str | None, str], Tool] = {}
        self._specs: list[dict[str, Any]] = []
        self._hidden: list[Hidden] = []
        self._defers = offer.model.search_tool
        self._remark = "" if offer.environments else f". {NO_ENVIRONMENT}"
        for provider in providers:
            self._add(provider.namespace, provider.tools(offer))
        self._search = ToolSearch(self._hidden) if self._hidden else None
        if self._search is not None:
            self._specs.append(self._search.spec)

    def _add(self, namespace: Namespace | None, tools: Sequence[Tool]) -> None:
        name = None if namespace is None else namespace.name
        new = {(name, tool.spec["name"]): tool for tool in reversed(tools)}
        new = {key: new[key] for key in reversed(new) if key not in self._tools}
        self._tools.update(new)
        specs = [tool.spec for tool in new.values() if not self._is_hidden(tool)]
        if namespace is None:
            self._specs += specs
            return
        self._hidden += [
            Hidden(namespace=namespace.name, description=namespace.description, spec=tool.spec)
            for tool in new.values()
            if self._is_hidden(tool)
        ]
        if specs:
            named = {"type": "namespace", "name": namespace.name, "description": namespace.description}
            self._specs.append({**named, "tools": specs})

    def _is_hidden(self, tool: Tool) -> bool:
        return self._defers and tool.spec.get("defer_loading") is True

    @property
    def specs(self) -> list[dict[str, Any]]:
        """The tools as a request offers them."""
        return self._specs

    @property
    def hidden_namespaces(self) -> dict[str, str]:
        """The namespaces of the tools that the model has to search for, and what they are about."""
        return {tool.namespace: tool.description for tool in self._hidden}

    def find(self, call: ToolCall) -> Tool:
        """Return the tool behind a call. Raises ToolFailure when there is none of that name."""
        tool = self._search if call.kind == TOOL_SEARCH else self._tools.get((call.namespace or None, call.name))
        if tool is None:
            what = "custom tool call" if call.kind == "custom" else "call"
            raise ToolFailure(f"unsupported {what}: {call.name}{self._remark}")
        return tool
