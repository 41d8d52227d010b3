"""Having threads loaded: new ones, stored ones, and forks, each with the settings that it is to run with."""

import msgspec
import pytest
from thread_lab import CLIENT, MODEL, Lab, open_threads

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.settings import TypedOverrides
from codex_trio.engine.turn_gate import ShuttingDown
from codex_trio.sandbox.policy import ReadOnly
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.loading import ForkSource
from codex_trio.threads.manager import ResumeTarget, ThreadOrigin
from codex_trio.threads.options import ThreadOptions

ORIGIN = ThreadOrigin(subscriber=CLIENT, originator="test", source="vscode")
MISSING = "01a20265-92c4-7a91-a8db-c0de722859c2"
REMEMBERED = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "remember this"}]}


async def unloaded(lab: Lab, *words: str) -> tuple[str, list[str]]:
    """Return a stored thread that is not loaded, and its turns."""
    live = await lab.start()
    turns = [await lab.run_turn(live, text) for text in words]
    await lab.host.unload(live)
    assert lab.loaded.find(live.id) is None
    return live.id, turns


async def load(lab: Lab, thread_id: str, options: ThreadOptions | None = None) -> tuple[LiveThread, list[LiveThread]]:
    """Return a thread, and what was loaded for whoever asked."""
    told: list[LiveThread] = []
    live = await lab.manager.load(ResumeTarget(thread_id=thread_id), options or ThreadOptions(), ORIGIN, told.append)
    return live, told


async def test_a_new_thread_is_as_configured_and_as_asked_and_leaves_nothing_before_something_is_said(tmp_path):
    async with open_threads(tmp_path) as lab:
        plain = await lab.start()
        assert (plain.settings.model, plain.settings.cwd) == (MODEL, tmp_path)
        options = ThreadOptions(typed=TypedOverrides(model="other", sandbox_mode="read-only"), cwd=tmp_path / "codex")
        asked = await lab.manager.start(options, ORIGIN)
        assert (asked.settings.model, asked.settings.cwd) == ("other", tmp_path / "codex")
        assert isinstance(asked.settings.sandbox_policy, ReadOnly)
        assert lab.loaded.ids == sorted([plain.id, asked.id])
        assert await lab.store.locate(plain.id) is None
        assert plain.unsubscribe(CLIENT)


async def test_no_thread_starts_under_a_configuration_that_is_none(tmp_path):
    async with open_threads(tmp_path) as lab:
        with pytest.raises(ConfigLoadError, match="nobody"):
            await lab.manager.start(ThreadOptions(typed=TypedOverrides(model_provider="nobody")), ORIGIN)
        assert lab.loaded.ids == []


async def test_what_a_model_is_to_remember_is_stored_at_once(tmp_path):
    async with open_threads(tmp_path) as lab:
        live = await lab.manager.start(ThreadOptions(), ORIGIN, items=[REMEMBERED])
        assert live.is_stored
        past = await live.recorder.model_past()
        assert [item["content"] for item in past.items] == [REMEMBERED["content"]]
        with pytest.raises(ThreadError, match="while it is already running"):
            await lab.manager.begin_with([REMEMBERED], ThreadOptions(), ORIGIN, lambda _: None, named=live.id)


async def test_a_stored_thread_goes_on_as_it_was_recorded_but_for_what_is_asked_anew(tmp_path):
    async with open_threads(tmp_path) as lab:
        options = ThreadOptions(typed=TypedOverrides(model="other", sandbox_mode="read-only"))
        live = await lab.manager.start(options, ORIGIN)
        await lab.run_turn(live, "one")
        await lab.host.unload(live)
        resumed, told = await load(lab, live.id)
        assert told == [resumed]
        assert (resumed.settings.model, resumed.settings.sandbox_policy) == ("other", ReadOnly())
        await lab.host.unload(resumed)
        resumed, _ = await load(lab, live.id, ThreadOptions(typed=TypedOverrides(model=MODEL)))
        assert (resumed.settings.model, resumed.settings.sandbox_policy) == (MODEL, ReadOnly())
        assert "resuming with `gpt-5.5`" in lab.clients.of("ThreadWarning")[-1].message


async def test_a_loaded_thread_is_given_to_whoever_asks_for_it(tmp_path):
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        with pytest.raises(ThreadError, match=f"no rollout found for thread id {live.id}"):
            await load(lab, live.id)
        await lab.run_turn(live, "one")
        assert await load(lab, live.id) == (live, [live])


async def test_unknown_and_archived_threads_are_not_loaded(tmp_path):
    async with open_threads(tmp_path) as lab:
        with pytest.raises(ThreadError, match=f"no rollout found for thread id {MISSING}"):
            await load(lab, MISSING)
        thread_id, _ = await unloaded(lab, "one")
        await lab.store.archive(thread_id)
        with pytest.raises(ThreadError, match="is archived"):
            await load(lab, thread_id)


async def test_a_draining_server_loads_no_thread_but_lets_clients_join_a_running_turn(tmp_path):
    async with open_threads(tmp_path) as lab:
        thread_id, _ = await unloaded(lab, "one")
        busy = await lab.start()
        await lab.start_turn(busy)
        lab.gate.close()
        with pytest.raises(ShuttingDown):
            await load(lab, thread_id)
        assert (await load(lab, busy.id))[0] is busy


async def test_a_fork_goes_on_from_a_turn_and_changes_nothing_of_its_source(tmp_path):
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        turns = [await lab.run_turn(live, text) for text in ("one", "two", "three")]
        await lab.upkeep.rename(live.id, "mine")
        for source, expected in (
            (ForkSource(thread_id=live.id), turns),
            (ForkSource(thread_id=live.id, last_turn_id=turns[1]), turns[:2]),
            (ForkSource(thread_id=live.id, before_turn_id=turns[1]), turns[:1]),
        ):
            fork = await lab.manager.fork(source, ThreadOptions(), ORIGIN)
            assert [turn.id for turn in fork.history.index.turns] == expected
            assert (fork.live.name, fork.live.recorder.meta.forked_from_id) == ("mine", live.id)
        with pytest.raises(ThreadError):
            await lab.manager.fork(ForkSource(thread_id=live.id, last_turn_id="none"), ThreadOptions(), ORIGIN)
        assert len(live.stored_history().index.turns) == 3


async def test_an_ephemeral_fork_knows_what_was_said_and_is_not_stored(tmp_path):
    async with open_threads(tmp_path) as lab:
        thread_id, turns = await unloaded(lab, "one")
        fork = await lab.manager.fork(ForkSource(thread_id=thread_id), ThreadOptions(ephemeral=True), ORIGIN)
        assert [turn.id for turn in fork.history.index.turns] == turns
        assert not fork.live.is_stored
        assert await lab.store.locate(fork.live.id) is None


async def test_a_provider_that_is_configured_no_more_is_named(tmp_path):
    async with open_threads(tmp_path) as lab:
        config = lab.config.load(None)
        settings = lab.loader.configured(config, ThreadOptions())
        lab.loader.check_provider(settings, config)
        with pytest.raises(ThreadError, match="Model provider `gone` not found"):
            lab.loader.check_provider(msgspec.structs.replace(settings, provider_id="gone"), config)
