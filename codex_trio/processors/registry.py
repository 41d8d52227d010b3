"""Which processor module answers which method; modules load when their first request comes, or shortly before.

Owns that table. Does not own the method table (the protocol package has it: a test holds the two together) or handlers.
Called by `app.py`, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from codex_trio_protocol.table import CLIENT_REQUESTS, decoder

from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext

MODULES: Mapping[str, tuple[str, ...]] = {
    "initialize": ("initialize",),
    "thread.lifecycle": (
        "thread/start",
        "thread/resume",
        "thread/fork",
        "thread/unsubscribe",
        "thread/archive",
        "thread/unarchive",
        "thread/name/set",
    ),
    "thread.read": (
        "thread/read",
        "thread/list",
        "thread/loaded/list",
        "thread/turns/list",
        "thread/items/list",
        "thread/readState/update",
    ),
    "thread.metadata": ("thread/metadata/update", "thread/memoryMode/set"),
    "thread.delete": ("thread/delete",),
    "thread.summary": ("getConversationSummary",),
    "thread.items": ("thread/items/read", "thread/turns/items/list", "thread/timeline/list"),
    "thread.revert": ("thread/revert", "thread/rollback"),
    "thread.search": ("thread/search", "thread/searchOccurrences"),
    "thread.inject": ("thread/inject_items",),
    "thread.settings": ("thread/settings/update",),
    "turn": ("turn/start", "turn/steer", "turn/interrupt"),
    "thread.terminals": (
        "thread/backgroundTerminals/list",
        "thread/backgroundTerminals/clean",
        "thread/backgroundTerminals/terminate",
    ),
    "model": ("model/list", "collaborationMode/list"),
    "account": ("account/read",),
    "config": ("config/read", "config/value/write", "config/batchWrite", "configRequirements/read"),
    "extensions": ("skills/list", "hooks/list", "plugin/list", "plugin/installed"),
    "mock": ("mock/experimentalMethod",),
}
"""Methods by module of this package, each of which has a `handlers(services)`."""


SOON = ("thread/start", "thread/resume", "thread/read", "thread/turns/list", "turn/start")
"""What most clients ask for first."""


class Processors:
    """The modules that are loaded so far, by what they answer."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._loaded: dict[str, Mapping[str, Handler]] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """A handler for every method that is answered; the first request of a module loads it."""
        return {method: self._handler(method, module) for module, methods in MODULES.items() for method in methods}

    def load(self, method: str) -> None:
        """Loads what a request of that method needs, before one comes. Takes some milliseconds."""
        module = next(module for module, methods in MODULES.items() if method in methods)
        self._handlers_of(module)
        params = CLIENT_REQUESTS[method].params_type()
        if params is not None:
            decoder(params)

    def _handlers_of(self, module: str) -> Mapping[str, Handler]:
        if module not in self._loaded:
            self._loaded[module] = import_module(f"codex_trio.processors.{module}").handlers(self._services)
        return self._loaded[module]

    def _handler(self, method: str, module: str) -> Handler:
        def answer(params: object, context: RequestContext) -> object:
            return self._handlers_of(module)[method](params, context)

        return answer
