"""What a tool may use: what every tool has during one turn, and what those that run commands are made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from codex_trio.config.approval import AskForApproval
from codex_trio.environments.turn import TurnEnvironment
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.model.catalog import ModelInfo
from codex_trio.tools.approval_flow import ApprovalFlow
from codex_trio.tools.calls import ToolFailure
from codex_trio.tools.log import ItemLog
from codex_trio.tools.running import RunningCommands
from codex_trio.tools.turn_diff import TurnDiffTracker

NO_ENVIRONMENT = "This thread has no environment to work in: what needs one can be used when the client provides one."


_ENVIRONMENT_ID = {
    "type": "string",
    "description": "Id of the environment, as <environment_context> names it; the primary one if absent.",
}


def with_choice(spec: dict[str, Any]) -> dict[str, Any]:
    """Return what a function tool is offered as where a turn works in several environments."""
    parameters = spec["parameters"]
    properties = {**parameters["properties"], "environment_id": _ENVIRONMENT_ID}
    return {**spec, "parameters": {**parameters, "properties": properties}}


class CommandSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the user wants commands to be run."""

    allow_login: bool
    """Whether shells may read their login files."""
    max_poll_ms: int
    """The longest that a look at a running command may wait."""


class CommandAccess(msgspec.Struct, frozen=True, kw_only=True):
    """What the tools that run commands, or reach them, are made of."""

    settings: CommandSettings
    policy: CommandPolicy
    running: RunningCommands
    run_in_background: Callable[[Callable[[], Awaitable[None]]], None]
    """Runs a task that outlives the call and the turn, in the thread's nursery."""


class ToolContext(msgspec.Struct, frozen=True, kw_only=True):
    """What any tool may use during one turn: where it works, and ways to show and to ask."""

    turn_id: str
    environments: Sequence[TurnEnvironment]
    """Where the turn works; the first is where it does unless it says otherwise."""
    model: ModelInfo
    approval_policy: AskForApproval
    log: ItemLog
    diff: TurnDiffTracker
    approvals: ApprovalFlow

    @property
    def environment(self) -> TurnEnvironment:
        """Where the turn works, with what was granted there. Raises ToolFailure when that is nowhere."""
        if not self.environments:
            raise ToolFailure(NO_ENVIRONMENT)
        first = self.environments[0]
        return first.with_additional(self.approvals.granted(first.id))

    def within(self, environment_id: str | None) -> ToolContext:
        """Return the context of a call that names one of the environments. Raises ToolFailure for an unknown one."""
        if environment_id is None or not self.environments:
            return self
        chosen = next((one for one in self.environments if one.id == environment_id), None)
        if chosen is None:
            known = ", ".join(f"`{one.id}`" for one in self.environments)
            raise ToolFailure(f"unknown turn environment id `{environment_id}`; there are: {known}")
        return msgspec.structs.replace(self, environments=[chosen])
