"""Threads that begin in one folder are told of its repository by few looks at it, none older than they are."""

import trio
from trio.testing import MockClock

from codex_trio.environments.local.repository_states import PAUSE_SECONDS, RepositoryStates


class Repository:
    """What is looked at: each look takes a while, and sees what was there when it began."""

    def __init__(self) -> None:
        self.looks = 0
        self.commit = 0

    async def look(self) -> int:
        self.looks += 1
        seen = self.commit
        await trio.sleep(0.01)
        return seen


async def test_threads_that_begin_together_share_a_look_that_is_younger_than_they_are(
    autojump_clock: MockClock,
) -> None:
    states, repository = RepositoryStates[int](), Repository()
    told: list[tuple[int, int]] = []

    async def thread(number: int, *, begins: float) -> None:
        await trio.sleep(begins)
        repository.commit = number
        told.append((number, await states.get("folder", repository.look)))

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(lambda number=number: thread(number, begins=number * 0.004))

    # The first is told at once, all that came later by one look more.
    assert repository.looks == 2
    assert all(seen >= number for number, seen in told)
    assert len(told) == 20
    assert trio.current_time() < PAUSE_SECONDS + 1


async def test_who_is_alone_waits_for_nothing(autojump_clock: MockClock) -> None:
    states, repository = RepositoryStates[int](), Repository()
    for _ in range(3):
        begun = trio.current_time()
        await states.get("folder", repository.look)
        await states.get("other", repository.look)
        assert trio.current_time() - begun < 0.03
        await trio.sleep(PAUSE_SECONDS)


async def test_the_end_of_the_thread_that_was_to_look_leaves_the_others_their_answer(autojump_clock: MockClock) -> None:
    states, repository = RepositoryStates[int](), Repository()
    told: list[int] = []
    await states.get("folder", repository.look)

    async def thread() -> None:
        await trio.sleep(PAUSE_SECONDS / 4)
        told.append(await states.get("folder", repository.look))

    async with trio.open_nursery() as nursery:
        with trio.move_on_after(PAUSE_SECONDS / 2):
            nursery.start_soon(thread)
            await states.get("folder", repository.look)
    assert told == [0]
    assert repository.looks == 2
