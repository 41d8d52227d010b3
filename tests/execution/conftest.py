"""Fixtures of the execution tests."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from process_lab import ProcessLab

from codex_trio.execution.sessions import ExecSessions, open_exec_sessions
from codex_trio.execution.spawner import ProcessSpawner, open_process_spawner


@pytest.fixture
async def spawner() -> AsyncGenerator[ProcessSpawner]:
    async with open_process_spawner() as opened:
        yield opened


@pytest.fixture
def lab(tmp_path: Path, spawner: ProcessSpawner) -> ProcessLab:
    return ProcessLab(tmp_path, spawner)


@pytest.fixture
async def sessions(spawner: ProcessSpawner) -> AsyncGenerator[ExecSessions]:
    async with open_exec_sessions(spawner) as opened:
        yield opened
