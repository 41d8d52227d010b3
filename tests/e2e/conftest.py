"""Fixtures of the end-to-end tests."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from e2e_house import House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    """A server that asks before it leaves its sandbox."""
    async with open_house(tmp_path) as opened:
        yield opened
