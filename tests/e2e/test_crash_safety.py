"""What a server has acknowledged survives its death, at whatever moment it dies.

`CRASH_KILLS` says how many servers die (default: 20, some hundred turns; thousands take a while), `CRASH_SEED` decides
when.
"""

import os
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

import pytest
import trio
from crash_lab import CrashLab
from crash_ledger import Ledger, lines_of

from codex_trio.client.turns import as_input, start_thread
from codex_trio.conformance.lab import ServerUnderTest
from codex_trio.testing.model_server import open_model_server

KILLS = int(os.environ.get("CRASH_KILLS", "20"))
SEED = int(os.environ.get("CRASH_SEED", "1"))


@pytest.fixture
async def lab(tmp_path: Path, own_server: ServerUnderTest) -> AsyncGenerator[CrashLab]:
    async with open_model_server() as model:
        yield CrashLab(tmp_path, own_server, model, SEED)


@pytest.mark.slow
async def test_what_was_acknowledged_is_there_once_however_often_the_server_is_killed(lab: CrashLab) -> None:
    for _ in range(KILLS):
        await lab.live_and_die()
        assert not lab.model.faults, lines_of(lab.model.faults)
    await lab.check_everything()
    ledger = lab.ledger
    print(
        f"seed {SEED}: {KILLS} kills, {ledger.turns} turns of which {ledger.unfinished} were cut short, acknowledged:"
    )
    print(f"{ledger.texts} inputs and {ledger.items} items in {len(ledger.threads)} threads")
    assert ledger.turns > KILLS, "the servers lived long enough to work"
    assert ledger.unfinished > 0, "some died while they worked"
    assert ledger.texts > ledger.turns, "more was said while turns ran"


async def test_what_the_user_said_is_stored_when_the_turn_is_answered(lab: CrashLab) -> None:
    async with lab.server() as server:
        await server.client.initialize("crash-test", "1.0", experimental=True)
        thread = (await server.client.request("thread/start", {}))["thread"]
        started = {"threadId": thread["id"], "input": [{"type": "text", "text": "turn 1: stream"}]}
        await server.client.request("turn/start", started)
        server.kill()
    assert b"turn 1: stream" in await trio.Path(thread["path"]).read_bytes()


@pytest.mark.parametrize("is_killed", [True, False])
@pytest.mark.parametrize("method", ["turn/steer", "turn/start"])
async def test_what_the_user_said_to_a_running_turn_outlives_the_server_once_it_is_answered(
    lab: CrashLab, method: str, *, is_killed: bool
) -> None:
    async with lab.server() as server:
        await server.client.initialize("crash-test", "1.0", experimental=True)
        thread = await start_thread(server.client)
        with thread.client.subscribe(thread_id=thread.id) as coming:
            said = {"threadId": thread.id, "input": as_input("turn 901: wait")}
            turn_id = (await server.client.request("turn/start", said))["turn"]["id"]
            # Nothing is taken up while a command runs.
            async for message in coming:
                if message.method == "item/started" and message.params["item"]["type"] == "commandExecution":
                    break
        for text in ("turn 902: say", "turn 903: say"):
            said = {"threadId": thread.id, "expectedTurnId": turn_id, "input": as_input(text)}
            await server.client.request(method, said)
        if is_killed:
            server.kill()
            await server.client.closed.wait()
    async with lab.server() as server:
        await server.client.initialize("crash-test", "1.0", experimental=True)
        await lab.check_read(server.client, thread.id)
    # Once more after the first turn of a new server, whose model has to be told, and in one that comes after that.
    for _ in range(2):
        await lab.check_everything()
    assert lab.ledger.threads[thread.id].texts[:3] == ["turn 901: wait", "turn 902: say", "turn 903: say"]


@pytest.mark.slow
async def test_a_thread_that_was_marked_is_marked_for_the_next_server(lab: CrashLab) -> None:
    async with lab.server() as server:
        await server.client.initialize("crash-test", "1.0", experimental=True)
        thread = await start_thread(server.client)
        await thread.run("turn 1: say")
        before = (await server.client.request("thread/read", {"threadId": thread.id}))["readState"]
        marked = {"threadId": thread.id, "operation": {"type": "unread"}, "expectedRevision": before["revision"]}
        after = (await server.client.request("thread/readState/update", marked))["readState"]
        server.kill()
    async with lab.server() as server:
        await server.client.initialize("crash-test", "1.0", experimental=True)
        assert (await server.client.request("thread/read", {"threadId": thread.id}))["readState"] == after


async def test_two_servers_work_on_one_home_and_neither_locks_the_other_out(lab: CrashLab) -> None:
    async with lab.server() as first, lab.server() as second:
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for server in (first, second):
                    await server.client.initialize("crash-test", "1.0", experimental=True)
                    for _ in range(2):
                        nursery.start_soon(partial(lab.work_in_new, server.client, turns=8))
                    nursery.start_soon(partial(lab.look_around, server.client, times=8))
            lab.busy.clear()
            for server in (first, second):
                await lab.check_list(server.client)
                assert server.stderr == ""
    await lab.check_everything()


@pytest.mark.slow
async def test_the_death_of_one_server_does_not_disturb_another_on_the_same_home(lab: CrashLab) -> None:
    async with lab.server() as survivor:
        await survivor.client.initialize("crash-test", "1.0", experimental=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(lab.work_in_new, survivor.client, turns=KILLS))
            for _ in range(KILLS // 4):
                await lab.live_and_die(threads=2)
        lab.busy.clear()
        await lab.check_list(survivor.client)
        assert survivor.stderr == ""
    await lab.check_everything()


def test_the_ledger_notices_what_is_lost_doubled_or_changed() -> None:
    ledger = Ledger()
    tell = ledger.observer()
    start = {"threadId": "thread", "input": [{"type": "text", "text": "hello"}]}
    said = {"type": "userMessage", "id": "said", "content": [{"type": "text", "text": "hello"}]}
    answered = {"type": "agentMessage", "id": "answered", "text": "Hi."}
    tell("client", {"id": 1, "method": "turn/start", "params": start})
    tell("server", {"id": 1, "result": {"turn": {"id": "turn", "status": "inProgress"}}})
    for item in (said, answered):
        tell("server", {"method": "item/completed", "params": {"threadId": "thread", "turnId": "turn", "item": item}})
    ended = {"id": "turn", "status": "completed"}
    tell("server", {"method": "turn/completed", "params": {"threadId": "thread", "turn": ended}})

    whole = {**ended, "items": [said, answered]}
    assert ledger.faults("thread", [whole]) == []
    for spoiled in (
        [],
        [whole, whole],
        [{**whole, "status": "interrupted"}],
        [{**whole, "items": [said]}],
        [{**whole, "items": [answered, said]}],
        [{**whole, "items": [said, said, answered]}],
        [{**whole, "items": [said, {**answered, "text": "Hi"}]}],
        [whole, {"id": "later", "status": "inProgress", "items": []}],
    ):
        assert len(ledger.faults("thread", spoiled)) > 0, spoiled
