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
from codex_trio.tools.context import CommandAccess, ToolContext
from codex_trio.tools.pictures import ModelPictures


class Tool(Protocol):
    """Something that the model can call. `parallel` tools may run beside one another."""

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
    """The tools of one turn."""

    def __init__(self, providers: Iterable[ToolProvider], offer: ToolOffer) -> None:
        self._tools: dict[tuple[str | None, str], Tool] = {}
        self._specs: list[dict[str, Any]] = []
        for provider in providers:
            self._add(provider.namespace, provider.tools(offer))

    def _add(self, namespace: Namespace | None, tools: Sequence[Tool]) -> None:
        name = None if namespace is None else namespace.name
        self._tools.update({(name, tool.spec["name"]): tool for tool in tools})
        specs = [tool.spec for tool in tools]
        if namespace is None:
            self._specs += specs
        elif specs:
            named = {"type": "namespace", "name": namespace.name, "description": namespace.description}
            self._specs.append({**named, "tools": specs})

    @property
    def specs(self) -> list[dict[str, Any]]:
        """The tools as a request offers them."""
        return self._specs

    def find(self, call: ToolCall) -> Tool:
        """Return the tool behind a call. Raises ToolFailure when there is none of that name."""
        tool = self._tools.get((call.namespace or None, call.name))
        if tool is None:
            what = "custom tool call" if call.kind == "custom" else "call"
            raise ToolFailure(f"unsupported {what}: {call.name}")
        return tool
