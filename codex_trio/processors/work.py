"""The processors that have threads loaded, or do something with loaded ones. They bring the engine with them."""

from __future__ import annotations

from collections.abc import Mapping

from codex_trio.processors import command, environment, git, mcp, plugin_changes, process, review, turn, turn_settings
from codex_trio.processors.registry import collected, imported_on_use
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread import (
    approved_plan,
    compact,
    delete,
    elicitation,
    follow,
    goal,
    guardian,
    inject,
    metadata,
    put_away,
    queue,
    realtime,
    revert,
    sample,
    settings,
    shell,
    start,
    terminals,
)
from codex_trio.rpc.context import Handler

_PROCESSORS = (
    start,
    follow,
    turn,
    turn_settings,
    metadata,
    put_away,
    settings,
    revert,
    delete,
    inject,
    compact,
    review,
    terminals,
    queue,
    goal,
    sample,
    shell,
    approved_plan,
    elicitation,
    guardian,
    realtime,
    command,
    process,
    git,
    mcp,
    plugin_changes,
    environment,
)
"""What most clients ask for first comes first."""


def _external_agent(services: WorkServices) -> Mapping[str, Handler]:
    # Most users come here once, if ever.
    from codex_trio.processors import external_agent

    return external_agent.handlers(services)


_OF_EXTERNAL_AGENTS = (
    "externalAgentConfig/detect",
    "externalAgentConfig/import",
    "externalAgentConfig/import/readHistories",
    "externalAgentConfig/import/recordHistory",
)


def work_handlers(services: WorkServices) -> Mapping[str, Handler]:
    """Return a handler for every method that is about loaded threads."""
    at_once = (processor.handlers(services) for processor in _PROCESSORS)
    return collected((*at_once, imported_on_use(_external_agent, _OF_EXTERNAL_AGENTS, services)))
