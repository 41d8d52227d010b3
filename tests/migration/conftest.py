from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from migration_lab import MigrationLab, open_migration


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncGenerator[MigrationLab]:
    async with open_migration(tmp_path) as opened:
        yield opened
