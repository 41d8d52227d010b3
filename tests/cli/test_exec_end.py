"""Ends from outside: signals, and readers that go away."""

import os
import signal
from pathlib import Path

import msgspec
import trio
from exec_lab import PATIENCE, ExecLab

from codex_trio.testing.model_script import Gate, answer, function_call, message_of


def processes_with(marker: str) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and marker.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


async def read_until(process: trio.Process, text: str) -> str:
    assert process.stdout is not None
    output = ""
    with trio.fail_after(PATIENCE):
        while text not in output:
            data = await process.stdout.receive_some()
            assert data, output
            output += data.decode()
    return output


async def read_rest(process: trio.Process) -> str:
    assert process.stdout is not None
    with trio.fail_after(PATIENCE):
        output = b"".join([data async for data in process.stdout])
        await process.wait()
    return output.decode()


async def test_ctrl_c_interrupts_the_turn_and_leaves_nothing_running(lab: ExecLab) -> None:
    marker = f"300.{os.getpid()}41"
    lab.model.add(answer(function_call("exec_command", {"cmd": f"setsid sleep {marker}"}, call_id="c1")))
    process = await lab.start("do it", "--json", "--dangerously-bypass-approvals-and-sandbox")
    await read_until(process, "item.started")
    process.send_signal(signal.SIGINT)
    rest = await read_rest(process)
    assert process.returncode == 130
    last = msgspec.json.decode(rest.splitlines()[-1])
    assert last == {"type": "turn.failed", "error": {"message": "turn interrupted"}}
    assert processes_with(marker) == []
    [rollout] = lab.codex_home.glob("sessions/**/*.jsonl")
    assert "turn_aborted" in rollout.read_text()


async def test_a_request_to_terminate_ends_a_run_whose_model_is_silent(lab: ExecLab) -> None:
    gate = Gate()
    lab.model.add(answer(message_of(["Hal", gate, "f"])))
    process = await lab.start("do it", "--json")
    with trio.fail_after(PATIENCE):
        await gate.reached.wait()
    process.terminate()
    await read_rest(process)
    assert process.returncode == 143


async def test_a_run_ends_when_nobody_reads_its_events_any_more(lab: ExecLab) -> None:
    command = function_call("exec_command", {"cmd": "echo hi"}, call_id="c1")
    gate = Gate()
    lab.model.add(answer(command), answer([gate], message_of(["for nobody"])))
    process = await lab.start("do it", "--json", "--dangerously-bypass-approvals-and-sandbox")
    await read_until(process, "turn.started")
    assert process.stdout is not None
    await process.stdout.aclose()
    gate.open()
    with trio.fail_after(PATIENCE):
        await process.wait()
    assert process.returncode == 1
