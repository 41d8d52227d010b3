"""Which processor module answers which method; modules load when their first request comes.

Owns that table. Does not own the method table (the protocol package has it: a test holds the two together) or handlers.
Called by `app.py`, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext

MODULES: Mapping[str, tuple[str, ...]] = {
    "initialize": ("initialize",),
    "thread_lifecycle": (
        "thread/start",
        "thread/resume",
        "thread/fork",
        "thread/unsubscribe",
        "thread/archive",
        "thread/unarchive",
        "thread/name/set",
    ),
    "thread_read": (
        "thread/read",
        "thread/list",
        "thread/loaded/list",
        "thread/turns/list",
        "thread/items/list",
        "thread/readState/update",
    ),
    "thread_metadata": ("thread/metadata/update", "thread/memoryMode/set"),
    "thread_delete": ("thread/delete",),
    "conversation_summary": ("getConversationSummary",),
    "thread_items": ("thread/items/read", "thread/turns/items/list", "thread/timeline/list"),
    "thread_revert": ("thread/revert", "thread/rollback"),
    "thread_search": ("thread/search", "thread/searchOccurrences"),
    "thread_work": ("thread/inject_items",),
    "thread_settings": ("thread/settings/update",),
    "turn": ("turn/start", "turn/steer", "turn/interrupt"),
    "background_terminals": (
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


def lazy_handlers(services: Services) -> dict[str, Handler]:
    """A handler for every method that is answered."""
    loaded: dict[str, Mapping[str, Handler]] = {}

    def handler(method: str, module: str) -> Handler:
        def answer(params: object, context: RequestContext) -> object:
            if module not in loaded:
                loaded[module] = import_module(f"codex_trio.processors.{module}").handlers(services)
            return loaded[module][method](params, context)

        return answer

    return {method: handler(method, module) for module, methods in MODULES.items() for method in methods}
