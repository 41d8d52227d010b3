"""The tools that every thread has, as far as its model, its provider and its user let it."""

from __future__ import annotations

from collections.abc import Sequence

from codex_trio.tools.exec_command import ExecCommand
from codex_trio.tools.patch import FREEFORM_SPEC, FUNCTION_SPEC, ApplyPatch
from codex_trio.tools.plan import UpdatePlan
from codex_trio.tools.registry import Tool, ToolOffer
from codex_trio.tools.view_image import ViewImage
from codex_trio.tools.write_stdin import WriteStdin


class BuiltinTools:
    """Provides them; see the module."""

    namespace = None

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        freeform = offer.custom_tools and offer.model.apply_patch == "freeform"
        commands = offer.commands
        tools: list[Tool] = [ExecCommand(commands), WriteStdin(commands)] if offer.feature("shell_tool") else []
        tools += [UpdatePlan(), ApplyPatch(FREEFORM_SPEC if freeform else FUNCTION_SPEC)]
        if "image" in offer.model.input_modalities and offer.feature("view_image"):
            tools.append(ViewImage(offer.pictures))
        return tools
