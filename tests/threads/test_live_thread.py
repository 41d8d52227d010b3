"""The verbs of a loaded thread, without a server around it."""

from pathlib import Path

import pytest
import trio
from thread_lab import Request, open_threads, said, says

from codex_trio.engine.settings import TurnOverrides
from codex_trio.state.store.interface import MetadataPatch
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.facts import ACTIVE, IDLE


async def test_what_a_turn_tells_comes_after_the_answer_to_its_request(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live, request = await lab.start(), Request()
        async with trio.open_nursery() as nursery:

            async def start() -> None:
                await live.start_turn(says("Hello"), TurnOverrides(), request)

            nursery.start_soon(start)
            while not live.runs_turn:
                await trio.lowlevel.checkpoint()
            assert lab.clients.of("TurnStarted") == []
            request.answer()
        assert len(lab.clients.of("TurnStarted")) == 1
        assert lab.clients.of("status")[-1] == ACTIVE


async def test_input_for_a_thread_in_which_a_turn_runs_goes_to_that_turn(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        turn_id = await lab.start_turn(live)
        assert await lab.start_turn(live, "And this") == turn_id
        request = Request()
        assert await live.steer(said("More"), expected_turn_id=turn_id, answer=request) == turn_id
        request.answer()


async def test_settings_that_changed_are_told_and_others_are_not(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        await live.change_settings(TurnOverrides())
        assert lab.clients.of("settings") == []
        await live.change_settings(TurnOverrides(model="other"))
        assert [settings.model for settings in lab.clients.of("settings")] == ["other"]


async def test_only_the_turn_that_runs_can_be_steered_or_interrupted(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live, given = await lab.start(), said("More")
        with pytest.raises(ThreadError, match="no active turn to steer"):
            await live.steer(given, expected_turn_id="other", answer=Request())
        with pytest.raises(ThreadError, match="no active turn to interrupt"):
            await live.interrupt("other", Request())
        turn_id = await lab.start_turn(live)
        with pytest.raises(ThreadError, match=f"expected active turn id `other` but found `{turn_id}`"):
            await live.steer(given, expected_turn_id="other", answer=Request())
        with pytest.raises(ThreadError, match=f"expected active turn id other but found {turn_id}"):
            await live.interrupt("other", Request())
        assert live.runs_turn


async def test_the_end_of_an_interrupted_turn_is_told_after_the_answer(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live, request = await lab.start(), Request()
        turn_id = await lab.start_turn(live)
        await live.interrupt(turn_id, request)
        assert request.has_left_scope
        assert lab.clients.of("TurnEnded") == []
        request.answer()
        await live.end_turn()
        assert [event.status for event in lab.clients.of("TurnEnded")] == ["interrupted"]
        assert lab.clients.of("status")[-1] == IDLE


async def test_an_ephemeral_thread_keeps_nothing(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live = await lab.start(ephemeral=True)
        with pytest.raises(ThreadError, match="ephemeral thread does not support metadata updates"):
            await lab.upkeep.rename(live.id, "Name")
        with pytest.raises(ThreadError, match="ephemeral thread does not support metadata updates"):
            await lab.upkeep.update_metadata(live.id, MetadataPatch(memory_mode="disabled"))
        with pytest.raises(ThreadError, match="thread is not persisted and cannot be deleted"):
            await lab.upkeep.delete(live.id)
        with pytest.raises(ThreadError, match="no rollout found"):
            await lab.upkeep.archive(live.id)
        assert lab.loaded.find(live.id) is live


async def test_a_thread_is_archived_and_deleted_with_those_of_its_agents_whatever_runs_in_them(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        parent, child = await lab.start(), await lab.start()
        await lab.graph.upsert(parent.id, child.id, "open")
        await lab.start_turn(child)
        assert set(await lab.upkeep.archive(parent.id)) == {parent.id, child.id}
        assert lab.loaded.ids == []
        assert [event.status for event in lab.clients.of("TurnEnded")] == ["interrupted"]
        facts, moved = await lab.upkeep.unarchive(parent.id)
        assert (facts.meta.id, set(moved)) == (parent.id, {parent.id, child.id})
        assert set(await lab.upkeep.delete(parent.id)) == {parent.id, child.id}
        assert await lab.store.locate(child.id) is None


async def test_a_name_holds_for_the_loaded_thread_and_for_the_stored_one(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        await lab.upkeep.rename(live.id, "Name")
        assert (live.facts.name, await lab.store.name(live.id)) == ("Name", "Name")
        await lab.host.unload(live)
        await lab.upkeep.rename(live.id, "Other")
        assert await lab.store.name(live.id) == "Other"


async def test_turns_are_dropped_from_the_end_but_not_while_one_runs(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        first = await lab.start_turn(live)
        await live.end_turn()
        second = await lab.start_turn(live)
        with pytest.raises(ThreadError, match="Cannot rollback while a turn is in progress"):
            await lab.upkeep.roll_back(live.id, turns=1)
        live = await lab.upkeep.revert(live.id, before_turn_id=second)
        assert [turn.id for turn in live.stored_history().index.turns] == [first]
        live = await lab.upkeep.roll_back(live.id, turns=5)
        assert list(live.stored_history().index.turns) == []
        assert lab.loaded.get(live.id) is live


async def test_who_knows_the_latest_revision_marks_a_thread_as_read(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        await lab.upkeep.rename(live.id, "Name")
        revision = live.read_state.revision
        await lab.threads.mark(live.id, as_read=False, expected_revision=revision)
        assert lab.clients.of("read_state") == [""]
        with pytest.raises(ThreadError, match="read state changed"):
            await lab.threads.mark(live.id, as_read=True, expected_revision=revision)
