"""`help()` on a message tells of its fields too."""

import inspect
import pydoc

from codex_trio_protocol.base import Wire
from codex_trio_protocol.v2.thread_start import ThreadForkParams, ThreadStartParams
from codex_trio_protocol.v2.turn import TurnInterruptParams


def test_help_has_the_docstring_and_what_is_said_of_the_fields():
    text = pydoc.render_doc(ThreadForkParams, renderer=pydoc.plaintext)
    assert "Begin a new thread with the history of another" in text
    assert "last_turn_id: The last turn to keep; null keeps all." in text
    assert inspect.getdoc(ThreadStartParams).splitlines()[-1].startswith("    persist_extended_history: ")


def test_a_message_without_described_fields_has_its_docstring_alone():
    assert inspect.getdoc(TurnInterruptParams).startswith("Stop a turn;")
    assert "Fields:" not in TurnInterruptParams.__doc__
    assert inspect.getdoc(Wire).startswith("Base of all messages")
