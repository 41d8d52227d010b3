"""Which tools a model is offered, and who runs a call.

Owns the choice by model and provider. Does not own the tools. Called by the engine, once a turn for the offer and once
for every call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from codex_trio.model.catalog import ModelInfo
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.exec_command import ExecCommand
from codex_trio.tools.patch import FREEFORM_SPEC, FUNCTION_SPEC, ApplyPatch
from codex_trio.tools.plan import UpdatePlan
from codex_trio.tools.view_image import ViewImage
from codex_trio.tools.write_stdin import WriteStdin


class Tool(Protocol):
    """Something that the model can call.

    `parallel` tools may run beside one another; those with `needs_environment` use this machine.
    """

    spec: dict[str, Any]
    parallel: bool
    needs_environment: bool

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        """Carries out a call. Raises ToolFailure with what the model is told when it does not work."""
        ...


class ToolRegistry:
    """The tools of one turn."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools: dict[str, Tool] = {tool.spec["name"]: tool for tool in tools}

    @property
    def specs(self) -> list[dict[str, Any]]:
        """The tools as a request offers them."""
        return [tool.spec for tool in self._tools.values()]

    def find(self, call: ToolCall) -> Tool:
        """The tool behind a call. Raises ToolFailure when there is none of that name."""
        tool = self._tools.get(call.name)
        if tool is None or call.namespace:
            what = "custom tool call" if call.kind == "custom" else "call"
            raise ToolFailure(f"unsupported {what}: {call.name}")
        return tool


def default_tools(
    model: ModelInfo, *, custom_tools: bool, feature: Callable[[str], bool] = lambda _: True
) -> ToolRegistry:
    """The tools for a model, as far as the user's `feature` switches let it have them.

    `custom_tools` says whether its provider takes tools with free text input.
    """
    freeform = custom_tools and model.apply_patch == "freeform"
    tools: list[Tool] = [ExecCommand(), WriteStdin()] if feature("shell_tool") else []
    tools += [UpdatePlan(), ApplyPatch(FREEFORM_SPEC if freeform else FUNCTION_SPEC)]
    if "image" in model.input_modalities and feature("view_image"):
        tools.append(ViewImage())
    return ToolRegistry(tools)
