"""Every method of the protocol is answered, or stands in the list of those that are not there yet."""

import pkgutil
import types
from importlib import import_module
from pathlib import Path
from typing import Any

from codex_trio_protocol.table import CLIENT_REQUESTS

from codex_trio import processors
from codex_trio.model.catalog import bundled_catalog
from codex_trio.processors import registry, thread, work
from codex_trio.processors.registry import collected, handlers
from codex_trio.processors.work import work_handlers

NOT_YET = Path(__file__).parent / "methods_not_yet.txt"


def services() -> Any:
    """As much as handlers are made of."""
    return types.SimpleNamespace(
        threads=types.SimpleNamespace(
            environments=None,
            loaded=None,
            mcp=None,
            mcp_logins=None,
            organisation=types.SimpleNamespace(projects=None, sections=None),
        ),
        load=None,
        watches=None,
        search=None,
        extensions=None,
        sandbox=None,
        identity=None,
        outgoing=None,
        config=types.SimpleNamespace(paths=types.SimpleNamespace(home=None)),
        source="test",
        codex_home=Path("/"),
        auth=None,
        gate=None,
        new_client_processes=None,
        diff_to_remote=None,
        migration=lambda: None,
        plugin_changes=None,
        catalog=bundled_catalog(),
    )


def test_a_method_is_either_answered_or_listed_as_not_there_yet():
    answered = {"initialize", *collected((handlers(services()), work_handlers(services())))}
    assert set(CLIENT_REQUESTS) - answered == set(NOT_YET.read_text(encoding="utf-8").split())
    assert answered <= set(CLIENT_REQUESTS)


def test_what_is_imported_on_use_answers_the_methods_that_it_is_imported_for():
    names = [f"{package.__name__}.{module.name}" for package in (processors, thread) for module in walk(package)]
    modules = [import_module(name) for name in names if name not in (registry.__name__, work.__name__)]
    of_processors = collected(module.handlers(services()) for module in modules if hasattr(module, "handlers"))
    answered = collected((handlers(services()), work_handlers(services())))
    assert answered.keys() == of_processors.keys()


def walk(package):
    return pkgutil.iter_modules(package.__path__)
