"""The architecture page names tests and packages that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_invariant_names_tests_that_are_there():
    invariants = re.split(r"^\d+\. ", PAGE.partition("## Invariants")[2], flags=re.M)[1:]
    assert len(invariants) > 15
    for invariant in invariants:
        named = re.findall(r"`(tests/[^`]+)`", invariant)
        assert named, invariant
        assert [name for name in named if not (ROOT / name).is_file()] == [], invariant


def test_every_package_has_a_row_in_the_code_map():
    code_map = PAGE.partition("## Code map")[2].partition("## Nursery tree")[0]
    packages = sorted(path.parent.name for path in (ROOT / "codex_trio").glob("*/__init__.py"))
    assert packages
    assert [name for name in packages if f"`{name}/`" not in code_map] == []


def test_every_module_that_is_named_is_there():
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", PAGE)
    assert named
    missing = [name for name in named if not ((ROOT / name).is_file() or (ROOT / "codex_trio" / name).is_file())]
    assert missing == []
