"""From where a thread counts as unread."""

from codex_trio_protocol.v2.thread_list import ThreadStartThreadUnreadPosition, TurnThreadUnreadPosition

from codex_trio.state.store.read_states import StoredReadState
from codex_trio.threads.read_state import ReadState
from codex_trio.wire.read_states import read_state_to_wire


def test_a_thread_counts_as_read_until_a_turn_ends() -> None:
    state = ReadState("t", None)
    assert (state.first_unread, state.revision) == (None, "initial:t")
    state.turn_ended("one")
    state.turn_ended("two")
    assert state.first_unread == "one"


def test_what_its_user_marked_stays_until_it_is_read() -> None:
    state = ReadState("t", None)
    state.mark_unread()
    state.turn_ended("one")
    assert read_state_to_wire(state).first_unread == ThreadStartThreadUnreadPosition()
    state.mark_read()
    assert read_state_to_wire(state).first_unread is None
    state.turn_ended("two")
    assert state.first_unread == "two"


def test_every_change_has_its_own_revision() -> None:
    state = ReadState("t", None)
    revisions = [state.revision]
    for change in (state.mark_read, state.mark_read, state.mark_unread, lambda: state.turn_ended("one")):
        change()
        revisions.append(state.revision)
    assert len(set(revisions)) == len(revisions)


def test_what_was_kept_goes_on() -> None:
    kept: list[StoredReadState] = []
    before = ReadState("t", None, kept.append)
    before.turn_ended("one")
    again = ReadState("t", kept[-1])
    assert (again.first_unread, again.revision) == (before.first_unread, before.revision)
    again.turn_ended("two")
    assert read_state_to_wire(again).first_unread == TurnThreadUnreadPosition(turn_id="one")
    before.mark_unread()
    assert read_state_to_wire(ReadState("t", kept[-1])).first_unread == ThreadStartThreadUnreadPosition()
