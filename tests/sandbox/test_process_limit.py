"""A sandbox holds its command to a number of processes, where the kernel counts them by the sandbox."""

import os
import sys

import pytest
from sandbox_lab import SandboxLab

from codex_trio.sandbox.namespaces import counts_pids
from codex_trio.sandbox.policy import ReadOnly

LIMIT = 20
MOST = 400
FORK = f"""
import os, time
started = 0
try:
    while started < {MOST}:
        if os.fork() == 0:
            time.sleep(300)
            os._exit(0)
        started += 1
except OSError as error:
    print(error.strerror)
print(started, flush=True)
os.killpg(0, 9)
"""


async def test_a_command_has_the_limit_in_a_sandbox_that_counts(lab: SandboxLab) -> None:
    request = lab.request(ReadOnly(), "/bin/sh", "-c", "grep processes /proc/self/limits", processes=LIMIT)
    assert request.counts_processes == (lab.probe.mechanism != "landlock")
    told = (await lab.run(request)).output.split()
    assert (told[2:4] == [str(LIMIT), str(LIMIT)]) == request.counts_processes


async def test_a_command_that_forks_without_end_comes_to_the_limit(lab: SandboxLab) -> None:
    is_root = os.getuid() == 0
    if lab.probe.mechanism == "landlock" or (is_root and not (lab.probe.mechanism == "namespaces" and counts_pids())):
        pytest.skip("nothing counts by the sandbox: see `process_watch` and RLIMIT_NPROC of all of the user's")
    request = lab.request(ReadOnly(), sys.executable, "-I", "-S", "-c", FORK, processes=LIMIT)
    said = (await lab.run(request)).output.split()
    assert "unavailable" in said
    assert int(said[-1]) < (LIMIT + 300 if is_root else LIMIT)
