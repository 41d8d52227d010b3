"""Fixtures of the end-to-end tests."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from e2e_house import House, open_house

from codex_trio.conformance.lab import ServerUnderTest
from codex_trio.conformance.plugin import own_program


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    """A server that asks before it leaves its sandbox."""
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def own_server(pytestconfig: pytest.Config) -> ServerUnderTest:
    """This package's server, as a process of its own on standard input and output."""
    return ServerUnderTest((*own_program(pytestconfig), "app-server"), "codex-trio", {})
