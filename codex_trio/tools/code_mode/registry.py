"""The tools of a turn in code mode: a script and a way to wait for it, and behind them all others.

Owns which tools scripts call, and which the model calls itself all the same. Does not own scripts (cells.py) or the
two tools (tools.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from codex_trio.tools.calls import ToolCall, ToolFailure
from codex_trio.tools.code_mode.cells import Cells, NestedTool
from codex_trio.tools.code_mode.declarations import declaration, script_name
from codex_trio.tools.code_mode.tools import Exec, Wait
from codex_trio.tools.registry import Tool, ToolOffer, ToolProvider, ToolRegistry, offered_tools

NAMESPACE = "functions"
"""Where models that take nothing but code mode find plain tools."""

_DIRECT = frozenset(
    {
        "exec",
        "wait",
        "request_user_input",
        "request_user_input_async",
        "send_message_to_user_async",
        "web_search",
        "image_generation",
        "tool_search",
    }
)
_DIRECT_NAMESPACES = frozenset({"collaboration"})
_DIRECT_IN_NAMESPACES = frozenset({("clock", "sleep")})


class CodeModeRegistry:
    """Offers what models in code mode call. `only` when scripts are the way to all other tools."""

    def __init__(
        self, providers: Iterable[ToolProvider], offer: ToolOffer, *, only: bool, cells: Callable[[], Cells]
    ) -> None:
        everything = offered_tools(providers, offer)
        self._nested = {
            script_name(namespace, name): tool
            for (namespace, name), (_, tool) in everything.items()
            if not _is_direct(namespace, name)
        }
        self._namespaces = {script_name(key[0], key[1]): key[0] for key in everything if not _is_direct(key[0], key[1])}
        self._cells: Cells | None = None
        self._make_cells = cells
        self._lite = offer.model.responses_lite
        self.pictures = offer.pictures
        self._exec = Exec(self)
        self._wait = Wait(self)
        self._direct = {key: pair for key, pair in everything.items() if not only or _is_direct(key[0], key[1])}
        self._plain = ToolRegistry(
            {
                (None, "exec"): (None, self._exec),
                (None, "wait"): (None, self._wait),
                **self._direct,
            },
            offer,
            defers=offer.model.search_tool and not only,
        )

    # --- for the model ---

    @property
    def specs(self) -> list[dict[str, Any]]:
        """The tools as a request offers them."""
        specs = self._plain.specs
        if not self._lite:
            return specs
        plain = [spec for spec in specs if spec["type"] in ("function", "custom")]
        rest = [spec for spec in specs if spec["type"] not in ("function", "custom")]
        return [{"type": "namespace", "name": NAMESPACE, "description": "", "tools": plain}, *rest]

    @property
    def hidden_namespaces(self) -> dict[str, str]:
        """The namespaces of the tools that the model has to search for; scripts find theirs without."""
        return self._plain.hidden_namespaces

    def find(self, call: ToolCall) -> Tool:
        """Return the tool behind a call. Raises ToolFailure when there is none of that name."""
        if call.namespace == NAMESPACE:
            return self._plain.find(ToolCall(call_id=call.call_id, name=call.name, arguments="", kind=call.kind))
        return self._plain.find(call)

    async def aclose(self) -> None:
        """End what scripts still run."""
        if self._cells is not None:
            await self._cells.aclose()

    # --- for scripts ---

    @property
    def cells(self) -> Cells:
        """The scripts of this turn."""
        if self._cells is None:
            self._cells = self._make_cells()
        return self._cells

    @property
    def nested(self) -> Sequence[NestedTool]:
        """What scripts can call, by name."""
        return [
            NestedTool(name=name, description=declaration(name, tool.spec))
            for name, tool in sorted(self._nested.items())
        ]

    @property
    def specs_of_nested(self) -> Mapping[str, Mapping[str, Any]]:
        """The same as the tools describe themselves."""
        return {name: tool.spec for name, tool in self._nested.items()}

    def nested_tool(self, name: str) -> tuple[str | None, Tool]:
        """Return a tool that scripts call by that name, and its namespace. Raises ToolFailure."""
        tool = self._nested.get(name)
        if tool is None:
            raise ToolFailure(f"unsupported call: {name}")
        return self._namespaces[name], tool


def _is_direct(namespace: str | None, name: str) -> bool:
    if namespace is None:
        return name in _DIRECT
    return namespace in _DIRECT_NAMESPACES or (namespace, name) in _DIRECT_IN_NAMESPACES
