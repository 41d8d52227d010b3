"""When messages that wait are taken up, without a server around it. What clients see: the scenario of queues."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import trio
from thread_lab import Lab, Request, open_threads

from codex_trio.state.memory.storage import memory_storage
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread


async def add(lab: Lab, live: LiveThread, words: str, **part: Any) -> str:
    """Let a message wait, and have it taken up if nothing speaks against it; its id."""
    content = [part or {"type": "text", "text": words, "text_elements": []}]
    queued = await lab.queues.append(live.id, content, client_id=words, metadata=None)
    lab.queues.wake(live.id)
    return queued.id


async def waiting(lab: Lab, live: LiveThread) -> list[str]:
    return [queued.client_id for queued in await lab.waiting.waiting(live.id)]


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await trio.lowlevel.checkpoint()


async def stop(live: LiveThread) -> None:
    request = Request()
    request.answer()
    await live.interrupt("", request)
    await until(lambda: not live.runs_turn)


async def test_a_message_is_kept_until_its_turn_has_stored_it_and_no_longer(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        await add(lab, live, "one")
        await until(lambda: live.runs_turn)
        while await lab.waiting.claimed(live.id):
            await trio.lowlevel.checkpoint()
        assert await waiting(lab, live) == []
        history = live.stored_history()
        assert history.index.facts.preview == "one"


class Disk:
    """Stands before a store of threads, and may be full."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.is_full = False
        self.tries = 0

    def create(self, *args: Any, **options: Any) -> Any:
        return _Recorder(self._store.create(*args, **options), self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _Recorder:
    def __init__(self, recorder: Any, disk: Disk) -> None:
        self._recorder = recorder
        self._disk = disk

    async def append(self, payloads: Any) -> None:
        if not self._disk.is_full:
            return await self._recorder.append(payloads)
        self._disk.tries += 1
        await trio.lowlevel.checkpoint()
        raise RolloutWriteError(self._recorder.meta.id, 28, "the disk is full")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._recorder, name)


async def test_what_cannot_be_stored_waits_again_and_is_not_tried_again_by_itself(tmp_path: Path) -> None:
    storage = memory_storage()
    disk = Disk(storage.store)
    async with open_threads(tmp_path, storage=msgspec.structs.replace(storage, store=cast("Any", disk))) as lab:
        live = await lab.start()
        await live.keep()
        disk.is_full = True
        await add(lab, live, "one")
        await until(lambda: bool(lab.clients.of("TurnEnded")))
        while await lab.waiting.claimed(live.id):
            await trio.lowlevel.checkpoint()
        tried = disk.tries
        assert tried
        await add(lab, live, "two")
        for _ in range(200):
            await trio.lowlevel.checkpoint()
        assert (disk.tries, live.runs_turn) == (tried, False)
        assert await waiting(lab, live) == ["one", "two"]
        disk.is_full = False
        request = Request()
        turn = await lab.queues.start(live.id, None, request)
        request.answer()
        assert turn.request.trigger == "queue"
        assert await waiting(lab, live) == ["two"]


async def test_what_says_nothing_to_the_model_is_taken_up_once_too(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        await add(lab, live, "silent", type="skill", name="s", path="/skills/s")
        await until(lambda: live.runs_turn)
        while await lab.waiting.claimed(live.id):
            await trio.lowlevel.checkpoint()
        assert await waiting(lab, live) == []


async def test_a_stopped_queue_is_stopped_after_the_thread_was_loaded_anew(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        await lab.start_turn(live)
        await add(lab, live, "one")
        await stop(live)
        thread_id = live.id
        await lab.host.unload(live)
        again = await lab.resume(thread_id)
        lab.queues.wake(thread_id)
        for _ in range(200):
            await trio.lowlevel.checkpoint()
        assert not again.runs_turn
        assert await waiting(lab, again) == ["one"]


async def test_what_was_claimed_by_a_turn_that_never_ran_waits_where_it_did(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        await lab.start_turn(live)
        await stop(live)
        for words in ("one", "two"):
            await add(lab, live, words)
        thread_id = live.id
        await lab.host.unload(live)
        await lab.waiting.claim(thread_id, "turn that a crash cut off")
        page = await lab.queues.page(thread_id, offset=0, limit=None)
        assert [queued.client_id for queued in page.messages] == ["one", "two"]
        with pytest.raises(ThreadError, match="resume the thread before starting a queued message"):
            await lab.queues.start(thread_id, None, Request())


async def test_deleting_a_thread_forgets_what_waits(tmp_path: Path) -> None:
    async with open_threads(tmp_path) as lab:
        live = await lab.start()
        await lab.start_turn(live)
        await add(lab, live, "one")
        await lab.upkeep.delete(live.id)
        assert await waiting(lab, live) == []
