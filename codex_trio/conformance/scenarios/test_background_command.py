"""Commands that outlive their call: how the model learns of their end, stops them, and waits for them."""

import re

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.scenarios.test_command import UNTIL_TOLD, go_on, run, session_of
from codex_trio.conformance.scenarios.test_interrupt import appears
from codex_trio.conformance.shapes import text_with
from codex_trio.testing.model_script import Event, answer, function_call, message


def look(call_id: str, session_id: int, *, chars: str = "", yield_time_ms: int = 5000) -> Event:
    """Return a call of write_stdin."""
    arguments = {"session_id": session_id, "chars": chars, "yield_time_ms": yield_time_ms}
    return function_call("write_stdin", arguments, call_id=call_id)


async def left_running(lab: Lab, probe: Probe, thread_id: str, script: str, *, tty: bool = False) -> int:
    """Return the session of a command that a turn of its own has left running."""
    call_id = f"start-{len(lab.model.requests)}"
    lab.script(answer(run(call_id, script, yield_time_ms=250, tty=tty)), answer(message("Started.")))
    await probe.run_turn(thread_id)
    return session_of(lab.model.requests[-1], call_id)


async def told_of(lab: Lab, probe: Probe, thread_id: str, call: Event) -> str:
    """Return what the model is told about a call that it makes in a turn of its own."""
    lab.script(answer(call), answer(message("Seen.")))
    await probe.run_turn(thread_id)
    return lab.model.requests[-1].output_of(call["item"]["call_id"])


async def test_the_end_that_nobody_saw_is_told_at_the_first_look(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    for tty in (False, True):
        session_id = await left_running(lab, probe, thread_id, f"{UNTIL_TOLD}echo RESULT; exit 3", tty=tty)
        go_on(lab)
        ended = (await probe.until("item/completed"))["params"]["item"]
        assert (ended["exitCode"], ended["aggregatedOutput"].split()) == (3, ["RESULT"])
        first = await told_of(lab, probe, thread_id, look(f"first-{tty}", session_id))
        assert first == text_with("Process exited with code 3", "RESULT")
        # It might have waited for five seconds.
        assert re.search(r"Wall time: [0-3]\.", first)
        second = await told_of(lab, probe, thread_id, look(f"second-{tty}", session_id))
        assert second == f"write_stdin failed: Unknown process id {session_id}"


async def test_input_for_a_command_that_has_just_ended_tells_of_its_end(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    session_id = await left_running(lab, probe, thread_id, f"{UNTIL_TOLD}echo RESULT; exit 3", tty=True)
    go_on(lab)
    await probe.until("item/completed")
    told = await told_of(lab, probe, thread_id, look("first", session_id, chars="\n"))
    assert told == text_with("Process exited with code 3", "RESULT")


async def test_a_command_that_has_ended_is_listed_no_more(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    session_id = await left_running(lab, probe, thread_id, f"{UNTIL_TOLD}exit 3")
    go_on(lab)
    await probe.until("item/completed")
    assert (await probe.request("thread/backgroundTerminals/list", {"threadId": thread_id}))["data"] == []
    which = {"threadId": thread_id, "processId": str(session_id)}
    assert await probe.request("thread/backgroundTerminals/terminate", which) == {"terminated": False}


async def test_ctrl_c_stops_a_command_that_has_no_terminal(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    plain = "echo x >plain; sleep 300; echo never"
    trap = "trap 'echo caught; exit 7' INT; sleep 300 & echo x >trap; wait"
    for script, ready, code, output in ((plain, "plain", 130, ""), (trap, "trap", 7, "caught")):
        session_id = await left_running(lab, probe, thread_id, script)
        await appears(lab.cwd / ready)
        told = await told_of(
            lab, probe, thread_id, look(f"stop-{ready}", session_id, chars="\x03", yield_time_ms=10_000)
        )
        assert told == text_with(f"Process exited with code {code}", output)
        assert "never" not in told


async def test_a_look_takes_no_longer_than_the_user_allows(lab: Lab) -> None:
    lab.configure(extra="background_terminal_max_timeout = 5100\n")
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        session_id = await left_running(lab, probe, thread_id, "sleep 300")
        told = await told_of(lab, probe, thread_id, look("look", session_id, yield_time_ms=60_000))
        assert told == text_with("Process running with session ID")
        waited = re.search(r"Wall time: ([0-9.]+)", told)
        assert waited is not None
        assert 5 < float(waited[1]) < 55
