"""What is changed of threads, loaded or not: names, metadata, the archive, deletion, cut turns."""

import pytest
from thread_lab import Lab, open_threads

from codex_trio.state.store.interface import MetadataPatch
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread

MISSING = "01a20265-92c4-7a91-a8db-c0de722859c2"


async def stored(lab: Lab, *words: str) -> tuple[LiveThread, list[str]]:
    """Return a thread with those turns."""
    live = await lab.start()
    return live, [await lab.run_turn(live, text) for text in words]


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_a_thread_can_be_named_and_described_loaded_or_not(tmp_path, *, is_loaded):
    async with open_threads(tmp_path) as lab:
        live, _ = await stored(lab, "one")
        if not is_loaded:
            await lab.host.unload(live)
        await lab.upkeep.rename(live.id, "mine")
        facts = await lab.upkeep.update_metadata(live.id, MetadataPatch(branch="main"))
        assert (facts.name, facts.meta.git and facts.meta.git.branch) == ("mine", "main")
        summary = await lab.store.read(live.id)
        assert summary is not None
        assert summary.name == "mine"


async def test_what_is_not_there_is_not_changed(tmp_path):
    async with open_threads(tmp_path) as lab:
        missing = f"no rollout found for thread id {MISSING}"
        with pytest.raises(ThreadError, match=missing):
            await lab.upkeep.rename(MISSING, "mine")
        with pytest.raises(ThreadError, match=f"thread not found: {MISSING}"):
            await lab.upkeep.revert(MISSING, before_turn_id="x")
        with pytest.raises(ThreadError, match=f"thread not found: {MISSING}"):
            await lab.upkeep.roll_back(MISSING, turns=1)


async def test_a_name_outlives_that_nothing_was_said_yet(tmp_path):
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        await lab.upkeep.rename(live.id, "mine")
        assert live.is_stored
        assert live.name == "mine"


async def test_a_thread_goes_into_the_archive_with_its_agents_whose_turns_end(tmp_path):
    async with open_threads(tmp_path) as lab:
        (parent, _), (child, _) = await stored(lab, "one"), await stored(lab, "two")
        await lab.graph.upsert(parent.id, child.id, "open")
        await lab.start_turn(child)
        assert sorted(await lab.upkeep.archive(parent.id)) == sorted([parent.id, child.id])
        assert lab.loaded.ids == []
        assert [event.status for event in lab.clients.of("TurnEnded")][-1] == "interrupted"
        facts, moved = await lab.upkeep.unarchive(parent.id)
        assert facts.meta.id == parent.id
        assert sorted(moved) == sorted([parent.id, child.id])


async def test_an_ephemeral_thread_is_neither_archived_nor_deleted(tmp_path):
    async with open_threads(tmp_path) as lab:
        live = await lab.start(ephemeral=True)
        with pytest.raises(ThreadError, match="no rollout found"):
            await lab.upkeep.archive(live.id)
        with pytest.raises(ThreadError, match="is not persisted and cannot be deleted"):
            await lab.upkeep.delete(live.id)
        assert lab.loaded.ids == [live.id]


async def test_a_deleted_thread_takes_its_agents_and_what_waits_along(tmp_path):
    async with open_threads(tmp_path) as lab:
        (parent, _), (child, _), (other, _) = [await stored(lab, word) for word in ("one", "two", "three")]
        await lab.graph.upsert(parent.id, child.id, "open")
        await lab.start_turn(parent)
        content = [{"type": "text", "text": "later", "text_elements": []}]
        await lab.queues.append(parent.id, content, client_id="c", metadata=None)
        assert sorted(await lab.upkeep.delete(parent.id)) == sorted([parent.id, child.id])
        assert lab.loaded.ids == [other.id]
        assert [*await lab.waiting.waiting(parent.id)] == []
        assert await lab.store.locate(child.id) is None


async def test_a_thread_in_which_nothing_was_said_can_be_deleted(tmp_path):
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        assert await lab.upkeep.delete(live.id) == [live.id]
        assert lab.loaded.ids == []


async def test_turns_are_dropped_from_one_on_and_the_thread_goes_on(tmp_path):
    async with open_threads(tmp_path) as lab:
        live, turns = await stored(lab, "one", "two", "three")
        await lab.start_turn(live, "four")
        anew = await lab.upkeep.revert(live.id, before_turn_id=turns[1])
        assert [turn.id for turn in anew.stored_history().index.turns] == turns[:1]
        assert lab.loaded.get(live.id) is anew
        more = await lab.run_turn(anew, "five")
        assert [turn.id for turn in anew.stored_history().index.turns] == [turns[0], more]
        with pytest.raises(ThreadError, match=f"turn not found: {turns[1]}"):
            await lab.upkeep.revert(live.id, before_turn_id=turns[1])


@pytest.mark.parametrize(("dropped", "left"), [(1, 2), (3, 0), (9, 0)])
async def test_so_many_turns_are_dropped_from_the_end_but_not_while_one_runs(tmp_path, dropped, left):
    async with open_threads(tmp_path) as lab:
        live, turns = await stored(lab, "one", "two", "three")
        await lab.start_turn(live, "four")
        with pytest.raises(ThreadError, match="Cannot rollback while a turn is in progress"):
            await lab.upkeep.roll_back(live.id, turns=dropped)
        await live.end_turn()
        anew = await lab.upkeep.roll_back(live.id, turns=dropped + 1)
        assert [turn.id for turn in anew.stored_history().index.turns] == turns[:left]
