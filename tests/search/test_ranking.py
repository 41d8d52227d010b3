"""The best of many paths, whatever is passed over: against every score computed."""

import random
from collections.abc import Sequence

import pytest

from codex_trio.search.characters import fold, padded, plain, visible
from codex_trio.search.pattern import Atom, Query, parse_query
from codex_trio.search.ranking import MOST_HITS, PathChunk, Ranking
from codex_trio.search.scoring import Scorer

WORDS = (
    "main",
    "Main",
    "src",
    "lib",
    "test",
    "fooBar",
    "FOO",
    "x1",
    "a",
    "b",
    "m",
    "ai",
    "é",
    "maïn",
    "Ünder",
    "v2",
    "日本",
)
LETTERS = "mainsrclbtxfoe12.é_-/ '!^$"


def chunk(rng: random.Random, root: str, count: int) -> PathChunk:
    files: set[str] = set()
    folders = {""}
    for _ in range(count):
        way = [rng.choice(WORDS) + rng.choice("_-.") + rng.choice(WORDS) for _ in range(rng.randint(0, 3))]
        folders.update("/".join(way[:depth]) for depth in range(len(way) + 1))
        name = "".join(rng.choice(WORDS) + rng.choice(("", "_", "-", ".", " ")) for _ in range(rng.randint(1, 4)))
        files.add("/".join((*way, name)))
    return PathChunk(root, root, sorted(files - folders), sorted(folders))


def score(scorer: Scorer, parts: Sequence[Atom], text: str) -> int | None:
    total = 0
    seen = visible(text)
    for part in parts:
        found = scorer.score(part, fold(seen) if part.keeps_accents else plain(fold(seen)), padded(seen))
        if (found is None) != part.negated:
            return None
        total += found[0] if found else 0
    return total


def best(query: Query, chunks: Sequence[PathChunk]) -> list[tuple[int, str, str, bool]]:
    """Return the best candidates by computing all scores."""
    scorer = Scorer()
    found: list[tuple[int, str, str, bool]] = []
    for one in chunks:
        for index, path in enumerate(one.paths):
            is_folder = index >= one.files
            name = path.rpartition("/")[2]
            tier, text = 0, path
            if query.name is not None:
                folded = fold(visible(name))
                if (folded if query.parts[0].keeps_accents else plain(folded)) == query.name:
                    tier, text = (2 if is_folder else 3) << 16, name
                elif not is_folder and score(scorer, query.parts, name) is not None:
                    tier, text = 1 << 16, name
            value = score(scorer, query.parts, text)
            if value is not None:
                found.append((-(tier + value), path, one.root, is_folder))
    return sorted(found)[:MOST_HITS]


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_passed_over_that_is_among_the_best(seed: int) -> None:
    rng = random.Random(seed)
    chunks = [chunk(rng, f"/{number}", rng.choice((15, 250))) for number in range(2)]
    queries = ["main", "sm", "src main", "^src", "x", "é", "maïn", "main !src", "'ai m", "lib$ a"]
    queries += ["".join(rng.choice(LETTERS) for _ in range(rng.randint(1, 5))) for _ in range(8)]
    for text in queries:
        query = parse_query(text)
        ranking = Ranking(query)
        for one in chunks:
            ranking.add(one)
        hits = [(-hit.score, hit.path, hit.root, hit.is_folder) for hit in ranking.best()]
        assert hits == best(query, chunks), text


def test_paths_that_are_very_long_are_found_like_others() -> None:
    long = "/".join(["folder"] * 600)
    files = [f"{long}/main_{number}" for number in range(60)]
    ranking = Ranking(parse_query("fmain_7"))
    ranking.add(PathChunk("/", "/", files, ()))
    assert [hit.path for hit in ranking.best()] == [path for path in files if path.endswith("7")]
