"""The scores and positions that clients of the established server know, for paths and queries as they were recorded."""

from typing import NamedTuple

import pytest

from codex_trio.search.pattern import parse_query
from codex_trio.search.ranking import PathChunk, Ranking

FILES = (
    "README.md",
    "docs/readme.txt",
    "lib/foo/mainx/y.rs",
    "lib/main",
    "m/a/i/n",
    "src/lib.rs",
    "src/main.rs",
    "src/main_test.rs",
    "x/amain",
)
FOLDERS = ("", "docs", "lib", "lib/foo", "lib/foo/mainx", "m", "m/a", "m/a/i", "src", "x")
OTHER_FILES = (".env_main", "a b/main file.txt", "file.txt", "é/maïn.txt", "sub/deep/deeper/mainly.py")
OTHER_FOLDERS = ("a b", "sub", "sub/deep", "sub/deep/deeper", "é")

FILE, FOLDER, IN_NAME = 3 << 16, 2 << 16, 1 << 16


class Recorded(NamedTuple):
    path: str
    score: int
    indices: list[int]


def span(start: int, end: int) -> list[int]:
    return list(range(start, end))


RECORDED: dict[str, list[Recorded]] = {
    "main": [
        Recorded("lib/main", FILE + 109, [4, 5, 6, 7]),
        Recorded("src/main.rs", IN_NAME + 109, [4, 5, 6, 7]),
        Recorded("src/main_test.rs", IN_NAME + 109, [4, 5, 6, 7]),
        Recorded("x/amain", IN_NAME + 76, [3, 4, 5, 6]),
        Recorded("lib/foo/mainx", 109, [8, 9, 10, 11]),
        Recorded("lib/foo/mainx/y.rs", 109, [8, 9, 10, 11]),
        Recorded("m/a/i/n", 100, [0, 2, 4, 6]),
    ],
    "main.rs": [
        Recorded("src/main.rs", FILE + 184, span(4, 11)),
        Recorded("src/main_test.rs", IN_NAME + 174, [4, 5, 6, 7, 13, 14, 15]),
        Recorded("lib/foo/mainx/y.rs", 176, [8, 9, 10, 11, 15, 16, 17]),
    ],
    "src": [
        Recorded("src", FOLDER + 84, [0, 1, 2]),
        Recorded("src/lib.rs", 84, [0, 1, 2]),
        Recorded("src/main.rs", 84, [0, 1, 2]),
        Recorded("src/main_test.rs", 84, [0, 1, 2]),
    ],
    "READ": [
        Recorded("README.md", IN_NAME + 109, [0, 1, 2, 3]),
        Recorded("docs/readme.txt", IN_NAME + 109, [5, 6, 7, 8]),
    ],
    "readme": [
        Recorded("README.md", IN_NAME + 159, span(0, 6)),
        Recorded("docs/readme.txt", IN_NAME + 159, span(5, 11)),
    ],
    "mai": [
        Recorded("lib/main", IN_NAME + 84, [4, 5, 6]),
        Recorded("src/main.rs", IN_NAME + 84, [4, 5, 6]),
        Recorded("src/main_test.rs", IN_NAME + 84, [4, 5, 6]),
        Recorded("x/amain", IN_NAME + 56, [3, 4, 5]),
        Recorded("lib/foo/mainx", 84, [8, 9, 10]),
        Recorded("lib/foo/mainx/y.rs", 84, [8, 9, 10]),
        Recorded("m/a/i", 78, [0, 2, 4]),
        Recorded("m/a/i/n", 78, [0, 2, 4]),
    ],
    "mrs": [
        Recorded("src/main.rs", IN_NAME + 76, [4, 9, 10]),
        Recorded("src/main_test.rs", IN_NAME + 71, [4, 14, 15]),
        Recorded("lib/foo/mainx/y.rs", 73, [8, 16, 17]),
    ],
    "amain": [Recorded("x/amain", FILE + 134, [2, 3, 4, 5, 6])],
    "y.rs": [Recorded("lib/foo/mainx/y.rs", FILE + 109, [14, 15, 16, 17])],
    "lib/main": [
        Recorded("lib/main", 209, span(0, 8)),
        Recorded("lib/foo/mainx", 203, [0, 1, 2, 3, 8, 9, 10, 11]),
        Recorded("lib/foo/mainx/y.rs", 203, [0, 1, 2, 3, 8, 9, 10, 11]),
    ],
    "src/main.rs": [
        Recorded("src/main.rs", 284, span(0, 11)),
        Recorded("src/main_test.rs", 274, [*span(0, 8), 13, 14, 15]),
    ],
    "src main": [
        Recorded("src/main.rs", 193, [0, 1, 2, 4, 5, 6, 7]),
        Recorded("src/main_test.rs", 193, [0, 1, 2, 4, 5, 6, 7]),
    ],
    "main rs": [
        Recorded("lib/foo/mainx/y.rs", 165, [8, 9, 10, 11, 16, 17]),
        Recorded("src/main.rs", 165, [4, 5, 6, 7, 9, 10]),
        Recorded("src/main_test.rs", 165, [4, 5, 6, 7, 14, 15]),
    ],
    "^src": [
        Recorded("src", 84, [0, 1, 2]),
        Recorded("src/lib.rs", 84, [0, 1, 2]),
        Recorded("src/main.rs", 84, [0, 1, 2]),
        Recorded("src/main_test.rs", 84, [0, 1, 2]),
    ],
    "rs$": [
        Recorded("lib/foo/mainx/y.rs", 56, [16, 17]),
        Recorded("src/lib.rs", 56, [8, 9]),
        Recorded("src/main.rs", 56, [9, 10]),
        Recorded("src/main_test.rs", 56, [14, 15]),
    ],
    "main !src !m/ !x": [Recorded("lib/main", 109, [4, 5, 6, 7])],
    "zzzz": [],
    "main.rs:3": [],
}


@pytest.mark.parametrize("query", RECORDED)
def test_paths_have_the_scores_that_were_recorded(query: str) -> None:
    ranking = Ranking(parse_query(query))
    ranking.add(PathChunk("r", "/r", FILES, FOLDERS))
    assert [Recorded(hit.path, hit.score, hit.indices) for hit in ranking.best()] == RECORDED[query]


@pytest.mark.parametrize(
    ("query", "path", "score", "indices"),
    [
        ("main.txt", "é/maïn.txt", FILE + 209, span(2, 10)),
        ("maïn", "é/maïn.txt", IN_NAME + 109, [2, 3, 4, 5]),
        ("main\\ file", "a b/main file.txt", 234, span(4, 13)),
        ("mainly", "sub/deep/deeper/mainly.py", IN_NAME + 159, span(16, 22)),
        ("_main", ".env_main", IN_NAME + 128, span(4, 9)),
        ("file.txt", "file.txt", FILE + 209, span(0, 8)),
    ],
)
def test_other_names_have_the_scores_of_plain_ones(query: str, path: str, score: int, indices: list[int]) -> None:
    ranking = Ranking(parse_query(query))
    ranking.add(PathChunk("r", "/r", OTHER_FILES, OTHER_FOLDERS))
    best = ranking.best()[0]
    assert (best.path, best.score, best.indices) == (path, score, indices)


def test_accents_that_are_asked_for_must_be_there() -> None:
    ranking = Ranking(parse_query("maïn"))
    ranking.add(PathChunk("r", "/r", (*FILES, *OTHER_FILES), FOLDERS))
    assert [hit.path for hit in ranking.best()] == ["é/maïn.txt"]


def test_what_refuses_and_wants_nothing_takes_all_others() -> None:
    ranking = Ranking(parse_query("!main"))
    ranking.add(PathChunk("r", "/r", FILES, FOLDERS))
    best = ranking.best()
    assert [hit.path for hit in best] == sorted(path for path in (*FILES, *FOLDERS) if "main" not in path)
    assert {(hit.score, tuple(hit.indices)) for hit in best} == {(0, ())}
