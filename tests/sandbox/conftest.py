"""Fixtures of the sandbox tests: every mechanism that works on this machine."""

import os
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import msgspec
import pytest
import trio
from sandbox_lab import SandboxLab

from codex_trio.execution.spawner import ProcessSpawner, open_process_spawner
from codex_trio.sandbox.probe import MECHANISMS, Mechanism, SandboxProbe, probe_sandbox


@pytest.fixture
async def spawner() -> AsyncGenerator[ProcessSpawner]:
    async with open_process_spawner() as opened:
        yield opened


@pytest.fixture(scope="session")
def machine() -> SandboxProbe:
    """All that works here."""

    async def probe() -> SandboxProbe:
        return await probe_sandbox(search_path=os.environ["PATH"])

    return trio.run(probe)


@pytest.fixture(params=MECHANISMS)
def probe(request: pytest.FixtureRequest, machine: SandboxProbe) -> SandboxProbe:
    """One mechanism; skipped where it does not work (`test_probe` fails when none does)."""
    mechanism: Mechanism = request.param
    failures: Mapping[Mechanism, str] = machine.failures
    if mechanism in failures:
        pytest.skip(f"{mechanism}: {failures[mechanism]}")
    return msgspec.structs.replace(machine, available=(mechanism,))


@pytest.fixture
def terminal_probe(machine: SandboxProbe) -> SandboxProbe:
    """All that works here, when that includes something fit for terminals."""
    if machine.available == ("bubblewrap",):
        pytest.skip("bubblewrap dies of a typed interrupt")
    return machine


@pytest.fixture
def lab(tmp_path: Path, spawner: ProcessSpawner, probe: SandboxProbe) -> SandboxLab:
    return SandboxLab(tmp_path, spawner, probe)


@pytest.fixture
def has_mounts(probe: SandboxProbe) -> None:
    """Only for mechanisms that show the command its own view of the file system."""
    if probe.mechanism == "landlock":
        pytest.skip("Landlock has no mounts: it protects nothing inside a writable folder")


@pytest.fixture
def mount_lab(has_mounts: None, lab: SandboxLab) -> SandboxLab:
    return lab
