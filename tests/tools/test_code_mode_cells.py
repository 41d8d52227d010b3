"""The scripts of a turn, with engines that only a test moves."""

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.tools.code_mode.cells import Cells, NestedFailure, NestedTool, StoredValues


class EndlessScript:
    """An engine whose script says nothing and does not end."""

    def __init__(self) -> None:
        self.is_closed = False

    async def send(self, message: dict[str, Any]) -> None:
        await trio.lowlevel.checkpoint()

    async def receive(self) -> dict[str, Any]:
        await trio.sleep_forever()
        raise AssertionError

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()
        self.is_closed = True


class NoTools:
    @property
    def listed(self) -> Sequence[NestedTool]:
        return []

    async def call(self, name: str, value: Any) -> Any:
        raise NestedFailure(name)

    async def notify(self, cell_id: str, text: str) -> None:
        raise AssertionError(text)

    async def picture(self, url: str) -> dict[str, Any]:
        raise AssertionError(url)


@pytest.mark.parametrize("thread_ends", [True, False])
async def test_a_script_ends_at_once_with_its_turn_or_with_the_tasks_of_the_thread(
    autojump_clock: MockClock, *, thread_ends: bool
) -> None:
    engine = EndlessScript()
    async with trio.open_nursery() as nursery:

        def spawn(run: Callable[[], Awaitable[None]]) -> None:
            nursery.start_soon(run)

        cells = Cells(lambda: engine, stored=StoredValues(), numbers=itertools.count(1), spawn=spawn)
        cell = cells.start("for (;;) ;", NoTools())
        await wait_all_tasks_blocked()
        if thread_ends:
            nursery.cancel_scope.cancel()
        began = trio.current_time()
        with trio.CancelScope(shield=True):
            await cells.aclose()
        assert trio.current_time() == began
        assert cell.over.is_set()
        assert engine.is_closed


class BrokenEngine(EndlessScript):
    """An engine with a fault."""

    async def receive(self) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        raise ValueError


async def test_a_script_whose_engine_breaks_has_failed_at_once(autojump_clock: MockClock) -> None:
    engine = BrokenEngine()
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        cells = Cells(lambda: engine, stored=StoredValues(), numbers=itertools.count(1), spawn=nursery.start_soon)
        heard = await cells.start("text(1)", NoTools()).heard(60)
    assert (heard.state, heard.error) == ("failed", "it broke; the server's log says why")
    assert trio.current_time() == began
    assert engine.is_closed
