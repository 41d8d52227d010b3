"""Which processors there are that need no loaded thread, and the one way to collect what processors answer.

Does not own the method table: the protocol package has it, and a test holds the two together. Processors of loaded
threads are in `work.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from codex_trio.processors import account, config, extensions, mock, model, project
from codex_trio.processors.services import Services
from codex_trio.processors.thread import attachments, items, read, search, sections, summary
from codex_trio.rpc.context import Handler

_PROCESSORS = (
    read,
    items,
    search,
    summary,
    model,
    account,
    config,
    sections,
    project,
    attachments,
    extensions,
    mock,
)
"""What most clients ask for first comes first."""


def handlers(services: Services) -> Mapping[str, Handler]:
    """A handler for every method that is answered without loading a thread.

    `initialize` is not among them: it comes before everything else.
    """
    return collected(processor.handlers(services) for processor in _PROCESSORS)


def collected(many: Iterable[Mapping[str, Handler]]) -> Mapping[str, Handler]:
    """Return them as one; each method may have one handler."""
    answered: dict[str, Handler] = {}
    for some in many:
        for method, handler in some.items():
            if method in answered:
                raise ValueError(f"two handlers for {method}")
            answered[method] = handler
    return answered
