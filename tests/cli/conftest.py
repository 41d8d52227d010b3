"""Fixtures of the command line's tests."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from exec_lab import ExecLab

from codex_trio.conformance.plugin import own_program
from codex_trio.testing.model_server import open_model_server


@pytest.fixture
async def lab(tmp_path: Path, pytestconfig: pytest.Config) -> AsyncGenerator[ExecLab]:
    """Surroundings for runs of `codex-trio exec`."""
    async with open_model_server() as model:
        yield ExecLab(tmp_path, model, own_program(pytestconfig))
