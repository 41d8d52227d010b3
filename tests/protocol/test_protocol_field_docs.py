"""`help()` on a message tells of its fields too."""

import inspect
import pydoc
from typing import Any, cast

from codex_trio_protocol.base import Wire
from codex_trio_protocol.v2.thread_start import ThreadForkParams, ThreadStartParams
from codex_trio_protocol.v2.turn import TurnInterruptParams


def doc_of(kind: type) -> str:
    found = inspect.getdoc(kind)
    assert found is not None
    return found


def test_help_has_the_docstring_and_what_is_said_of_the_fields():
    text = pydoc.render_doc(ThreadForkParams, renderer=cast("Any", pydoc).plaintext)
    assert "Begin a new thread with the history of another" in text
    assert "last_turn_id: The last turn to keep; null keeps all." in text
    assert doc_of(ThreadStartParams).splitlines()[-1].startswith("    persist_extended_history: ")


def test_a_message_without_described_fields_has_its_docstring_alone():
    assert doc_of(TurnInterruptParams).startswith("Stop a turn;")
    assert "Fields:" not in doc_of(TurnInterruptParams)
    assert doc_of(Wire).startswith("Base of all messages")
