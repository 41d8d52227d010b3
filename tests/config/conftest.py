"""Fixtures of the configuration tests."""

from pathlib import Path

import pytest
from config_setting import Setting


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)
