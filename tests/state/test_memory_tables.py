"""What every store of memories promises."""

from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from codex_trio.state.db.initializer import open_state_db, state_database, state_db_path
from codex_trio.state.local.memories import LocalMemoriesStore
from codex_trio.state.memory.memories import InMemoryMemoriesStore
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.state.store.memories import (
    ATTEMPTS,
    LEASE_MS,
    RETRY_MS,
    Memories,
    MemoriesStore,
    MemoryClaim,
    MemoryRows,
    MemorySummary,
    ThreadMemory,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture(params=["local", "memory"])
async def tables(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[MemoriesStore]:
    if request.param == "memory":
        yield InMemoryMemoriesStore()
        return
    database = await open_state_db(state_db_path(tmp_path))
    yield LocalMemoriesStore(database)
    await database.aclose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memories(tables: MemoriesStore, clock: Clock) -> Memories:
    return Memories(tables, clock=clock)


def memory_of(thread_id: str, *, updated_at_ms: int = 5, **more: object) -> ThreadMemory:
    memory = ThreadMemory(
        thread_id=thread_id,
        source_updated_at_ms=updated_at_ms,
        generated_at_ms=7,
        summary=f"About {thread_id} ☃",
        slug="about",
        cwd="/work",
        path="/home/rollout.jsonl",
        branch="main",
    )
    return msgspec.structs.replace(memory, **more)


async def claim(memories: Memories, thread_id: str, *, updated_at_ms: int = 5) -> MemoryClaim:
    claimed = await memories.claim_extraction(thread_id, updated_at_ms=updated_at_ms)
    assert claimed is not None
    return claimed


async def extract(memories: Memories, thread_id: str, *, updated_at_ms: int = 5) -> None:
    claimed = await claim(memories, thread_id, updated_at_ms=updated_at_ms)
    assert await memories.finish_extraction(claimed, thread_id, memory_of(thread_id, updated_at_ms=updated_at_ms))


async def all_of(memories: Memories) -> list[ThreadMemory]:
    return [*await memories.selected(limit=100, since_ms=0)]


async def test_work_is_done_once_for_each_state_of_a_thread(memories: Memories) -> None:
    assert memories.problem is None
    first = await claim(memories, "a")
    # While it is under way, nobody else does it.
    assert await memories.claim_extraction("a", updated_at_ms=5) is None
    assert await memories.finish_extraction(first, "a", memory_of("a"))
    assert await all_of(memories) == [memory_of("a")]
    assert await memories.claim_extraction("a", updated_at_ms=5) is None
    assert await memories.claim_extraction("a", updated_at_ms=4) is None
    await extract(memories, "a", updated_at_ms=6)
    assert await all_of(memories) == [memory_of("a", updated_at_ms=6)]
    # Nothing worth remembering is a result too.
    assert await memories.finish_extraction(await claim(memories, "a", updated_at_ms=7), "a", None)
    assert await all_of(memories) == []
    assert await memories.claim_extraction("a", updated_at_ms=7) is None


async def test_work_of_a_process_that_died_is_taken_up_and_its_late_result_is_void(
    memories: Memories, clock: Clock
) -> None:
    dead = await claim(memories, "a")
    clock.now += LEASE_MS - 1
    assert await memories.renew(dead)
    clock.now += LEASE_MS - 1
    assert await memories.claim_extraction("a", updated_at_ms=5) is None
    clock.now += 1
    other = await claim(memories, "a")
    assert not await memories.renew(dead)
    assert not await memories.finish_extraction(dead, "a", memory_of("a"))
    await memories.fail(dead, "late")
    assert await all_of(memories) == []
    assert await memories.finish_extraction(other, "a", memory_of("a"))


@pytest.mark.parametrize("dies", [False, True], ids=["fails", "dies"])
async def test_what_keeps_going_wrong_is_given_up_until_the_thread_changes(
    memories: Memories, clock: Clock, *, dies: bool
) -> None:
    for _ in range(ATTEMPTS):
        claimed = await claim(memories, "a")
        if dies:
            clock.now += LEASE_MS
            continue
        await memories.fail(claimed, "no JSON")
        assert await memories.claim_extraction("a", updated_at_ms=5) is None
        clock.now += RETRY_MS
    assert await memories.claim_extraction("a", updated_at_ms=5) is None
    await extract(memories, "a", updated_at_ms=6)


async def test_work_that_is_given_back_counts_as_not_tried(memories: Memories) -> None:
    for _ in range(2 * ATTEMPTS):
        await memories.release(await claim(memories, "a"))
    await extract(memories, "a")


async def test_memories_are_brought_together_when_they_changed_and_then_once(memories: Memories) -> None:
    assert await memories.claim_consolidation() is None
    await extract(memories, "a")
    work = await memories.claim_consolidation()
    assert work is not None
    assert await memories.claim_consolidation() is None
    # What comes meanwhile is for the next time.
    await extract(memories, "b")
    selected = [memory for memory in await all_of(memories) if memory.thread_id == "a"]
    assert await memories.finish_consolidation(work, selected, "the summary")
    assert [*await memories.consolidated()] == ["a"]
    assert await memories.summary() == MemorySummary(text="the summary", is_published=False)
    work = await memories.claim_consolidation()
    assert work is not None
    assert await memories.finish_consolidation(work, await all_of(memories), "another")
    assert [*await memories.consolidated()] == ["a", "b"]
    assert all(memory.is_consolidated for memory in await all_of(memories))
    assert await memories.claim_consolidation() is None
    # It is known whether it was written where it is found.
    await memories.published("the summary")
    assert await memories.summary() == MemorySummary(text="another", is_published=False)
    await memories.published("another")
    assert await memories.summary() == MemorySummary(text="another", is_published=True)


async def test_those_used_most_come_first_and_those_long_unused_not_at_all(memories: Memories, clock: Clock) -> None:
    for number, thread_id in enumerate("abcd"):
        await extract(memories, thread_id, updated_at_ms=10 + number)
    await memories.used(["a", "c", "nobody"])
    await memories.used(["c"])
    found = await memories.selected(limit=3, since_ms=0)
    assert [(memory.thread_id, memory.usage_count) for memory in found] == [("c", 2), ("a", 1), ("d", 0)]
    assert found[0].last_used_at_ms == clock.now
    assert [memory.thread_id for memory in await memories.selected(limit=9, since_ms=13)] == ["c", "a", "d"]
    # Made anew, one keeps its count.
    await extract(memories, "a", updated_at_ms=50)
    assert [memory.usage_count for memory in await all_of(memories)] == [2, 1, 0, 0]


async def test_threads_that_are_gone_are_forgotten_and_the_summary_is_due_anew(memories: Memories) -> None:
    await extract(memories, "a")
    work = await memories.claim_consolidation()
    assert work is not None
    assert await memories.finish_consolidation(work, await all_of(memories), "s")
    await memories.forget(["unknown"])
    assert await memories.claim_consolidation() is None
    await memories.forget(["a", "b"])
    assert await all_of(memories) == [] == [*await memories.consolidated()]
    assert await memories.claim_consolidation() is not None


async def test_everything_can_be_forgotten_with_what_is_under_way(memories: Memories, clock: Clock) -> None:
    assert await memories.forgotten_until_ms() == 0
    await extract(memories, "a")
    extraction, consolidation = await claim(memories, "b"), await memories.claim_consolidation()
    assert consolidation is not None
    selected = await all_of(memories)
    await memories.reset()
    assert await memories.forgotten_until_ms() == clock.now
    assert not await memories.finish_extraction(extraction, "b", memory_of("b"))
    assert not await memories.finish_consolidation(consolidation, selected, "s")
    assert await all_of(memories) == []
    assert await memories.summary() is None
    # What was said before is not looked at again, what comes after it is.
    assert await memories.claim_extraction("c", updated_at_ms=clock.now) is None
    assert await memories.claim_extraction("c", updated_at_ms=clock.now + 1) is not None


async def test_work_that_raises_changes_nothing(tables: MemoriesStore) -> None:
    def spoil(rows: MemoryRows) -> None:
        rows.put_memory(memory_of("a"))
        raise LookupError

    with pytest.raises(LookupError):
        await tables.keep(spoil)
    assert await tables.read(lambda rows: rows.memory("a")) is None


async def test_memories_outlive_the_database_handle(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    for is_there in (False, True):
        database = await open_state_db(path)
        memories = Memories(LocalMemoriesStore(database))
        if is_there:
            assert await all_of(memories) == [memory_of("a")]
            assert await memories.claim_extraction("a", updated_at_ms=5) is None
        else:
            await extract(memories, "a")
        await database.aclose()


async def test_without_a_database_nothing_is_remembered_and_that_is_said(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    path.mkdir()
    async with state_database(path, warn=lambda _: None) as database:
        memories = Memories(LocalMemoriesStore(database))
        assert memories.problem
        with pytest.raises(ThreadStoreError, match="nothing is kept"):
            await memories.claim_extraction("a", updated_at_ms=5)
