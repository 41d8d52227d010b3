"""What every store of waiting messages promises."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from codex_trio.state.db.initializer import open_state_db, state_db_path
from codex_trio.state.local.queues import LocalInputQueues
from codex_trio.state.memory.queues import MemoryInputQueues
from codex_trio.state.store.queues import InputQueues, QueuedInput


@pytest.fixture(params=["local", "memory"])
async def queues(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[InputQueues]:
    if request.param == "memory":
        yield MemoryInputQueues()
        return
    database = await open_state_db(state_db_path(tmp_path))
    yield LocalInputQueues(database)
    await database.aclose()


def says(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text, "text_elements": []}]


def queued(name: str, **more: Any) -> QueuedInput:
    return QueuedInput(id=name, content=says(name), client_id=f"client {name}", **more)


async def ids(queues: InputQueues, thread_id: str = "thread") -> list[str]:
    return [one.id for one in await queues.waiting(thread_id)]


async def test_messages_wait_in_the_order_in_which_they_came(queues: InputQueues) -> None:
    first, second = queued("first", metadata={"k": "v"}), queued("second")
    await queues.append("thread", first)
    await queues.append("other", queued("other's"))
    await queues.append("thread", second)
    assert [*await queues.waiting("thread")] == [first, second]
    assert [*await queues.waiting("thread", offset=1)] == [second]
    assert [*await queues.waiting("thread", limit=1)] == [first]
    assert [*await queues.waiting("thread", offset=2, limit=5)] == []
    assert await ids(queues, "other") == ["other's"]
    assert await ids(queues, "nobody") == []


async def test_a_message_can_be_put_in_other_words_at_its_place(queues: InputQueues) -> None:
    for name in ("first", "second"):
        await queues.append("thread", queued(name, metadata={"k": "v"}))
    changed = await queues.replace("thread", "first", content=says("else"), metadata=None)
    assert changed == QueuedInput(id="first", content=says("else"), client_id="client first", metadata={"k": "v"})
    changed = await queues.replace("thread", "first", content=says("again"), metadata={"other": "metadata"})
    assert changed is not None
    assert changed.metadata == {"other": "metadata"}
    assert [*await queues.waiting("thread")] == [changed, queued("second", metadata={"k": "v"})]
    assert await queues.replace("other", "first", content=says("no"), metadata=None) is None
    assert await queues.replace("thread", "third", content=says("no"), metadata=None) is None


async def test_a_message_can_be_taken_out_once(queues: InputQueues) -> None:
    for name in ("first", "second"):
        await queues.append("thread", queued(name))
    assert not await queues.remove("other", "first")
    assert await queues.remove("thread", "first")
    assert not await queues.remove("thread", "first")
    assert await ids(queues) == ["second"]


async def test_all_that_wait_can_be_put_into_another_order(queues: InputQueues) -> None:
    for name in ("a", "b", "c"):
        await queues.append("thread", queued(name))
    for wrong in ([], ["a", "b"], ["a", "b", "c", "c"], ["a", "b", "b"], ["a", "b", "d"]):
        assert not await queues.arrange("thread", wrong)
    assert await ids(queues) == ["a", "b", "c"]
    assert await queues.arrange("thread", ["c", "a", "b"])
    await queues.append("thread", queued("d"))
    assert await ids(queues) == ["c", "a", "b", "d"]
    assert await queues.arrange("nobody", [])


async def test_a_message_that_is_claimed_waits_no_more_and_is_not_lost(queues: InputQueues) -> None:
    for name in ("a", "b", "c"):
        await queues.append("thread", queued(name))
    assert await queues.claim("thread", "turn 1") == queued("a", turn_id="turn 1")
    assert await queues.claim("thread", "turn 2", queued_id="c") == queued("c", turn_id="turn 2")
    assert await queues.claim("thread", "turn 3", queued_id="c") is None
    assert await queues.claim("nobody", "turn 3") is None
    assert await ids(queues) == ["b"]
    assert [one.turn_id for one in await queues.claimed("thread")] == ["turn 1", "turn 2"]
    assert [*await queues.claimed("nobody")] == []
    assert not await queues.remove("thread", "a")
    assert await queues.replace("thread", "a", content=says("no"), metadata=None) is None
    assert await queues.arrange("thread", ["b"])
    await queues.release("thread", "turn 1")
    await queues.finish("thread", "turn 2")
    assert await ids(queues) == ["a", "b"]
    assert [*await queues.claimed("thread")] == []
    await queues.release("thread", "turn 2")
    await queues.finish("thread", "turn 1")
    assert await ids(queues) == ["a", "b"]


async def test_what_waits_in_threads_that_are_gone_is_forgotten(queues: InputQueues) -> None:
    for thread_id in ("kept", "gone", "gone too"):
        await queues.append(thread_id, queued(f"first of {thread_id}"))
        await queues.append(thread_id, queued(f"second of {thread_id}"))
        await queues.claim(thread_id, f"turn of {thread_id}")
    await queues.forget(["gone", "gone too", "nobody"])
    assert await ids(queues, "kept") == ["second of kept"]
    assert len(await queues.claimed("kept")) == 1
    for thread_id in ("gone", "gone too"):
        assert await ids(queues, thread_id) == []
        assert [*await queues.claimed(thread_id)] == []


async def test_what_waits_outlives_the_database_handle(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    database = await open_state_db(path)
    for name in ("a", "b"):
        await LocalInputQueues(database).append("thread", queued(name, metadata={"k": name}))
    await LocalInputQueues(database).claim("thread", "turn")
    await database.aclose()
    database = await open_state_db(path)
    queues = LocalInputQueues(database)
    assert [*await queues.waiting("thread")] == [queued("b", metadata={"k": "b"})]
    assert [*await queues.claimed("thread")] == [queued("a", metadata={"k": "a"}, turn_id="turn")]
    await database.aclose()
