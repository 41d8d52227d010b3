"""What was said to a running turn and accepted, and whether it is part of the turn once its process has died."""

from pathlib import Path
from typing import Any

import pytest
from rollout_lab import accepted, asked, completed, everything, file_lines, meta, model_message, new_path, reopen, turn

from codex_trio.domain.ids import uuid7
from codex_trio.state.history.recorder import RolloutRecorder
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.stored_index import restore, stored
from codex_trio.state.rollout.events import InputAccepted, TaskComplete, TaskStarted, TurnAborted
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.rollout.lines import Payload

TURN = "the-turn"


class Thread:
    """A thread with a finished turn and one that runs."""

    def __init__(self, home: Path, **changes: Any) -> None:
        self.id = uuid7()
        self.path = new_path(home, self.id)
        self.recorder = RolloutRecorder.create(FileLines(self.path), meta(self.id, **changes))

    async def begin(self) -> None:
        started = TaskStarted.root(TURN, started_at=1, model_context_window=1000)
        await self.record(*turn(self.id, "earlier", "first"), started, *self.said("second"))

    def said(self, text: str) -> list[Payload]:
        return self.taken(accepted(TURN, text))

    def taken(self, line: InputAccepted) -> list[Payload]:
        [message] = line.history
        return [completed(self.id, TURN, line.item), model_message("user", message["content"][0]["text"])]

    async def record(self, *payloads: Payload) -> None:
        await self.recorder.append(payloads)

    def read(self) -> list[str]:
        """Return what was said, as whoever opens the file finds it."""
        return asked(everything(RolloutHistory.load(FileLines(self.path))).turns)

    def told(self) -> list[str]:
        """Return what the model is told that the user said."""
        history = RolloutHistory.load(FileLines(self.path)).model_history()
        return [item["content"][0]["text"] for item in history if item.get("role") == "user"]


@pytest.fixture(params=["paginated", None])
async def thread(request: pytest.FixtureRequest, tmp_path: Path) -> Thread:
    made = Thread(tmp_path, history_mode=request.param)
    await made.begin()
    return made


async def test_what_a_dead_turn_had_accepted_comes_after_what_it_had_taken_up(thread: Thread) -> None:
    third, fourth = accepted(TURN, "third"), accepted(TURN, "fourth")
    await thread.record(third, fourth)
    await thread.record(*thread.taken(third))
    assert thread.read() == ["first", "second", "third", "fourth"]
    assert asked(everything(thread.recorder.history).turns) == ["first", "second", "third"], "the turn runs here"

    recorder = await reopen(thread.path)
    assert asked(everything(recorder.history).turns) == ["first", "second", "third", "fourth"]
    for _ in range(2):
        await recorder.take_up_inputs()
        assert thread.read() == thread.told() == ["first", "second", "third", "fourth"]
    await recorder.append(turn(thread.id, "later", "fifth"))
    assert asked(everything(recorder.history).turns) == ["first", "second", "third", "fourth", "fifth"]
    assert thread.read() == thread.told() == ["first", "second", "third", "fourth", "fifth"]
    await recorder.aclose()


@pytest.mark.parametrize("end", [TurnAborted(turn_id=TURN), TaskComplete(turn_id=TURN, last_agent_message=None)])
async def test_what_a_turn_ended_without_is_no_part_of_it(thread: Thread, end: Payload) -> None:
    await thread.record(accepted(TURN, "third"), end, accepted(TURN, "fourth"))
    assert thread.read() == ["first", "second"]
    recorder = await reopen(thread.path)
    await recorder.take_up_inputs()
    assert thread.told() == ["first", "second"]
    await recorder.aclose()


async def test_a_kept_index_knows_what_was_accepted(thread: Thread) -> None:
    await thread.record(accepted(TURN, "third"))
    kept = stored(RolloutHistory.load(FileLines(thread.path)))
    history = RolloutHistory.open(FileLines(thread.path))
    assert restore(history, kept)
    await history.catch_up()
    assert asked(everything(history).turns) == ["first", "second", "third"]


async def test_lines_that_other_servers_do_not_know_take_no_ordinal(tmp_path: Path) -> None:
    thread = Thread(tmp_path)
    await thread.begin()
    await thread.record(accepted(TURN, "third"))
    await thread.record(*thread.said("fourth"))
    ordinals = [line.get("ordinal") for line in file_lines(thread.path)]
    assert ordinals.count(None) == 1
    assert [number for number in ordinals if number is not None] == list(range(len(ordinals) - 1))
    assert RolloutHistory.load(FileLines(thread.path)).bad_lines == 0
