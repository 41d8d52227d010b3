"""`thread/rollback`, which clients of releases up to 0.131 cut a thread's history back with."""

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.threads import said, thread_with_turns
from codex_trio.testing.model_script import Gate, answer, message_of


async def test_the_last_turns_can_be_rolled_back(lab: Lab, probe: Probe) -> None:
    thread_id, turns = await thread_with_turns(lab, probe)
    thread = (await probe.request("thread/rollback", {"threadId": thread_id, "numTurns": 2}))["thread"]
    assert [turn["id"] for turn in thread["turns"]] == turns[:1]
    assert [item["type"] for item in thread["turns"][0]["items"]] == ["userMessage", "agentMessage"]
    assert (thread["preview"], thread["status"]) == ("question 0", {"type": "idle"})
    assert await said(lab, probe, thread_id) == (["question 0", "and now?"], ["Answer 0."])


async def test_a_rollback_outlives_the_server(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, turns = await thread_with_turns(lab, probe)
        await probe.request("thread/rollback", {"threadId": thread_id, "numTurns": 1})
    async with lab.run() as probe:
        resumed = (await probe.request("thread/resume", {"threadId": thread_id}))["thread"]
        assert [turn["id"] for turn in resumed["turns"]] == turns[:2]
        assert await said(lab, probe, thread_id) == (
            ["question 0", "question 1", "and now?"],
            ["Answer 0.", "Answer 1."],
        )


async def test_rolling_back_more_turns_than_there_are_drops_all(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    thread = (await probe.request("thread/rollback", {"threadId": thread_id, "numTurns": 9}))["thread"]
    assert thread["turns"] == []
    assert await said(lab, probe, thread_id) == (["and now?"], [])


async def test_a_rollback_is_refused_while_a_turn_runs(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    lab.script(answer(message_of(["Wor", gate, "king."], item_id="m4")))
    running = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta")
    error = await probe.refusal("thread/rollback", {"threadId": thread_id, "numTurns": 1})
    assert (error.code, error.message) == (-32600, "Cannot rollback while a turn is in progress.")
    gate.open()
    assert (await probe.finish_turn(running)).status == "completed"


async def test_a_rollback_of_nothing_is_refused(lab: Lab, probe: Probe) -> None:
    stored = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    ephemeral = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
    for thread_id, count, text in (
        (stored, 0, "numTurns must be >= 1"),
        (ephemeral, 1, "thread rollback requires persisted thread history"),
    ):
        error = await probe.refusal("thread/rollback", {"threadId": thread_id, "numTurns": count})
        assert (error.code, error.message) == (-32600, text)
