"""Every method of the protocol is answered, or stands in the list of those that are not there yet."""

import types
from importlib import import_module
from pathlib import Path

from codex_trio_protocol.table import CLIENT_REQUESTS

from codex_trio.model.catalog import bundled_catalog
from codex_trio.processors.registry import MODULES

NOT_YET = Path(__file__).parent / "methods_not_yet.txt"


def test_a_method_is_either_answered_or_listed_as_not_there_yet():
    answered = {method for methods in MODULES.values() for method in methods}
    assert set(CLIENT_REQUESTS) - answered == set(NOT_YET.read_text(encoding="utf-8").split())
    assert answered <= set(CLIENT_REQUESTS)


def test_each_module_answers_just_the_methods_that_the_registry_gives_it():
    services = types.SimpleNamespace(
        threads=None,
        outgoing=None,
        identity=None,
        config=None,
        source="test",
        codex_home=Path("/"),
        auth=None,
        gate=None,
        catalog=bundled_catalog,
    )
    for module, methods in MODULES.items():
        handlers = import_module(f"codex_trio.processors.{module}").handlers(services)
        assert sorted(handlers) == sorted(methods), module
