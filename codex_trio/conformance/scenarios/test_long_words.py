"""What a model reads of what clients say at length."""

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, message

LONG = "z" * 600_000


async def test_a_model_reads_as_much_as_there_is_room_for(lab: Lab, probe: Probe) -> None:
    lab.script(*[answer(message("Hi."))] * 2)
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    pieces = {kind: {"kind": kind, "value": LONG} for kind in ("application", "untrusted")}
    assert (await probe.run_turn(thread_id, additionalContext=pieces)).status == "completed"
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c1", "output": LONG}
    await probe.request("thread/inject_items", {"threadId": thread_id, "items": [call, output]})
    assert (await probe.run_turn(thread_id)).status == "completed"
    found = [item for item in lab.model.requests[1].input if "zzz" in str(item)]
    texts = [item["output"] if "output" in item else item["content"][0]["text"] for item in found]
    note = "…{} tokens truncated…"
    assert [text.strip("z") for text in texts] == [
        f"<application>{'z' * 2000}{note.format(149_000)}{'z' * 2000}</application>",
        note.format(149_000),
        note.format(138_000),
    ]
    assert [text.count("z") for text in texts] == [4_000, 4_000, 48_000]
