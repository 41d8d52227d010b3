"""What can be asked of threads without running them."""

import pytest
from thread_lab import Lab, open_threads

from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.read_state import ReadStateConflict

MISSING = "01a20265-92c4-7a91-a8db-c0de722859c2"


async def said(lab: Lab, *words: str) -> tuple[LiveThread, list[str]]:
    """Return a thread with those turns."""
    live = await lab.start()
    return live, [await lab.run_turn(live, text) for text in words]


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_the_history_of_a_thread_can_be_read_loaded_or_not(tmp_path, *, is_loaded):
    async with open_threads(tmp_path) as lab:
        live, turns = await said(lab, "one", "two")
        if not is_loaded:
            await lab.host.unload(live)
        history = await lab.threads.history(live.id, feature="reading")
        assert [turn.id for turn in history.index.turns] == turns


async def test_what_has_no_history_says_why_and_names_what_was_asked_for(tmp_path):
    async with open_threads(tmp_path) as lab:
        with pytest.raises(ThreadError, match=f"thread not loaded: {MISSING}"):
            await lab.threads.history(MISSING, feature="reading")
        ephemeral, silent = await lab.start(ephemeral=True), await lab.start()
        with pytest.raises(ThreadError, match="ephemeral threads do not support reading"):
            await lab.threads.history(ephemeral.id, feature="reading")
        with pytest.raises(ThreadError, match="reading is unavailable before first user message"):
            await lab.threads.history(silent.id, feature="reading")


async def test_an_archived_thread_is_read_unless_it_must_not_be_archived(tmp_path):
    async with open_threads(tmp_path) as lab:
        live, _ = await said(lab, "one")
        await lab.upkeep.archive(live.id)
        assert (await lab.threads.history(live.id, feature="reading")).facts.preview == "one"
        with pytest.raises(ThreadError, match="is archived"):
            await lab.threads.history(live.id, feature="reading", in_archive=False)


async def test_of_a_loaded_thread_the_facts_are_those_of_now(tmp_path):
    async with open_threads(tmp_path) as lab:
        live, _ = await said(lab, "one")
        summary = await lab.store.read(live.id)
        assert summary is not None
        live.name = "changed since"
        assert lab.threads.facts(summary).name == "changed since"
        await lab.host.unload(live)
        assert lab.threads.facts(summary).name is None


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_a_thread_is_marked_by_who_knows_its_revision_and_stays_so(tmp_path, *, is_loaded):
    async with open_threads(tmp_path) as lab:
        live, _ = await said(lab, "one")
        if not is_loaded:
            await lab.host.unload(live)
        before = await lab.threads.read_state(live.id)
        with pytest.raises(ReadStateConflict):
            await lab.threads.mark(live.id, as_read=True, expected_revision="another")
        after = await lab.threads.mark(live.id, as_read=True, expected_revision=before.revision)
        assert after.first_unread is None
        assert (await lab.threads.read_state(live.id)).revision == after.revision


async def test_what_is_not_stored_cannot_be_marked(tmp_path):
    async with open_threads(tmp_path) as lab:
        with pytest.raises(ThreadError, match=f"thread not loaded: {MISSING}"):
            await lab.threads.mark(MISSING, as_read=True, expected_revision="0")
        live = await lab.start(ephemeral=True)
        with pytest.raises(ThreadError, match="read state unavailable"):
            await lab.threads.mark(live.id, as_read=True, expected_revision="0")
