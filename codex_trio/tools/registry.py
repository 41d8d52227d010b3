"""Which tools a model is offered, and who runs a call.

Owns the names under which tools of several providers stand beside one another. Does not own the tools, or which of them
a provider has for a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec
import trio

from codex_trio.model.catalog import ModelInfo
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import NO_ENVIRONMENT, CommandAccess, ToolContext
from codex_trio.tools.pictures import ModelPictures
from codex_trio.tools.tool_search import NAME as TOOL_SEARCH
from codex_trio.tools.tool_search import Hidden, ToolSearch
from codex_trio.util.bell import Bell


class Tool(Protocol):
    """Something that the model can call. `parallel` tools may run beside one another.

    One whose spec says `defer_loading` is kept back until the model searches for it, where its model can search.
    """

    parallel: bool

    @property
    def spec(self) -> dict[str, Any]:
        """What the model is told of it."""
        ...

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        """Carry out a call. Raises ToolFailure with what the model is told when it does not work."""
        ...


class ContextWindow(Protocol):
    """What the model reads with each request, seen from within a turn."""

    def left(self) -> int:
        """Return how many tokens may be added before the history is summed up."""
        ...

    def renew(self) -> None:
        """Have the history begin anew before the model is asked again."""
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
    said_more: Bell
    """Rung when the user says something while the turn runs."""
    unconfined: bool = False
    """Whether commands run without a sandbox."""
    plan_only: bool = False
    """Whether the turn only works out a plan: nothing is to be carried out."""
    window: ContextWindow | None = None
    """What the model reads the history through; None for those who have none of their own."""


class ToolProvider(Protocol):
    """Where tools come from. Names need to be unique in one namespace only."""

    @property
    def namespace(self) -> Namespace | None:
        """The namespace of its tools; None for those that are called by their names alone."""
        ...

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        ...


Offered: TypeAlias = dict[tuple[str | None, str], tuple[Namespace | None, Tool]]
"""Tools by namespace and name, with what is said of the namespace."""


class OfferedTools(Protocol):
    """The tools of one turn, however they are offered."""

    @property
    def specs(self) -> list[dict[str, Any]]:
        """The tools as a request offers them."""
        ...

    @property
    def hidden_namespaces(self) -> dict[str, str]:
        """The namespaces of the tools that the model has to search for, and what they are about."""
        ...

    def find(self, call: ToolCall) -> Tool:
        """Return the tool behind a call. Raises ToolFailure when there is none of that name."""
        ...

    async def aclose(self) -> None:
        """End what the tools have begun and the turn has to end."""
        ...


def offered_tools(providers: Iterable[ToolProvider], offer: ToolOffer) -> Offered:
    """Return the tools of all providers. Of two with one name the first counts, whatever a client calls its own."""
    found: Offered = {}
    for provider in providers:
        namespace = provider.namespace
        for tool in provider.tools(offer):
            spec = tool.spec
            # What the provider runs by itself has a type and no name.
            key = (None if namespace is None else namespace.name, spec.get("name", spec["type"]))
            found.setdefault(key, (namespace, tool))
    return found


class ToolRegistry:
    """The tools of one turn, each called by the model itself."""

    def __init__(self, offered: Offered, offer: ToolOffer, *, defers: bool) -> None:
        """`defers` says whether some are kept back until the model searches for them."""
        self._remark = "" if offer.environments else f". {NO_ENVIRONMENT}"
        self._tools = {key: tool for key, (_, tool) in offered.items()}
        self._defers = defers
        self._specs: list[dict[str, Any]] = []
        self._hidden: list[Hidden] = []
        groups: dict[str, list[dict[str, Any]]] = {}
        for namespace, tool in offered.values():
            if namespace is None:
                self._specs.append(tool.spec)
            elif self._is_hidden(tool):
                about = Hidden(namespace=namespace.name, description=namespace.description, spec=tool.spec)
                self._hidden.append(about)
            elif namespace.name in groups:
                groups[namespace.name].append(tool.spec)
            else:
                tools = groups[namespace.name] = [tool.spec]
                named = {"type": "namespace", "name": namespace.name, "description": namespace.description}
                self._specs.append({**named, "tools": tools})
        self._search = ToolSearch(self._hidden) if self._hidden else None
        if self._search is not None:
            self._specs.append(self._search.spec)

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

    async def aclose(self) -> None:
        """End nothing: commands outlive their turn."""
        await trio.lowlevel.checkpoint()


def plain_tools(providers: Iterable[ToolProvider], offer: ToolOffer) -> OfferedTools:
    """Return the tools of a turn for a model that calls all of them itself."""
    return ToolRegistry(offered_tools(providers, offer), offer, defers=offer.model.search_tool)
