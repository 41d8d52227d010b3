"""Work on another machine over a bad road: slow, losing packets, cut for a while. Nothing is lost or done twice."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
import trio
from two_machines import FAR, NEAR, NoMachines, Road, check_machines

PATIENCE = 150.0
PORT = 4600
CUT_SECONDS = 10.0
TOKEN = "let-me-in"


@pytest.mark.slow
async def test_a_road_that_is_cut_in_the_middle_of_a_command_costs_time_and_nothing_else(tmp_path: Path) -> None:
    try:
        check_machines()
    except NoMachines as reason:
        pytest.skip(str(reason))
    work, home = tmp_path / "work", tmp_path / "home"
    for folder in (work, home):
        folder.mkdir()
    begun = work / "begun"
    os.mkfifo(begun)
    (tmp_path / "token").write_text(TOKEN)
    environ = {"HOME": str(home), "CODEX_HOME": str(home), "TMPDIR": str(home), "PATH": os.defpath}
    program = [sys.executable, "-m", "codex_trio.testing.command", "exec-server", "--listen", f"ws://{FAR}:{PORT}"]
    program += ["--ws-auth", "capability-token", "--ws-token-file", str(tmp_path / "token")]
    client = [sys.executable, str(Path(__file__).with_name("far_client.py")), FAR, str(PORT), TOKEN, str(work)]
    road = Road()
    with trio.fail_after(PATIENCE):
        async with road.machine(FAR, program, environ=environ, cwd=work) as server:
            assert server.stdout is not None
            await server.stdout.receive_some()
            async with road.machine(NEAR, client, environ=environ, cwd=home) as near, trio.open_nursery() as nursery:
                nursery.start_soon(road.carry)
                await trio.to_thread.run_sync(begun.read_bytes, abandon_on_cancel=True)
                road.is_cut = True
                await trio.sleep(CUT_SECONDS)
                road.is_cut = False
                assert near.stdout is not None
                printed = b"".join([piece async for piece in near.stdout])
                nursery.cancel_scope.cancel()
    result = json.loads(printed)
    lines = [f"line {number}" for number in range(1, 101)]
    said = result["said"].replace("\r", "").splitlines()
    # What is typed may be shown before the command has that switched off.
    assert [line for line in said if line != "once"] == [*lines, "got:once:"]
    assert (result["exit"], result["ran"]) == (3, "ran\n")
    assert result["connections"] == [True], "the session was never lost"
    assert road.lost > 10
    assert road.carried > 50
