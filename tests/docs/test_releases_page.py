"""The page about releases has a row for all that a report has, and names files that are there."""

import re
from pathlib import Path

from release_facts.facts import Facts
from release_facts.report import Comparison, report

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "releases.md").read_text(encoding="utf-8")


def test_every_section_of_a_report_is_explained() -> None:
    facts = Facts(release="1.0", stable={"definitions": {}}, experimental={"definitions": {}})
    titles = re.findall(r"^## (.+)$", report(Comparison(facts, facts, "", facts, "Not run.")), flags=re.M)
    explained = PAGE.partition("## What to do with each kind of line")[2].partition("\n## ")[0]
    assert len(titles) > 10
    assert [title for title in titles if title not in explained] == ["Size"], "which asks for nothing"


def test_every_file_that_is_named_is_there() -> None:
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|txt))`", PAGE)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
