"""Which requests run together, over all schedules that come to mind."""

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_trio.rpc.scheduler import RequestScheduler
from codex_trio.util.fair_lock import Ticket


class Ward:
    """Requests of a scheduler, each in its own task, and what is known about them."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.scheduler = RequestScheduler()
        self.running: list[int] = []
        self.started: list[int] = []
        self.ended: list[int] = []
        self._nursery = nursery
        self._finish: dict[int, trio.Event] = {}
        self._scopes: dict[int, trio.CancelScope] = {}

    def submit(self, number: int, key: str | None, *, shared: bool) -> None:
        ticket = self.scheduler.admit(key, shared=shared)
        self._finish[number] = trio.Event()
        self._scopes[number] = trio.CancelScope()
        self._nursery.start_soon(self._run, number, ticket)

    def finish(self, number: int) -> None:
        self._finish[number].set()

    def cancel(self, number: int) -> None:
        self._scopes[number].cancel()

    async def _run(self, number: int, ticket: Ticket) -> None:
        with self._scopes[number]:
            async with ticket:
                self.started.append(number)
                self.running.append(number)
                try:
                    await self._finish[number].wait()
                finally:
                    self.running.remove(number)
        self.ended.append(number)


async def settled(ward: Ward) -> list[int]:
    await trio.testing.wait_all_tasks_blocked()
    return sorted(ward.running)


async def test_requests_of_one_scope_run_one_at_a_time_in_the_order_of_arrival() -> None:
    async with trio.open_nursery() as nursery:
        ward = Ward(nursery)
        for number in range(3):
            ward.submit(number, "thread", shared=False)
        for number in range(3):
            assert await settled(ward) == [number]
            ward.finish(number)
    assert ward.started == [0, 1, 2]
    assert ward.scheduler.busy_scopes == 0


async def test_requests_of_different_scopes_or_none_do_not_wait() -> None:
    async with trio.open_nursery() as nursery:
        ward = Ward(nursery)
        ward.submit(0, "one", shared=False)
        ward.submit(1, "two", shared=False)
        ward.submit(2, None, shared=False)
        ward.submit(3, None, shared=False)
        assert await settled(ward) == [0, 1, 2, 3]
        nursery.cancel_scope.cancel()


async def test_a_run_of_shared_requests_goes_together_and_does_not_overtake() -> None:
    async with trio.open_nursery() as nursery:
        ward = Ward(nursery)
        for number, shared in enumerate([True, True, False, True, True]):
            ward.submit(number, "config", shared=shared)
        assert await settled(ward) == [0, 1]
        ward.finish(0)
        assert await settled(ward) == [1]
        ward.finish(1)
        assert await settled(ward) == [2]
        ward.finish(2)
        assert await settled(ward) == [3, 4]
        nursery.cancel_scope.cancel()
    assert ward.scheduler.busy_scopes == 0


async def test_a_waiter_that_is_cancelled_frees_those_behind_it() -> None:
    async with trio.open_nursery() as nursery:
        ward = Ward(nursery)
        ward.submit(0, "config", shared=True)
        ward.submit(1, "config", shared=False)
        ward.submit(2, "config", shared=True)
        assert await settled(ward) == [0]
        ward.cancel(1)
        assert await settled(ward) == [0, 2]
        nursery.cancel_scope.cancel()
    assert 1 not in ward.started


async def test_a_handler_that_fails_frees_its_scope() -> None:
    scheduler = RequestScheduler()
    with pytest.raises(RuntimeError):
        async with scheduler.admit("thread"):
            raise RuntimeError
    async with scheduler.admit("thread"):
        pass
    assert scheduler.busy_scopes == 0


SUBMIT = st.tuples(st.just("submit"), st.sampled_from(["a", "b"]), st.booleans())
ACT = st.tuples(st.sampled_from(["finish", "cancel"]), st.integers(min_value=0, max_value=12), st.none())


@settings(deadline=None)
@given(st.lists(SUBMIT | ACT, max_size=30))
def test_any_schedule_keeps_the_order_and_leaves_nothing_behind(
    steps: list[tuple[str, str | int, bool | None]],
) -> None:
    trio.run(play, steps)


async def play(steps: list[tuple[str, str | int, bool | None]]) -> None:
    submitted: list[tuple[str, bool]] = []
    async with trio.open_nursery() as nursery:
        ward = Ward(nursery)
        for action, subject, shared in steps:
            if action == "submit":
                ward.submit(len(submitted), str(subject), shared=bool(shared))
                submitted.append((str(subject), bool(shared)))
            elif isinstance(subject, int) and subject < len(submitted):
                getattr(ward, action)(subject)
            await trio.testing.wait_all_tasks_blocked()
            check(ward, submitted)
        for number in range(len(submitted)):
            ward.finish(number)
            await trio.testing.wait_all_tasks_blocked()
            check(ward, submitted)
    assert sorted(ward.ended) == list(range(len(submitted)))
    assert ward.scheduler.busy_scopes == 0


def check(ward: Ward, submitted: list[tuple[str, bool]]) -> None:
    for scope in ("a", "b"):
        mine = [number for number, (key, _) in enumerate(submitted) if key == scope]
        running = [number for number in ward.running if number in mine]
        shared = {number for number in mine if submitted[number][1]}
        assert len(running) <= 1 or set(running) <= shared, "an exclusive request runs alone"
        exclusive_starts = [number for number in ward.started if number in mine and number not in shared]
        assert exclusive_starts == sorted(exclusive_starts), "in the order of arrival"
        unfinished = [number for number in mine if number not in ward.ended]
        assert not unfinished or running, "somebody runs while somebody waits"
        if running and set(running) <= shared:
            first_waiting = next((number for number in unfinished if number not in running), None)
            assert first_waiting not in shared, "a shared request at the head joins the shared ones running"
