"""What an exec-server runs outlives a connection that is cut: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import trio
from exec_server_lab import in_thread, open_lab, said, script

from codex_trio.environments.exec_protocol import ACK_BYTES, RETAINED_BYTES
from codex_trio.transport.base import TransportClosed


async def test_output_is_numbered_and_can_be_read_again(tmp_path: Path) -> None:
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        text = "echo one; read x; echo two$x >&2; exit 3"
        started = await client.call("process/start", script("p", text, tmp_path, pipeStdin=True))
        assert started == {"processId": "p", "sandboxType": "none"}
        assert said([await client.until("process/output", "p")]) == b"one\n"
        written = await client.call("process/write", {"processId": "p", "chunk": "IQo=", "writeId": "w"})
        assert written == {"status": "accepted"}
        closed = await client.until("process/closed", "p")
        outputs = [params for method, params in client.events if method == "process/output"]
        assert [(one["seq"], one["stream"]) for one in outputs] == [(1, "stdout"), (2, "stderr")]
        assert (await client.until("process/exited", "p"))["exitCode"] == 3
        assert closed["seq"] == 4
        read = await client.call("process/read", {"processId": "p", "afterSeq": 1})
        assert said(read["chunks"]) == b"two!\n"
        assert (read["nextSeq"], read["exited"], read["exitCode"], read["closed"]) == (5, True, 3, True)


async def test_a_client_that_comes_back_finds_all_that_was_said_meanwhile(tmp_path: Path) -> None:
    go_on = tmp_path / "go"
    os.mkfifo(go_on)
    async with open_lab(tmp_path) as lab:
        client, session = await lab.connect(acknowledges=True)
        text = f"echo started >> ran; echo before; read x < {go_on}; echo after; read y; echo $y"
        await client.call("process/start", script("p", text, tmp_path, pipeStdin=True))
        first = await client.until("process/output", "p")
        await client.transport.aclose()
        with trio.fail_after(20):
            await in_thread(go_on.write_text, "\n")
        client, same = await lab.connect(resume=session)
        assert same == session
        # What was sent and not answered is sent again.
        refused = await client.refusal("process/start", script("p", text, tmp_path, pipeStdin=True))
        assert refused.message == "process p already exists"
        for _ in range(2):
            await client.call("process/write", {"processId": "p", "chunk": "eQo=", "writeId": "same"})
        seen, output = first["seq"], said([first])
        while True:
            read = await client.call("process/read", {"processId": "p", "afterSeq": seen, "waitMs": 20_000})
            output += said(read["chunks"])
            seen = read["nextSeq"] - 1
            if read["closed"]:
                break
        assert output == b"before\nafter\ny\n"
        assert (tmp_path / "ran").read_text() == "started\n"


async def test_a_connection_that_is_taken_over_ends(tmp_path: Path) -> None:
    async with open_lab(tmp_path) as lab:
        old, session = await lab.connect()
        client, _ = await lab.connect(resume=session)
        with trio.fail_after(20), contextlib.suppress(TransportClosed):
            assert await old.transport.receive() is None
        await client.call("process/start", script("p", "echo here", tmp_path))
        assert said([await client.until("process/output", "p")]) == b"here\n"
        refused = await lab.dial().refusal("initialize", {"clientName": "x", "resumeSessionId": "nope"})
        assert refused.message == "unknown session id nope"


async def test_what_a_client_that_stays_away_has_running_is_killed(tmp_path: Path) -> None:
    gone = tmp_path / "lives"
    os.mkfifo(gone)
    async with open_lab(tmp_path, away_seconds=0.0) as lab:
        client, session = await lab.connect()
        # Whoever reads the pipe learns of the end of the last writer, a background child.
        text = f"(exec >{gone}; echo up; setsid sleep 1000) & echo ok"
        await client.call("process/start", script("p", text, tmp_path))
        await client.until("process/output", "p")
        with trio.fail_after(30):
            reading = await in_thread(lambda: gone.open("rb"))
            with reading:
                assert await in_thread(reading.readline) == b"up\n"
                await client.transport.aclose()
                assert await in_thread(reading.read) == b""
        refused = await lab.dial().refusal("initialize", {"clientName": "x", "resumeSessionId": session})
        assert refused.message == f"unknown session id {session}"


async def test_a_process_waits_for_a_client_that_says_what_it_has_seen(tmp_path: Path) -> None:
    size = 3 * RETAINED_BYTES
    async with open_lab(tmp_path) as lab:
        client, session = await lab.connect(acknowledges=True)
        await client.transport.aclose()
        client, _ = await lab.connect(resume=session)
        await client.call("process/start", script("p", f"head -c {size} /dev/zero", tmp_path))
        await client.transport.aclose()
        client, _ = await lab.connect(resume=session)
        total, seen = 0, 0
        while True:
            read = await client.call("process/read", {"processId": "p", "afterSeq": seen, "waitMs": 20_000})
            total += len(said(read["chunks"]))
            seen = read["nextSeq"] - 1
            assert len(said(read["chunks"])) <= RETAINED_BYTES + ACK_BYTES
            await client.note("process/ack", {"processId": "p", "seq": seen})
            if read["closed"]:
                break
        assert total == size


async def test_terminate_leaves_nothing_of_a_process(tmp_path: Path) -> None:
    gone = tmp_path / "lives"
    os.mkfifo(gone)
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        text = f"exec 3>{gone}; echo up >&3; setsid sleep 1000 & wait"
        await client.call("process/start", script("p", text, tmp_path))
        with trio.fail_after(30):
            reading = await in_thread(lambda: gone.open("rb"))
            with reading:
                assert await in_thread(reading.readline) == b"up\n"
                assert await client.call("process/terminate", {"processId": "p"}) == {"running": True}
                assert await in_thread(reading.read) == b""
        assert (await client.until("process/exited", "p"))["exitCode"] == 137
        assert await client.call("process/terminate", {"processId": "p"}) == {"running": False}
        assert await client.call("process/terminate", {"processId": "nope"}) == {"running": False}
