"""From where a thread counts as unread."""

from codex_trio_protocol.v2.thread_list import ThreadStartThreadUnreadPosition, TurnThreadUnreadPosition

from codex_trio.threads.read_state import ReadState


def test_a_thread_counts_as_read_until_a_turn_ends() -> None:
    state = ReadState("t")
    assert (state.to_wire().first_unread, state.to_wire().revision) == (None, "initial:t")
    state.turn_ended("one")
    state.turn_ended("two")
    assert state.to_wire().first_unread == TurnThreadUnreadPosition(turn_id="one")


def test_what_its_user_marked_stays_until_it_is_read() -> None:
    state = ReadState("t")
    state.mark_unread()
    state.turn_ended("one")
    assert state.to_wire().first_unread == ThreadStartThreadUnreadPosition()
    state.mark_read()
    assert state.to_wire().first_unread is None
    state.turn_ended("two")
    assert state.to_wire().first_unread == TurnThreadUnreadPosition(turn_id="two")


def test_every_change_has_its_own_revision() -> None:
    state = ReadState("t")
    revisions = [state.revision]
    for change in (state.mark_read, state.mark_read, state.mark_unread, lambda: state.turn_ended("one")):
        change()
        revisions.append(state.revision)
    assert len(set(revisions)) == len(revisions)
