"""Processors of threads: which verb a request becomes, what is answered, and what is told of it to whom."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from processor_lab import Bench, open_bench
from thread_lab import CLIENT

from codex_trio.config.errors import ConfigLoadError
from codex_trio.engine.turn_gate import ShuttingDown
from codex_trio.rpc.errors import RpcError
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.read_state import ReadStateConflict

MISSING = "01a20265-92c4-7a91-a8db-c0de722859c2"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    async with open_bench(tmp_path) as opened:
        yield opened


async def started(bench: Bench, **params: Any) -> str:
    """Return a new thread; what is told of that is not looked at."""
    thread_id = (await bench.call("thread/start", **params))["thread"]["id"]
    bench.outgoing.told.clear()
    return thread_id


async def stored(bench: Bench, *words: str) -> tuple[str, list[str]]:
    """Return a thread in which those words were said, and its turns."""
    thread_id = await started(bench)
    live = bench.lab.loaded.get(thread_id)
    return thread_id, [await bench.lab.run_turn(live, text) for text in words]


# --- begun and followed ---


async def test_a_thread_starts_as_asked_and_is_told_of_once_its_request_is_answered(bench: Bench) -> None:
    answer = await bench.call("thread/start", model="gpt-5.4", cwd="/", approvalPolicy="never", sandbox="read-only")
    assert (answer["model"], answer["cwd"], answer["approvalPolicy"]) == ("gpt-5.4", "/", "never")
    assert answer["sandbox"]["type"] == "readOnly"
    [(_, params, _)] = [told for told in bench.outgoing.told if told[0] == "thread/started"]
    assert params["thread"]["id"] == answer["thread"]["id"]
    live = bench.lab.loaded.get(answer["thread"]["id"])
    assert live.unsubscribe(CLIENT)


async def test_no_thread_starts_with_a_provider_that_is_not_there(bench: Bench) -> None:
    with pytest.raises(ConfigLoadError, match="Model provider `nobody` not found"):
        await bench.call("thread/start", modelProvider="nobody")
    assert bench.lab.loaded.ids == []


async def test_a_stored_thread_is_resumed_with_its_turns(bench: Bench) -> None:
    thread_id, turns = await stored(bench, "one", "two")
    await bench.lab.host.unload(bench.lab.loaded.get(thread_id))
    answer = await bench.call("thread/resume", threadId=thread_id)
    assert [turn["id"] for turn in answer["thread"]["turns"]] == turns
    assert bench.outgoing.replayed == [(thread_id, CLIENT)]
    assert bench.lab.loaded.ids == [thread_id]
    again = await bench.call("thread/resume", threadId=thread_id, excludeTurns=True)
    assert again["thread"]["turns"] == []


async def test_who_no_longer_follows_a_thread_is_told_whether_they_did(bench: Bench) -> None:
    thread_id = await started(bench)
    assert await bench.call("thread/unsubscribe", threadId=thread_id) == {"status": "unsubscribed"}
    assert await bench.call("thread/unsubscribe", threadId=thread_id) == {"status": "notSubscribed"}
    assert await bench.call("thread/unsubscribe", threadId=MISSING) == {"status": "notLoaded"}


async def test_a_fork_begins_with_what_was_said_up_to_a_turn(bench: Bench) -> None:
    thread_id, turns = await stored(bench, "one", "two")
    answer = await bench.call("thread/fork", threadId=thread_id, lastTurnId=turns[0])
    assert answer["thread"]["forkedFromId"] == thread_id
    assert [turn["items"][0]["content"][0]["text"] for turn in answer["thread"]["turns"]] == ["one"]
    with pytest.raises(ThreadError, match="turn"):
        await bench.call("thread/fork", threadId=thread_id, lastTurnId="no such turn")


# --- read ---


async def test_reading_tells_what_a_thread_is_and_its_turns_only_when_asked(bench: Bench) -> None:
    thread_id, turns = await stored(bench, "one")
    plain = await bench.call("thread/read", threadId=thread_id)
    assert (plain["thread"]["preview"], plain["thread"]["turns"]) == ("one", [])
    whole = await bench.call("thread/read", threadId=thread_id, includeTurns=True)
    assert [(turn["id"], turn["status"]) for turn in whole["thread"]["turns"]] == [(turns[0], "interrupted")]
    with pytest.raises(ThreadError, match=f"thread not loaded: {MISSING}"):
        await bench.call("thread/read", threadId=MISSING)


async def test_pages_of_turns_and_items_go_both_ways(bench: Bench) -> None:
    thread_id, turns = await stored(bench, "one", "two", "three")
    first = await bench.call("thread/turns/list", threadId=thread_id, limit=2)
    assert [turn["id"] for turn in first["data"]] == turns[:0:-1]
    rest = await bench.call("thread/turns/list", threadId=thread_id, limit=2, cursor=first["nextCursor"])
    assert [turn["id"] for turn in rest["data"]] == turns[:1]
    items = await bench.call("thread/items/list", threadId=thread_id, turnId=turns[1])
    assert [entry["item"]["content"][0]["text"] for entry in items["data"]] == ["two"]


async def test_lists_show_stored_threads_and_those_that_are_loaded(bench: Bench) -> None:
    said, _ = await stored(bench, "one")
    silent = await started(bench)
    assert [row["id"] for row in (await bench.call("thread/list"))["data"]] == [said]
    page = await bench.call("thread/loaded/list", limit=1)
    assert page == {"data": [min(said, silent)], "nextCursor": min(said, silent)}
    page = await bench.call("thread/loaded/list", cursor=page["nextCursor"])
    assert page == {"data": [max(said, silent)], "nextCursor": None}
    with pytest.raises(RpcError, match="invalid cursor: x"):
        await bench.call("thread/loaded/list", cursor="x")


async def test_a_thread_is_marked_as_read_by_who_knows_its_revision(bench: Bench) -> None:
    thread_id, _ = await stored(bench, "one")
    read_state = (await bench.call("thread/read", threadId=thread_id))["readState"]
    params = {"threadId": thread_id, "operation": {"type": "read"}}
    with pytest.raises(ReadStateConflict):
        await bench.call("thread/readState/update", **params, expectedRevision="another")
    answer = await bench.call("thread/readState/update", **params, expectedRevision=read_state["revision"])
    assert answer["readState"]["revision"] != read_state["revision"]


# --- changed ---


async def test_a_name_is_kept_without_its_blanks_and_everybody_told(bench: Bench) -> None:
    thread_id = await started(bench)
    assert await bench.call("thread/name/set", threadId=thread_id, name="  mine ") == {}
    assert bench.outgoing.told == [
        ("thread/name/updated", {"threadId": thread_id, "threadName": "mine"}, None),
    ]
    assert (await bench.call("thread/read", threadId=thread_id))["thread"]["name"] == "mine"
    with pytest.raises(RpcError, match="thread name must not be empty"):
        await bench.call("thread/name/set", threadId=thread_id, name=" ")


async def test_a_thread_goes_into_the_archive_and_comes_back(bench: Bench) -> None:
    thread_id, _ = await stored(bench, "one")
    assert await bench.call("thread/archive", threadId=thread_id) == {}
    assert bench.lab.loaded.ids == []
    with pytest.raises(ThreadError, match="is archived"):
        await bench.call("thread/resume", threadId=thread_id)
    answer = await bench.call("thread/unarchive", threadId=thread_id)
    assert answer["thread"]["preview"] == "one"
    told = [told[:2] for told in bench.outgoing.told if "archived" in told[0]]
    assert told == [(f"thread/{how}", {"threadId": thread_id}) for how in ("archived", "unarchived")]


async def test_a_deleted_thread_is_gone_though_a_turn_ran_in_it(bench: Bench) -> None:
    thread_id, _ = await stored(bench, "one")
    await bench.lab.start_turn(bench.lab.loaded.get(thread_id))
    assert await bench.call("thread/delete", threadId=thread_id) == {}
    assert bench.outgoing.methods()[-1] == "thread/deleted"
    assert (await bench.call("thread/list"))["data"] == []
    with pytest.raises(ThreadError, match=f"thread not loaded: {thread_id}"):
        await bench.call("thread/read", threadId=thread_id)


async def test_facts_of_the_repository_can_be_changed_and_taken_away(bench: Bench) -> None:
    thread_id, _ = await stored(bench, "one")
    answer = await bench.call("thread/metadata/update", threadId=thread_id, gitInfo={"branch": " main ", "sha": "abc"})
    assert (answer["thread"]["gitInfo"]["branch"], answer["thread"]["gitInfo"]["sha"]) == ("main", "abc")
    answer = await bench.call("thread/metadata/update", threadId=thread_id, gitInfo={"sha": None})
    assert (answer["thread"]["gitInfo"]["branch"], answer["thread"]["gitInfo"]["sha"]) == ("main", None)
    for wrong, complaint in (
        ({}, "must include at least one field"),
        ({"gitInfo": {}}, "gitInfo must include at least one field"),
        ({"gitInfo": {"branch": " "}}, "gitInfo.branch must not be empty"),
    ):
        with pytest.raises(RpcError, match=complaint):
            await bench.call("thread/metadata/update", threadId=thread_id, **wrong)


async def test_turns_are_dropped_from_one_on_or_by_number(bench: Bench) -> None:
    thread_id, turns = await stored(bench, "one", "two", "three")
    await bench.call("thread/revert", threadId=thread_id, beforeTurnId=turns[2])
    assert bench.outgoing.methods()[-1] == "thread/reverted"
    answer = await bench.call("thread/rollback", threadId=thread_id, numTurns=1)
    assert [turn["id"] for turn in answer["thread"]["turns"]] == turns[:1]
    with pytest.raises(RpcError, match="numTurns must be >= 1"):
        await bench.call("thread/rollback", threadId=thread_id, numTurns=0)
    with pytest.raises(ThreadError, match=f"turn not found: {turns[2]}"):
        await bench.call("thread/revert", threadId=thread_id, beforeTurnId=turns[2])


async def test_settings_change_without_a_turn(bench: Bench) -> None:
    thread_id = await started(bench)
    await bench.call("thread/settings/update", threadId=thread_id, model="gpt-5.4")
    assert bench.lab.loaded.get(thread_id).settings.model == "gpt-5.4"


async def test_only_items_that_are_some_are_given_to_the_model(bench: Bench) -> None:
    thread_id = await started(bench)
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "remember"}]}
    assert await bench.call("thread/inject_items", threadId=thread_id, items=[item]) == {}
    with pytest.raises(RpcError, match="items must not be empty"):
        await bench.call("thread/inject_items", threadId=thread_id, items=[])
    with pytest.raises(ThreadError, match=f"thread not found: {MISSING}"):
        await bench.call("thread/inject_items", threadId=MISSING, items=[item])


# --- turns and messages that wait ---


async def test_a_turn_starts_takes_more_and_is_stopped(bench: Bench) -> None:
    thread_id = await started(bench)
    said = {"threadId": thread_id, "input": [{"type": "text", "text": "go"}]}
    turn = (await bench.call("turn/start", **said))["turn"]
    assert (turn["status"], turn["items"]) == ("inProgress", [])
    assert await bench.call("turn/steer", **said, expectedTurnId=turn["id"]) == {"turnId": turn["id"]}
    assert await bench.call("turn/interrupt", threadId=thread_id, turnId=turn["id"]) == {}
    await bench.lab.loaded.get(thread_id).end_turn()
    with pytest.raises(ThreadError, match="no active turn"):
        await bench.call("turn/interrupt", threadId=thread_id, turnId=turn["id"])


async def test_a_draining_server_starts_no_turn(bench: Bench) -> None:
    thread_id = await started(bench)
    bench.gate.close()
    with pytest.raises(ShuttingDown):
        await bench.call("turn/start", threadId=thread_id, input=[{"type": "text", "text": "go"}])
    assert not bench.lab.loaded.get(thread_id).runs_turn


async def test_messages_wait_are_listed_and_withdrawn(bench: Bench) -> None:
    thread_id, _ = await stored(bench, "one")
    await bench.lab.start_turn(bench.lab.loaded.get(thread_id))
    for words in ("two", "three"):
        message = {"input": [{"type": "text", "text": words}], "clientUserMessageId": words}
        await bench.call("thread/queue/add", threadId=thread_id, **message)
    page = await bench.call("thread/queue/list", threadId=thread_id)
    assert len(page["data"]) == 2
    params = {"threadId": thread_id, "queuedSubmissionId": page["data"][0]["id"]}
    assert await bench.call("thread/queue/delete", **params) == {"deleted": True}
    assert await bench.call("thread/queue/delete", **params) == {"deleted": False}
    assert (await bench.call("thread/queue/list", threadId=thread_id))["data"] == page["data"][1:]
