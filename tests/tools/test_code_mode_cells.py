"""The scripts of a turn, with engines that only a test moves."""

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.tools.code_mode.cells import (
    CELLS_AT_ONCE,
    Cells,
    NestedFailure,
    NestedTool,
    StoredValues,
    TooManyCells,
)


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


class Flooding(EndlessScript):
    """An engine whose script says one thing after the other."""

    def __init__(self, message: Callable[[int], dict[str, Any]]) -> None:
        super().__init__()
        self._message = message
        self._numbers = itertools.count()

    async def receive(self) -> dict[str, Any]:
        return self._message(next(self._numbers))


class Listener(NoTools):
    """Takes ten notices."""

    def __init__(self) -> None:
        self.told = 0

    async def notify(self, cell_id: str, text: str) -> None:
        if self.told == 10:
            raise NestedFailure("enough")
        self.told += 1


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (lambda _: {"type": "text", "text": ""}, "said more than 16777216 characters"),
        (lambda number: {"type": "store", "key": str(number), "value": "1"}, "has room for 16777216 characters"),
        (lambda _: {"type": "notify", "text": "x"}, "enough"),
    ],
    ids=["text", "store", "notify"],
)
async def test_what_takes_room_has_a_bound_however_small_its_pieces(
    message: Callable[[int], dict[str, Any]], error: str
) -> None:
    stored = StoredValues()
    async with trio.open_nursery() as nursery:
        engine = Flooding(message)
        cells = Cells(lambda: engine, stored=stored, numbers=itertools.count(1), spawn=nursery.start_soon)
        heard = await cells.start("for (;;) say()", Listener()).heard(60)
    assert heard.state == "failed"
    assert error in (heard.error or "")
    assert len(heard.parts) < 40_000
    assert len(stored.values) < 40_000
    assert engine.is_closed


def test_a_value_that_is_kept_anew_takes_the_room_of_the_former_one() -> None:
    stored = StoredValues()
    large = "x" * 9_000_000
    assert all(stored.keep("a", large) for _ in range(3))
    assert not stored.keep("b", large)
    assert stored.keep("a", "")
    assert stored.keep("b", large)
    assert stored.values == {"a": "", "b": large}


async def test_scripts_that_run_or_wait_to_be_heard_are_bounded_in_number(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        cells = Cells(EndlessScript, stored=StoredValues(), numbers=itertools.count(1), spawn=nursery.start_soon)
        first, *_ = [cells.start("for (;;) ;", NoTools()) for _ in range(CELLS_AT_ONCE)]
        with pytest.raises(TooManyCells, match="call `wait` for some of them first"):
            cells.start("1", NoTools())
        first.terminate()
        with pytest.raises(TooManyCells):
            cells.start("1", NoTools())
        cells.forget(first)
        cells.start("1", NoTools())
        await cells.aclose()
