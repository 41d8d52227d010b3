"""Every method of the protocol is answered, or stands in the list of those that are not there yet."""

import types
from pathlib import Path
from typing import Any

from codex_trio_protocol.table import CLIENT_REQUESTS

from codex_trio.model.catalog import bundled_catalog
from codex_trio.processors.registry import collected, handlers
from codex_trio.processors.work import work_handlers

NOT_YET = Path(__file__).parent / "methods_not_yet.txt"


def test_a_method_is_either_answered_or_listed_as_not_there_yet():
    services: Any = types.SimpleNamespace(
        threads=types.SimpleNamespace(organisation=types.SimpleNamespace(projects=None, sections=None)),
        identity=None,
        outgoing=None,
        config=None,
        source="test",
        codex_home=Path("/"),
        auth=None,
        gate=None,
        catalog=bundled_catalog(),
    )
    answered = {"initialize", *collected((handlers(services), work_handlers(services)))}
    assert set(CLIENT_REQUESTS) - answered == set(NOT_YET.read_text(encoding="utf-8").split())
    assert answered <= set(CLIENT_REQUESTS)
