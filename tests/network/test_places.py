"""How many connections commands have at once."""

import trio
from trio.testing import wait_all_tasks_blocked

from codex_trio.network.places import KEPT_FOR_A_COMMAND, MOST_OF_A_COMMAND, CommandPlaces, SharedPlaces


async def filled(places: CommandPlaces) -> int:
    """Return how many places a command gets before it has to wait."""
    taken = 0
    with trio.move_on_after(0):
        while True:
            await places.take()
            taken += 1
    return taken


async def test_a_command_that_fills_all_places_leaves_others_those_of_their_own() -> None:
    shared = SharedPlaces(MOST_OF_A_COMMAND)
    assert await filled(shared.of_a_command()) == MOST_OF_A_COMMAND
    assert await filled(shared.of_a_command()) == 2 * KEPT_FOR_A_COMMAND
    assert await filled(shared.of_a_command()) == KEPT_FOR_A_COMMAND


async def test_a_place_that_is_given_back_goes_to_whoever_waits() -> None:
    shared = SharedPlaces(1)
    first, second = shared.of_a_command(), shared.of_a_command()
    assert await filled(first) == KEPT_FOR_A_COMMAND + 1
    assert await filled(second) == KEPT_FOR_A_COMMAND
    for giver in (first, second):
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(second.take)
                await wait_all_tasks_blocked()
                assert nursery.child_tasks
                giver.give_back()
    assert await filled(second) == 0
    second.give_back()
    assert await filled(first) == 1
