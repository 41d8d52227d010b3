"""Questions that a client puts to its user by itself: a turn waits with the model until they are answered."""

from typing import Any

import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.threads import UNKNOWN_THREAD
from codex_trio.testing.model_script import answer, function_call, message

SLOW = "while ! test -e go; do sleep 0.02; done; echo ran"
"""A command that outlives the wait of its call."""

BEGIN, END = "thread/increment_elicitation", "thread/decrement_elicitation"


async def count(probe: Probe, method: str, thread_id: str) -> tuple[int, bool]:
    """Return what a change of the count is answered with."""
    result = await probe.request(method, {"threadId": thread_id})
    return result["count"], result["paused"]


def script(lab: Lab, cmd: str, **arguments: Any) -> None:
    """A model that runs a command and says what it made of it."""
    lab.script(
        answer(function_call("exec_command", {"cmd": cmd, **arguments}, call_id="c1")),
        answer(message("Done.", item_id="m1")),
    )


async def until_ran(probe: Probe) -> Any:
    """Wait until the command's end is told; its item."""
    ended = await probe.until("item/completed", where=lambda params: params["item"]["type"] == "commandExecution")
    return ended["params"]["item"]


async def let_it_end(lab: Lab, probe: Probe) -> Any:
    """Let a slow command end, long after its call would have given up waiting; its item."""
    await probe.until("item/started", where=lambda params: params["item"]["type"] == "commandExecution")
    await trio.sleep(0.6)
    (lab.cwd / "go").touch()
    return await until_ran(probe)


async def test_all_clients_share_the_count_of_a_thread(lab: Lab) -> None:
    async with lab.listen() as server, server.connect() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        other_id = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
        assert await count(probe, BEGIN, thread_id) == (1, True)
        async with server.connect() as other:
            assert await count(other, BEGIN, thread_id) == (2, True)
            assert await count(other, BEGIN, other_id) == (1, True)
        assert await count(probe, END, thread_id) == (1, True)
        assert await count(probe, END, thread_id) == (0, False)
        assert await count(probe, END, other_id) == (0, False)


async def test_a_count_below_zero_and_a_thread_that_is_not_loaded_are_refused(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    for method, asked, text in (
        (END, thread_id, "out-of-band elicitation count is already zero"),
        (BEGIN, UNKNOWN_THREAD, f"thread not found: {UNKNOWN_THREAD}"),
        (END, UNKNOWN_THREAD, f"thread not found: {UNKNOWN_THREAD}"),
    ):
        error = await probe.refusal(method, {"threadId": asked})
        assert (error.code, error.message) == (-32600, text)


async def test_a_call_ends_for_the_client_and_the_model_hears_of_it_when_the_question_was_answered(
    lab: Lab, probe: Probe
) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    script(lab, SLOW, yield_time_ms=250)
    await count(probe, BEGIN, thread_id)
    turn_id = await probe.start_turn(thread_id)
    item = await let_it_end(lab, probe)
    assert (item["status"], item["aggregatedOutput"]) == ("completed", "ran\n")
    await probe.nothing_more(seconds=0.3)
    assert len(lab.model.requests) == 1
    await count(probe, END, thread_id)
    await probe.next(lambda sent: sent.get("method") == "turn/completed", f"end of {turn_id}")
    assert len(lab.model.requests) == 2


async def test_the_end_of_a_quick_call_is_told_meanwhile_too(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    script(lab, "echo ran")
    await count(probe, BEGIN, thread_id)
    await probe.start_turn(thread_id)
    assert (await until_ran(probe))["aggregatedOutput"] == "ran\n"


async def test_a_call_does_not_give_up_waiting_for_its_command_meanwhile(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    script(lab, SLOW, yield_time_ms=250)
    await count(probe, BEGIN, thread_id)
    turn_id = await probe.start_turn(thread_id)
    await let_it_end(lab, probe)
    await count(probe, END, thread_id)
    await probe.next(lambda sent: sent.get("method") == "turn/completed", f"end of {turn_id}")
    output = lab.model.requests[-1].input[-1]["output"]
    assert "ran" in str(output)
    assert "still running" not in str(output)


async def test_a_turn_without_calls_runs_through(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    lab.script(answer(message("Hi.", item_id="m1")))
    await count(probe, BEGIN, thread_id)
    assert (await probe.run_turn(thread_id)).text == "Hi."


async def test_a_turn_that_waits_is_interrupted_at_once(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    script(lab, SLOW, yield_time_ms=250)
    await count(probe, BEGIN, thread_id)
    turn_id = await probe.start_turn(thread_id)
    await let_it_end(lab, probe)
    await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
    ended = await probe.until("turn/completed")
    assert ended["params"]["turn"]["status"] == "interrupted"
    assert await count(probe, END, thread_id) == (0, False)


async def test_a_count_is_gone_with_the_server(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        lab.script(answer(message("Hi.", item_id="m1")))
        await probe.run_turn(thread_id)
        await count(probe, BEGIN, thread_id)
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id, "excludeTurns": True})
        error = await probe.refusal(END, {"threadId": thread_id})
        assert error.message == "out-of-band elicitation count is already zero"


async def test_a_prediction_is_refused(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    error = await probe.refusal("thread/prediction/request", {"threadId": thread_id, "sourceTurnId": UNKNOWN_THREAD})
    assert (error.code, error.message) == (-32601, "thread/prediction/request is not implemented yet")
