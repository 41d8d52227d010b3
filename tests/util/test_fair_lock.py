"""Who only looks goes together, who changes things is alone, and nobody waits for ever."""

import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.util.fair_lock import FairLock


@given(kinds=st.lists(st.booleans(), max_size=12), data=st.data())
async def test_an_exclusive_call_runs_alone_and_every_call_gets_its_turn(kinds, data):
    lock = FairLock()
    inside: list[bool] = []
    finished: list[int] = []
    durations = [data.draw(st.integers(0, 3)) for _ in kinds]

    async def call(number: int) -> None:
        async with lock.join(shared=kinds[number]):
            inside.append(kinds[number])
            assert all(inside) or len(inside) == 1
            for _ in range(durations[number]):
                await trio.lowlevel.checkpoint()
            inside.remove(kinds[number])
        finished.append(number)

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            for number in range(len(kinds)):
                nursery.start_soon(call, number)
    assert sorted(finished) == list(range(len(kinds)))


async def test_a_cancelled_waiter_does_not_block_those_behind_it():
    lock = FairLock()
    order: list[str] = []

    async def hold(name: str, *, shared: bool, scope: trio.CancelScope | None = None) -> None:
        with scope or trio.CancelScope():
            async with lock.join(shared=shared):
                order.append(name)
                if name == "first":
                    await release.wait()

    release = trio.Event()
    cancelled = trio.CancelScope()
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: hold("first", shared=True))
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(lambda: hold("writer", shared=False, scope=cancelled))
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(lambda: hold("reader", shared=True))
            await trio.testing.wait_all_tasks_blocked()
            assert order == ["first"]
            cancelled.cancel()
            await trio.testing.wait_all_tasks_blocked()
            assert order == ["first", "reader"]
            release.set()
