"""A path is followed as the kernel would, and every link on the way is known."""

import os
from pathlib import Path

import pytest

from codex_trio.sandbox.links import PathTracer, first_missing, trace


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for link, target in {
        "direct": "a/b",
        "absolute": f"{tmp_path}/a",
        "chain": "direct",
        "a/up": "..",
        "a/b/out": "/etc",
        "gone": "nowhere/at/all",
        "self": "self",
        "there": "back",
        "back": "there",
    }.items():
        (tmp_path / link).symlink_to(target)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "links"),
    [
        ("a/b", []),
        ("direct", ["direct"]),
        ("chain/x", ["chain", "direct"]),
        ("absolute/b/../up/chain", ["absolute", "a/up", "chain", "direct"]),
        ("a/b/out/hosts", ["a/b/out"]),
        ("gone/x", ["gone"]),
        ("missing/../direct", ["direct"]),
    ],
)
def test_a_path_ends_where_it_really_leads(tree: Path, path: str, links: list[str]) -> None:
    way = trace(f"{tree}/{path}")
    assert way.end == os.path.realpath(f"{tree}/{path}")
    assert list(way.links) == [f"{tree}/{link}" for link in links]


@pytest.mark.parametrize("name", ["self", "there"])
def test_a_circle_ends_at_one_of_its_links(tree: Path, name: str) -> None:
    way = trace(f"{tree}/{name}/x")
    assert way.end in way.links
    assert os.path.islink(way.end)


def test_the_outermost_missing_part_is_found(tree: Path) -> None:
    assert first_missing(f"{tree}/a/x/y/z") == f"{tree}/a/x"
    assert first_missing(f"{tree}/a/b") is None
    assert first_missing(f"{tree}/gone") is None


def test_many_paths_are_followed_as_each_would_be_by_itself(tree: Path) -> None:
    names = ("a/b", "a/b/x", "direct/x", "a/b/out/hosts", "missing/x", "missing/../direct", "a//b/", "self/x", "gone")
    paths = [f"{tree}/{name}" for name in names] + [f"{tree}/deep" + "/x" * 2_000, "/", "//", f"{tree}/"]
    tracer = PathTracer()
    assert [tracer.trace(path) for path in paths] == [trace(path) for path in paths]
