"""Which processors there are that need no loaded thread, and the one way to collect what processors answer.

Does not own the method table: the protocol package has it, and a test holds the two together. Processors of loaded
threads are in `work.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import TypeVar

from codex_trio.processors import account, diagnostics, mock, model, project, rollout
from codex_trio.processors.services import Services
from codex_trio.processors.thread import attachments, items, prediction, read, search, sections, summary
from codex_trio.rpc.context import Handler, RequestContext

Some = TypeVar("Some", bound=Services)

_PROCESSORS = (
    read,
    items,
    search,
    summary,
    model,
    account,
    sections,
    project,
    attachments,
    prediction,
    diagnostics,
    rollout,
    mock,
)
"""What most clients ask for first comes first."""


def _config(services: Services) -> Mapping[str, Handler]:
    from codex_trio.processors import config

    return config.handlers(services)


def _model_provider(services: Services) -> Mapping[str, Handler]:
    from codex_trio.processors import model_provider

    return model_provider.handlers(services)


def _features(services: Services) -> Mapping[str, Handler]:
    from codex_trio.processors import features

    return features.handlers(services)


def _memory(services: Services) -> Mapping[str, Handler]:
    from codex_trio.processors import memory

    return memory.handlers(services)


def _plugins(services: Services) -> Mapping[str, Handler]:
    from codex_trio.processors import plugins

    return plugins.handlers(services)


def _plugin_shares(services: Services) -> Mapping[str, Handler]:
    from codex_trio.processors import plugin_shares

    return plugin_shares.handlers(services)


def _apps(services: Services) -> Mapping[str, Handler]:
    from codex_trio.processors import apps

    return apps.handlers(services)


def _hooks(services: Services) -> Mapping[str, Handler]:
    from codex_trio.processors import hooks

    return hooks.handlers(services)


def _skills(services: Services) -> Mapping[str, Handler]:
    from codex_trio.processors import skills

    return skills.handlers(services)


def _fs(services: Services) -> Mapping[str, Handler]:
    from codex_trio.processors import fs

    return fs.handlers(services)


def _fuzzy_search(services: Services) -> Mapping[str, Handler]:
    from codex_trio.processors import fuzzy_search

    return fuzzy_search.handlers(services)


_ON_USE = (
    (
        _config,
        (
            "config/read",
            "config/value/write",
            "config/batchWrite",
            "configRequirements/read",
        ),
    ),
    (
        _fs,
        (
            "fs/readFile",
            "fs/writeFile",
            "fs/createDirectory",
            "fs/getMetadata",
            "fs/readDirectory",
            "fs/remove",
            "fs/copy",
            "fs/watch",
            "fs/unwatch",
        ),
    ),
    (
        _model_provider,
        (
            "modelProvider/list",
            "modelProvider/config/write",
            "modelProvider/default/set",
            "modelProvider/capabilities/read",
        ),
    ),
    (
        _features,
        ("experimentalFeature/list", "experimentalFeature/enablement/set", "permissionProfile/list"),
    ),
    (
        _fuzzy_search,
        (
            "fuzzyFileSearch",
            "fuzzyFileSearch/sessionStart",
            "fuzzyFileSearch/sessionUpdate",
            "fuzzyFileSearch/sessionStop",
        ),
    ),
    (_memory, ("memory/status", "memory/reset", "thread/memory/read")),
    (_apps, ("app/list", "app/installed", "app/read")),
    (_skills, ("skills/list", "skills/config/write", "skills/extraRoots/set")),
    (_hooks, ("hooks/list",)),
    (
        _plugins,
        (
            "plugin/list",
            "plugin/installed",
            "plugin/read",
            "plugin/search",
            "plugin/skill/read",
        ),
    ),
    (
        _plugin_shares,
        (
            "plugin/share/save",
            "plugin/share/updateTargets",
            "plugin/share/list",
            "plugin/share/checkout",
            "plugin/share/delete",
        ),
    ),
)
"""Processors with their methods that are imported when one of those is called, or there is time (`server/ahead.py`).

What they say it with is large: a ninth of what a first list takes, which needs none of it.
"""


def handlers(services: Services) -> Mapping[str, Handler]:
    """Return a handler for every method that is answered without loading a thread.

    `initialize` is not among them: it comes before everything else.
    """
    at_once = (processor.handlers(services) for processor in _PROCESSORS)
    on_use = (imported_on_use(make, methods, services) for make, methods in _ON_USE)
    return collected((*at_once, *on_use))


def imported_on_use(
    make: Callable[[Some], Mapping[str, Handler]], methods: Iterable[str], services: Some
) -> Mapping[str, Handler]:
    """Return handlers that are made when the first of them is asked for."""
    made = cache(partial(make, services))

    def answer(method: str, params: object, context: RequestContext) -> object:
        return made()[method](params, context)

    return {method: partial(answer, method) for method in methods}


def collected(many: Iterable[Mapping[str, Handler]]) -> Mapping[str, Handler]:
    """Return them as one; each method may have one handler."""
    answered: dict[str, Handler] = {}
    for some in many:
        for method, handler in some.items():
            if method in answered:
                raise ValueError(f"two handlers for {method}")
            answered[method] = handler
    return answered
