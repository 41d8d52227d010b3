"""Every processor, and so every method that is answered.

Does not own the method table: the protocol package has it, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping

from codex_trio.processors import account, config, extensions, mock, model, turn
from codex_trio.processors.services import Services
from codex_trio.processors.thread import (
    delete,
    inject,
    items,
    lifecycle,
    metadata,
    put_away,
    read,
    revert,
    search,
    settings,
    summary,
    terminals,
)
from codex_trio.rpc.context import Handler

_PROCESSORS = (
    lifecycle,
    read,
    turn,
    items,
    metadata,
    put_away,
    search,
    settings,
    revert,
    delete,
    inject,
    terminals,
    summary,
    model,
    account,
    config,
    extensions,
    mock,
)
"""What most clients ask for first comes first."""


def handlers(services: Services) -> Mapping[str, Handler]:
    """A handler for every method that is answered, but `initialize`, which comes before everything else."""
    answered: dict[str, Handler] = {}
    for processor in _PROCESSORS:
        for method, handler in processor.handlers(services).items():
            if method in answered:
                raise ValueError(f"two handlers for {method}")
            answered[method] = handler
    return answered
