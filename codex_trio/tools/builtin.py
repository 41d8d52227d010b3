"""The tools that every thread has, as far as its model, its provider, its user and where it works let it."""

from __future__ import annotations

from collections.abc import Sequence

from codex_trio.tools.exec_command import WIDENING_FEATURE, ExecCommand
from codex_trio.tools.patch import FREEFORM_SPEC, FUNCTION_SPEC, ApplyPatch
from codex_trio.tools.plan import UpdatePlan
from codex_trio.tools.registry import Tool, ToolOffer
from codex_trio.tools.request_permissions import FEATURE as REQUEST_PERMISSIONS
from codex_trio.tools.request_permissions import RequestPermissions
from codex_trio.tools.view_image import ViewImage
from codex_trio.tools.write_stdin import WriteStdin

BUILTIN_NAMES = frozenset(
    {
        "exec_command",
        "write_stdin",
        "shell_command",
        "update_plan",
        "apply_patch",
        "view_image",
        "request_user_input",
        "request_permissions",
        "get_context_remaining",
        "new_context",
        "get_goal",
        "create_goal",
        "update_goal",
        "exec",
        "wait",
        "list_mcp_resources",
        "list_mcp_resource_templates",
        "read_mcp_resource",
        "tool_search",
        "web_search",
    }
)
"""Names of plain tools that clients cannot use for their own: a model may be offered these, now or after a change."""


class BuiltinTools:
    """Provides them; see the module."""

    namespace = None

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        return [UpdatePlan()] if not offer.environments else _tools_of_environments(offer)


def _tools_of_environments(offer: ToolOffer) -> list[Tool]:
    """Return those of a turn that works somewhere."""
    freeform = offer.custom_tools and offer.model.apply_patch == "freeform"
    has_choice = len(offer.environments) > 1
    commands = offer.commands
    tools: list[Tool] = []
    if offer.feature("shell_tool") and offer.model.runs_commands:
        widens = offer.feature(WIDENING_FEATURE)
        tools += [ExecCommand(commands, has_choice=has_choice, widens=widens), WriteStdin(commands)]
    if offer.feature(REQUEST_PERMISSIONS):
        tools.append(RequestPermissions(has_choice=has_choice))
    tools += [UpdatePlan(), ApplyPatch(FREEFORM_SPEC if freeform else FUNCTION_SPEC)]
    if "image" in offer.model.input_modalities and offer.feature("view_image"):
        tools.append(ViewImage(offer.pictures, has_choice=has_choice))
    return tools
