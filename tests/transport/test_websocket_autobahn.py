"""The Autobahn test suite against the listener, with an echo in place of the protocol."""

import json
import os
import sys
from pathlib import Path

import trio
from websocket_lab import listening

MINUTES = 3

# A process of its own: the suite runs on another event loop, whose threads outlive it.
SUITE = """
import asyncio, json, os, sys
import kosoku

# Both groups are about compression, which the server never agrees on.
WITHOUT_COMPRESSION = ["12.*", "13.*"]

async def main():
    try:
        cases = await kosoku.run_fuzzingclient(sys.argv[1], exclude_cases=WITHOUT_COMPRESSION, concurrency=4)
    except kosoku.FailureError as failure:
        cases = failure.results
    return [[case.case_id, case.behavior.value, case.behavior_close.value, case.result] for case in cases]

print(json.dumps(asyncio.run(main())), flush=True)
os._exit(0)
"""

CASES = 301
"""Of the suite's 517 those that are left without compression."""


async def test_no_case_fails(tmp_path: Path) -> None:
    with trio.fail_after(60 * MINUTES):
        async with listening() as address:
            done = await trio.run_process(
                [sys.executable, "-c", SUITE, f"ws://{address}"],
                capture_stdout=True,
                env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": os.defpath},
            )
    cases = json.loads(done.stdout)
    # Strictly: also bad UTF-8 is noticed at the first byte that cannot be. Informational cases have no right answer.
    assert [case for case in cases if case[1] not in ("OK", "INFORMATIONAL")] == []
    assert [case for case in cases if case[2] not in ("OK", "INFORMATIONAL")] == []
    assert len(cases) == CASES
