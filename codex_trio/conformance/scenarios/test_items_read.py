"""Reading items one by one, without their outputs, and along a timeline."""

from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Probe
from codex_trio.conformance.shapes import ANY_INT
from codex_trio.conformance.threads import turn_ids
from codex_trio.testing.model_script import Gate, answer, function_call, message, message_of


async def thread_with_a_command(lab: Lab, probe: Probe) -> tuple[str, list[FinishedTurn]]:
    """Return a thread with two turns, of which the first ran a command as item `c1`; its id and the turns."""
    lab.script(
        answer(message("I'll look.", item_id="m1"), function_call("exec_command", {"cmd": "echo seen"}, call_id="c1")),
        answer(message("Seen.", item_id="m2")),
        answer(message("Again.", item_id="m3")),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    return thread_id, [await probe.run_turn(thread_id, text) for text in ("first", "second")]


# Single items


async def test_items_of_a_turn_are_read_by_id_in_the_order_of_the_turn(lab: Lab, probe: Probe) -> None:
    thread_id, (first, _) = await thread_with_a_command(lab, probe)
    params: dict[str, Any] = {"threadId": thread_id, "turnId": first.id, "itemIds": ["m2", "c1", "c1", "nothing"]}
    entries = (await probe.request("thread/items/read", params))["data"]
    [command], (_, last) = first.items("commandExecution"), first.items("agentMessage")
    assert [(entry["turnId"], entry["item"]) for entry in entries] == [(first.id, command), (first.id, last)]
    for entry in entries:
        assert (entry["startedAtMs"], entry["completedAtMs"]) == (
            entry["item"]["startedAtMs"],
            entry["item"]["completedAtMs"],
        )


async def test_items_of_another_turn_are_not_read(lab: Lab, probe: Probe) -> None:
    thread_id, (_, second) = await thread_with_a_command(lab, probe)
    for turn_id in (second.id, "nothing"):
        params = {"threadId": thread_id, "turnId": turn_id, "itemIds": ["c1"]}
        assert await probe.request("thread/items/read", params) == {"data": []}


@pytest.mark.parametrize("count", [0, 101])
async def test_one_to_a_hundred_items_are_read_at_once(lab: Lab, probe: Probe, count: int) -> None:
    thread_id, (first, _) = await thread_with_a_command(lab, probe)
    params = {"threadId": thread_id, "turnId": first.id, "itemIds": ["c1"] * count}
    error = await probe.refusal("thread/items/read", params)
    assert (error.code, error.message) == (-32600, "itemIds must contain 1 to 100 IDs")


async def test_outputs_of_commands_can_be_left_out_of_a_page(lab: Lab, probe: Probe) -> None:
    thread_id, (first, _) = await thread_with_a_command(lab, probe)
    params: dict[str, Any] = {
        "threadId": thread_id,
        "turnId": first.id,
        "deferOutput": {"commandExecution": True},
    }
    entries = (await probe.request("thread/items/list", params))["data"]
    assert [entry["item"]["id"] for entry in entries][1:] == ["m1", "c1", "m2"]
    assert [entry.get("outputDeferred", False) for entry in entries] == [False, False, True, False]
    [command] = first.items("commandExecution")
    assert command["aggregatedOutput"] == "seen\n"
    assert entries[2]["item"] == {**command, "aggregatedOutput": None}


# The timeline


async def test_a_timeline_shows_where_turns_begin_and_end(lab: Lab, probe: Probe) -> None:
    thread_id, turns = await thread_with_a_command(lab, probe)
    result = await probe.request("thread/timeline/list", {"threadId": thread_id})
    assert (result["nextCursor"], result["activeRealtimeSessionAtPageStart"]) == (None, None)
    expected: list[dict[str, Any]] = []
    for turn in turns:
        final = turn.final
        about = {"turnId": turn.id, "startedAt": final["startedAt"], "position": ANY_INT}
        end = {key: final[key] for key in ("status", "error", "completedAt", "durationMs")}
        expected += [
            {"type": "turnStarted", **about},
            *({"type": "item", "turnId": turn.id, "item": item, "position": ANY_INT} for item in turn.items()),
            {"type": "turnCompleted", **about, **end},
        ]
    assert result["data"] == expected
    positions = [entry["position"] for entry in result["data"]]
    assert positions == sorted(set(positions))


async def test_a_timeline_is_read_backwards_page_by_page(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_a_command(lab, probe)
    whole = (await probe.request("thread/timeline/list", {"threadId": thread_id}))["data"]
    pages: list[list[Any]] = []
    cursor: str | None = None
    while not pages or cursor is not None:
        page = await probe.request("thread/timeline/list", {"threadId": thread_id, "limit": 3, "cursor": cursor})
        pages.insert(0, page["data"])
        cursor = page["nextCursor"]
    assert [len(page) for page in pages[1:]] == [3] * (len(pages) - 1)
    assert [entry for page in pages for entry in page] == whole


async def test_a_running_turn_has_no_end_on_the_timeline(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(message("First.", item_id="m1"), message_of(["Sec", gate, "ond."], item_id="m2")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta", where=lambda params: params["itemId"] == "m2")
    running = (await probe.request("thread/timeline/list", {"threadId": thread_id}))["data"]
    assert [entry["type"] for entry in running] == ["turnStarted", "item", "item"]
    gate.open()
    await probe.finish_turn(turn_id)
    ended = (await probe.request("thread/timeline/list", {"threadId": thread_id}))["data"]
    assert [entry["type"] for entry in ended] == ["turnStarted", "item", "item", "item", "turnCompleted"]
    assert ended[:3] == running


async def test_a_reverted_turn_leaves_the_timeline(lab: Lab, probe: Probe) -> None:
    thread_id, (first, second) = await thread_with_a_command(lab, probe)
    await probe.request("thread/revert", {"threadId": thread_id, "beforeTurnId": second.id})
    assert await turn_ids(probe, thread_id) == [first.id]
    timeline = (await probe.request("thread/timeline/list", {"threadId": thread_id}))["data"]
    assert {entry["turnId"] for entry in timeline} == {first.id}


async def test_a_cursor_that_no_timeline_gave_is_refused(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_a_command(lab, probe)
    error = await probe.refusal("thread/timeline/list", {"threadId": thread_id, "cursor": "zz"})
    assert (error.code, error.message) == (-32600, "invalid thread timeline cursor")


async def thread_with_a_long_output(lab: Lab, probe: Probe) -> tuple[str, Any]:
    """Return a thread whose one command writes 300,000 bytes, and its turn."""
    long = {"cmd": "echo begin; head -c 300000 /dev/zero | tr '\\0' x; echo end", "yield_time_ms": 20_000}
    lab.script(answer(function_call("exec_command", long, call_id="c1")), answer(message("Done.", item_id="m1")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    return thread_id, await probe.run_turn(thread_id, "write")


async def test_of_a_long_output_a_history_shows_both_ends(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_a_long_output(lab, probe)
    read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    listed = await probe.request("thread/turns/list", {"threadId": thread_id, "itemsView": "full"})
    items = (await probe.request("thread/items/list", {"threadId": thread_id}))["data"]
    for found in (read["thread"]["turns"][0]["items"], listed["data"][0]["items"], [entry["item"] for entry in items]):
        output = next(item["aggregatedOutput"] for item in found if item["type"] == "commandExecution")
        assert len(output) <= 65_536
        assert output.startswith("begin\nxxx")
        assert output.endswith("xxxend\n")


async def test_all_of_a_long_output_is_had_by_reading_the_item(lab: Lab, probe: Probe) -> None:
    thread_id, turn = await thread_with_a_long_output(lab, probe)
    params = {"threadId": thread_id, "turnId": turn.id, "itemIds": ["c1"]}
    [entry] = (await probe.request("thread/items/read", params))["data"]
    assert len(entry["item"]["aggregatedOutput"]) == len("begin\n") + 300_000 + len("end\n")
