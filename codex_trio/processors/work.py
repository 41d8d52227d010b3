"""The processors that have threads loaded, or do something with loaded ones. They bring the engine with them."""

from __future__ import annotations

from collections.abc import Mapping

from codex_trio.processors import command, environment, git, mcp, process, review, turn, turn_settings
from codex_trio.processors.registry import collected
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread import (
    approved_plan,
    compact,
    delete,
    elicitation,
    follow,
    goal,
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
    realtime,
    command,
    process,
    git,
    mcp,
    environment,
)
"""What most clients ask for first comes first."""


def work_handlers(services: WorkServices) -> Mapping[str, Handler]:
    """Return a handler for every method that is about loaded threads."""
    return collected(processor.handlers(services) for processor in _PROCESSORS)
