"""Which threads are unread is kept, at the latest when somebody waits for it."""

from pathlib import Path

import trio

from codex_trio.state.db.initializer import open_state_db
from codex_trio.state.local.read_states import LocalReadStates
from codex_trio.state.store.read_states import StoredReadState

ONE, TWO = StoredReadState("turn-1", "a"), StoredReadState(None, "b")


async def test_what_was_waited_for_is_there_for_others(tmp_path: Path) -> None:
    database, other = await open_state_db(tmp_path / "state"), await open_state_db(tmp_path / "state")
    states = LocalReadStates(database)
    states.put("one", ONE)
    states.put("two", ONE)
    states.put("two", TWO)
    assert await LocalReadStates(other).get(["one", "two"]) == {}
    await states.settle()
    assert await LocalReadStates(other).get(["one", "two", "three"]) == {"one": ONE, "two": TWO}
    await states.settle()
    await database.aclose()
    await other.aclose()


async def test_waiting_does_not_disturb_what_writes_behind(tmp_path: Path) -> None:
    database = await open_state_db(tmp_path / "state")
    states = LocalReadStates(database)
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(states.run)
            for number in range(20):
                states.put("one", StoredReadState(None, str(number)))
                await states.settle()
            nursery.cancel_scope.cancel()
    assert await LocalReadStates(database).get(["one"]) == {"one": StoredReadState(None, "19")}
    await database.aclose()
