"""Messages that wait until their thread is free."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Gate, answer, http_error, message

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)
NOBODY = "01a22ada-de99-7622-a8f7-27d308bf814c"


def text(words: str) -> dict[str, Any]:
    """Return a text as it comes back."""
    return {"type": "text", "text": words, "text_elements": []}


async def add(probe: Probe, thread_id: str, words: str, **more: Any) -> dict[str, Any]:
    """Put a message at the end of a queue."""
    params = {"threadId": thread_id, "input": [text(words)], "clientUserMessageId": f"client {words}", **more}
    return (await probe.request("thread/queue/add", params))["queuedSubmission"]


async def waiting(probe: Probe, thread_id: str) -> list[str]:
    """Return the texts of the messages that wait, in their order."""
    page = await probe.request("thread/queue/list", {"threadId": thread_id})
    return [queued["input"][0]["text"] for queued in page["data"]]


async def busy_thread(lab: Lab, probe: Probe, *words: str) -> tuple[str, str, Gate]:
    """Return a thread whose model answers when the gate is opened, and messages that wait for that; thread, turn and
    gate.
    """
    gate = Gate()
    lab.script(answer(gate, message("Busy no more.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id, "be busy")
    await gate.reached.wait()
    for each in words:
        await add(probe, thread_id, each)
    return thread_id, turn_id, gate


async def stopped_thread(lab: Lab, probe: Probe, *words: str) -> str:
    """Return a thread whose turn was interrupted while messages waited; its id."""
    thread_id, turn_id, _ = await busy_thread(lab, probe, *words)
    await interrupt(probe, thread_id, turn_id)
    return thread_id


async def no_turn_begins(probe: Probe) -> None:
    """Check that no turn begins for a while."""
    before = len(probe.log.from_server)
    await trio.sleep(0.3)
    methods = [message.get("method") for message in probe.log.from_server[before:]]
    assert "turn/started" not in methods


async def interrupt(probe: Probe, thread_id: str, turn_id: str) -> None:
    await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
    await probe.until("turn/completed", thread_id=thread_id)


async def said_in_next_turn(probe: Probe, thread_id: str) -> str:
    """Return what the next turn begins with, waited for to its end."""
    turn_id = (await probe.until("turn/started", thread_id=thread_id))["params"]["turn"]["id"]
    turn = await probe.finish_turn(turn_id)
    [said] = [item for item in turn.items("userMessage") if item["clientId"] is not None]
    return said["content"][0]["text"]


async def said_in(probe: Probe, thread_id: str) -> list[str]:
    """Return every text of the user in a thread's turns, in order."""
    page = await probe.request("thread/turns/list", {"threadId": thread_id, "sortDirection": "asc", "limit": 100})
    items = [item for turn in page["data"] for item in turn["items"]]
    return [item["content"][0]["text"] for item in items if item["type"] == "userMessage"]


def triggers(rollout: Path) -> list[str | None]:
    """Return what made each turn of a rollout begin."""
    lines = map(msgspec.json.decode, rollout.read_bytes().splitlines())
    payloads = [line["payload"] for line in lines if line["type"] == "event_msg"]
    return [each["turn_attribution"]["turn_trigger"] for each in payloads if each["type"] == "task_started"]


# When messages are taken up


async def test_a_message_for_a_free_thread_begins_a_turn_at_once(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hello.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    metadata = {"k": "v"}
    queued = await add(probe, thread_id, "first", responsesapiClientMetadata=metadata)
    assert queued == {
        "id": queued["id"],
        "input": [text("first")],
        "clientUserMessageId": "client first",
        "responsesapiClientMetadata": metadata,
    }
    assert await said_in_next_turn(probe, thread_id) == "first"
    assert await waiting(probe, thread_id) == []
    [said] = [
        message["params"]["item"]
        for message in probe.log.from_server
        if message.get("method") == "item/completed" and message["params"]["item"]["type"] == "userMessage"
    ]
    assert (said["content"], said["clientId"]) == ([text("first")], "client first")
    assert triggers(lab.rollouts()[0]) == ["queue"]
    told = msgspec.json.decode(lab.model.requests[0].headers["x-codex-turn-metadata"])
    assert (told["turn_trigger"], told["k"]) == ("queue", "v")


async def test_messages_wait_behind_what_runs_and_then_go_one_by_one(lab: Lab, probe: Probe) -> None:
    thread_id, turn_id, gate = await busy_thread(lab, probe, "one", "two", "three")
    assert await waiting(probe, thread_id) == ["one", "two", "three"]
    lab.script(answer(message("1", item_id="m1")), http_error(400, {"error": {"message": "no"}}), answer(message("3")))
    gate.open()
    await probe.finish_turn(turn_id)
    # A turn that fails does not stop those after it.
    for expected in ("one", "two", "three"):
        assert await said_in_next_turn(probe, thread_id) == expected
    assert await waiting(probe, thread_id) == []
    assert triggers(lab.rollouts()[0]) == [None, "queue", "queue", "queue"]


async def test_an_interrupted_turn_stops_the_queue_until_it_is_started(lab: Lab, probe: Probe) -> None:
    thread_id = await stopped_thread(lab, probe, "one", "two")
    await add(probe, thread_id, "three")
    await no_turn_begins(probe)
    assert await waiting(probe, thread_id) == ["one", "two", "three"]
    lab.script(*(answer(message("Well.", item_id=f"m{number}")) for number in range(3)))
    started = await probe.request("thread/queue/start", {"threadId": thread_id})
    assert started["turn"]["status"] == "inProgress"
    assert await said_in_next_turn(probe, thread_id) == "one"
    assert await said_in_next_turn(probe, thread_id) == "two"
    assert await said_in_next_turn(probe, thread_id) == "three"


async def test_a_stopped_queue_goes_on_after_the_next_ordinary_turn(lab: Lab, probe: Probe) -> None:
    thread_id = await stopped_thread(lab, probe, "one")
    lab.script(answer(message("Ordinary.", item_id="m1")), answer(message("Queued.", item_id="m2")))
    turn = await probe.run_turn(thread_id, "ordinary")
    assert turn.text == "Ordinary."
    assert await said_in_next_turn(probe, thread_id) == "one"


async def test_a_message_for_a_thread_whose_turn_was_interrupted_waits(lab: Lab, probe: Probe) -> None:
    thread_id = await stopped_thread(lab, probe)
    await add(probe, thread_id, "one")
    await no_turn_begins(probe)
    assert await waiting(probe, thread_id) == ["one"]


async def test_a_message_for_a_thread_whose_turn_failed_begins_a_turn(lab: Lab, probe: Probe) -> None:
    lab.script(http_error(400, {"error": {"message": "no"}}), answer(message("Yes.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    assert (await probe.run_turn(thread_id)).status == "failed"
    await add(probe, thread_id, "one")
    assert await said_in_next_turn(probe, thread_id) == "one"


async def test_a_chosen_message_can_be_taken_up_before_the_others(lab: Lab, probe: Probe) -> None:
    thread_id = await stopped_thread(lab, probe, "one", "two")
    page = await probe.request("thread/queue/list", {"threadId": thread_id})
    lab.script(answer(message("2", item_id="m1")), answer(message("1", item_id="m2")))
    params = {"threadId": thread_id, "queuedSubmissionId": page["data"][1]["id"]}
    await probe.request("thread/queue/start", params)
    assert await said_in_next_turn(probe, thread_id) == "two"
    assert await said_in_next_turn(probe, thread_id) == "one"


async def test_what_a_started_message_sets_off_is_told_after_the_answer(lab: Lab, probe: Probe) -> None:
    thread_id = await stopped_thread(lab, probe, "one")
    lab.script(answer(message("Well.")))
    before = len(probe.log.from_server)
    await probe.send({"id": 900, "method": "thread/queue/start", "params": {"threadId": thread_id}})
    answered = await probe.next(lambda message: message.get("id") == 900, "the answer")
    came = probe.log.from_server[before : probe.log.from_server.index(answered)]
    assert {message["method"] for message in came} <= {"thread/queue/changed"}
    started = await probe.until("turn/started", thread_id=thread_id)
    assert started["params"]["turn"]["id"] == answered["result"]["turn"]["id"]


# Changing what waits


async def test_what_waits_can_be_changed_reordered_and_taken_out(lab: Lab, probe: Probe) -> None:
    thread_id, turn_id, _ = await busy_thread(lab, probe)
    one, two, three = [await add(probe, thread_id, words) for words in ("one", "two", "three")]
    probe.log.skip()

    async def changed(method: str, params: dict[str, Any]) -> Any:
        result = await probe.request(f"thread/queue/{method}", {"threadId": thread_id, **params})
        await probe.until("thread/queue/changed", thread_id=thread_id)
        return result

    ids = [three["id"], one["id"], two["id"]]
    assert await changed("reorder", {"queuedSubmissionIds": ids}) == {}
    metadata = {"a": "b"}
    params = {"queuedSubmissionId": one["id"], "input": [text("1")], "responsesapiClientMetadata": metadata}
    expected = {**one, "input": [text("1")], "responsesapiClientMetadata": metadata}
    assert await changed("update", params) == {"queuedSubmission": expected}
    nothing: list[dict[str, Any] | None] = [None, {}]
    for kept in nothing:
        again = {"queuedSubmissionId": one["id"], "input": [text("I")], "responsesapiClientMetadata": kept}
        assert await changed("update", again) == {"queuedSubmission": {**expected, "input": [text("I")]}}
    assert await changed("delete", {"queuedSubmissionId": two["id"]}) == {"deleted": True}
    params = {"threadId": thread_id, "queuedSubmissionId": two["id"]}
    assert await probe.request("thread/queue/delete", params) == {"deleted": False}
    assert await waiting(probe, thread_id) == ["three", "I"]
    await interrupt(probe, thread_id, turn_id)


async def test_what_waits_is_listed_page_by_page(lab: Lab, probe: Probe) -> None:
    thread_id, turn_id, _ = await busy_thread(lab, probe, *map(str, range(27)))

    async def page(**params: Any) -> tuple[list[str], str | None]:
        result = await probe.request("thread/queue/list", {"threadId": thread_id, **params})
        return [queued["input"][0]["text"] for queued in result["data"]], result["nextCursor"]

    assert await page() == ([*map(str, range(25))], "25")
    assert await page(cursor="25") == (["25", "26"], None)
    assert await page(limit=0) == (["0"], "1")
    assert await page(limit=2, cursor="+24") == (["24", "25"], "26")
    assert await page(limit=500) == ([*map(str, range(27))], None)
    assert await page(cursor="99") == ([], None)
    await interrupt(probe, thread_id, turn_id)


async def test_a_picture_is_kept_as_it_was_when_it_was_added(lab: Lab, probe: Probe) -> None:
    thread_id, turn_id, gate = await busy_thread(lab, probe)
    picture = lab.cwd / "pixel.png"
    picture.write_bytes(PIXEL)
    shown = [text("look"), {"type": "localImage", "path": str(picture)}]
    params = {"threadId": thread_id, "input": shown, "clientUserMessageId": "client"}
    queued = (await probe.request("thread/queue/add", params))["queuedSubmission"]
    url = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
    assert queued["input"] == [text("look"), {"type": "image", "url": url, "detail": None}]
    picture.unlink()
    lab.script(answer(message("A pixel.")))
    gate.open()
    await probe.finish_turn(turn_id)
    assert await said_in_next_turn(probe, thread_id) == "look"
    parts = lab.model.requests[-1].input[-1]["content"]
    assert [part["image_url"] for part in parts if part["type"] == "input_image"] == [url]


async def test_changes_of_a_queue_that_cannot_be_made_are_refused(lab: Lab, probe: Probe) -> None:
    thread_id = await stopped_thread(lab, probe)
    one, two = [await add(probe, thread_id, words) for words in ("one", "two")]

    async def refused(method: str, words: str, *, code: int = -32600, **params: Any) -> None:
        error = await probe.refusal(f"thread/queue/{method}", {"threadId": thread_id, **params})
        assert (error.code, error.message) == (code, words)

    nothing = "only user input can be added to the user-message queue"
    await refused("add", nothing, input=[], clientUserMessageId="c")
    await refused("update", nothing, input=[], queuedSubmissionId=one["id"])
    missing = "queued submission not found: nope"
    await refused("update", missing, input=[text("x")], queuedSubmissionId="nope")
    await refused("start", missing, queuedSubmissionId="nope")
    every = "queue reorder must include every queued submission exactly once"
    for ids in ([], [one["id"]], [one["id"], one["id"]], [one["id"], two["id"], "nope"]):
        await refused("reorder", every, queuedSubmissionIds=ids)
    cursor = "invalid queue pagination cursor: "
    await refused("list", f"{cursor}invalid digit found in string", cursor="x")
    await refused("list", f"{cursor}invalid digit found in string", cursor="-1")
    await refused("list", f"{cursor}cannot parse integer from empty string", cursor="")
    await refused("list", f"{cursor}number too large to fit in target type", cursor="9" * 30)
    gone = "local queued attachment is invalid: No such file or directory (os error 2)"
    for kind, name in (("localImage", "nope.png"), ("localAudio", "nope.wav")):
        shown = [{"type": kind, "path": str(lab.cwd / name)}]
        await refused("add", gone, input=shown, clientUserMessageId="c")
    shown = [{"type": "localImage", "path": str(lab.cwd)}]
    folder = "local queued attachment is invalid: Is a directory (os error 21)"
    await refused("update", folder, input=shown, queuedSubmissionId=one["id"])
    remote = "remote image URLs are not supported; use an inline data URL instead"
    shown = [{"type": "image", "url": "https://example.com/x.png"}]
    await refused("add", remote, input=shown, clientUserMessageId="c")
    large = "Input exceeds the maximum length of 1048576 characters."
    await refused("add", large, code=-32602, input=[text("x" * 1_048_577)], clientUserMessageId="c")
    assert await waiting(probe, thread_id) == ["one", "two"]


async def test_a_message_can_only_be_started_where_nothing_runs(lab: Lab, probe: Probe) -> None:
    thread_id, turn_id, _ = await busy_thread(lab, probe)
    error = await probe.refusal("thread/queue/start", {"threadId": thread_id})
    assert (error.code, error.message) == (-32600, "queue is empty")
    await add(probe, thread_id, "one")
    error = await probe.refusal("thread/queue/start", {"threadId": thread_id})
    assert (error.code, error.message) == (-32600, "thread already has an active or pending turn")
    await interrupt(probe, thread_id, turn_id)


# Threads that come and go

EVERY: Sequence[tuple[str, dict[str, Any]]] = [
    ("add", {"input": [text("x")], "clientUserMessageId": "c"}),
    ("list", {}),
    ("update", {"queuedSubmissionId": "x", "input": [text("x")]}),
    ("delete", {"queuedSubmissionId": "x"}),
    ("reorder", {"queuedSubmissionIds": []}),
    ("start", {}),
]


async def test_threads_without_a_queue_are_refused(lab: Lab, probe: Probe) -> None:
    ephemeral = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
    lab.script(answer(message("Well.")))
    away = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.run_turn(away)
    await probe.request("thread/archive", {"threadId": away})
    unknown = f"failed to read thread: invalid thread-store request: no rollout found for thread id {NOBODY}"
    archived = f"session {away} is archived. Run `codex unarchive {away}` to unarchive it first."
    refusals = [
        (NOBODY, -32603, unknown),
        (ephemeral, -32600, f"ephemeral thread does not support queued submissions: {ephemeral}"),
        (away, -32600, archived),
    ]
    for method, params in EVERY:
        for thread_id, code, words in refusals:
            error = await probe.refusal(f"thread/queue/{method}", {"threadId": thread_id, **params})
            assert (method, error.code, error.message) == (method, code, words)


async def test_a_fork_has_a_queue_of_its_own(lab: Lab, probe: Probe) -> None:
    thread_id = await stopped_thread(lab, probe, "one")
    fork = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]["id"]
    assert await waiting(probe, fork) == []
    assert await waiting(probe, thread_id) == ["one"]


async def test_what_waits_in_an_archived_thread_waits_when_it_is_back(lab: Lab, probe: Probe) -> None:
    thread_id, _, _ = await busy_thread(lab, probe, "one")
    await probe.request("thread/archive", {"threadId": thread_id})
    await probe.until("turn/completed", thread_id=thread_id)
    await probe.request("thread/unarchive", {"threadId": thread_id})
    assert await waiting(probe, thread_id) == ["one"]
    await probe.request("thread/resume", {"threadId": thread_id})
    await no_turn_begins(probe)
    lab.script(answer(message("Well.")))
    await probe.request("thread/queue/start", {"threadId": thread_id})
    assert await said_in_next_turn(probe, thread_id) == "one"


@pytest.mark.only_over("stdio", "websocket", "unix")
async def test_what_waits_outlives_the_server_and_is_taken_up_when_the_thread_is_loaded(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, _, _ = await busy_thread(lab, probe, "one", "two")
        probe.server.kill()
        await probe.client.closed.wait()
    lab.script(answer(message("1", item_id="m1")), answer(message("2", item_id="m2")))
    async with lab.run() as probe:
        assert await waiting(probe, thread_id) == ["one", "two"]
        error = await probe.refusal("thread/queue/start", {"threadId": thread_id})
        assert (error.code, error.message) == (-32600, "resume the thread before starting a queued message")
        assert (await probe.request("thread/loaded/list"))["data"] == []
        await add(probe, thread_id, "three")
        page = await probe.request("thread/queue/list", {"threadId": thread_id})
        params = {"threadId": thread_id, "queuedSubmissionId": page["data"][1]["id"]}
        assert await probe.request("thread/queue/delete", params) == {"deleted": True}
        await probe.request("thread/resume", {"threadId": thread_id})
        assert await said_in_next_turn(probe, thread_id) == "one"
        assert await said_in_next_turn(probe, thread_id) == "three"
        assert await said_in(probe, thread_id) == ["be busy", "one", "three"]


async def test_a_server_that_ended_in_a_turn_leaves_the_queue_stopped(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, _, _ = await busy_thread(lab, probe, "one")
    lab.script(answer(message("Well.")))
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id})
        await no_turn_begins(probe)
        assert await waiting(probe, thread_id) == ["one"]
        await probe.request("thread/queue/start", {"threadId": thread_id})
        assert await said_in_next_turn(probe, thread_id) == "one"


@pytest.mark.only_over("stdio", "websocket", "unix")
async def test_a_message_that_is_taken_up_is_there_once_when_the_server_is_killed(lab: Lab) -> None:
    for number in range(2):
        words = f"message {number}"
        async with lab.run() as probe:
            thread_id = await stopped_thread(lab, probe, words)
            lab.script(answer(Gate(), message("Never said.")).matching(words))
            await probe.request("thread/queue/start", {"threadId": thread_id})
            probe.server.kill()
            await probe.client.closed.wait()
        async with lab.run() as probe:
            there = [*await said_in(probe, thread_id), *await waiting(probe, thread_id)]
            assert there == ["be busy", words]


async def test_only_those_who_follow_a_thread_hear_of_its_queue(lab: Lab) -> None:
    async with lab.listen() as server, server.connect() as follower, server.connect() as other:
        thread_id, turn_id, _ = await busy_thread(lab, follower)
        follower.log.skip()
        other.log.skip()
        await add(other, thread_id, "from another client")
        await follower.until("thread/queue/changed", thread_id=thread_id)
        assert await waiting(other, thread_id) == ["from another client"]
        methods = [message.get("method") for message in other.log.from_server]
        assert "thread/queue/changed" not in methods
        await interrupt(follower, thread_id, turn_id)


async def test_deleting_a_thread_takes_its_queue_along(lab: Lab, probe: Probe) -> None:
    thread_id = await stopped_thread(lab, probe, "one")
    await probe.request("thread/delete", {"threadId": thread_id})
    with trio.fail_after(10):
        error = await probe.refusal("thread/queue/list", {"threadId": thread_id})
    assert error.code == -32603
