"""The best matches of a query among paths: which paths are worth a closer look, and the best of those.

Owns the rank: where a query is one plain word, files come first whose name it is, then folders of that name, then files
in whose name it is found, then all others; within these the score, then the path. Does not own scores.

Most paths are passed over: `frizbee` finds those that have the characters, with a score of its own from which a bound
of ours follows; only where the bound may be among the best is the score computed. Its order is not ours: it knows
neither the bonus that characters in a row share, nor the doubled one of the first.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

import frizbee
import msgspec

from codex_trio.search.characters import fold, padded, plain, visible
from codex_trio.search.pattern import Atom, Query
from codex_trio.search.scoring import Found, Scorer

MOST_HITS = 50

_FILE_OF_NAME, _FOLDER_OF_NAME, _FILE_WITH_NAME = 3 << 16, 2 << 16, 1 << 16
"""What is added where the word is the name, or is found in it."""

_EACH = 25
"""The most that a character that is found is worth: 16, and 9 where a name begins."""
_FIRST = 9
"""How much more the first one may be worth."""
_LOST = _EACH + _FIRST
"""How much at least is missing to the most where something is so far away that what came before counts no more."""

_PRUNE_AT = 1000
_MOST_SHAPES = 50_000

# Without bonuses, and with our price of what lies between.
_BOUND = frizbee.Scoring(
    match_score=_EACH,
    mismatch_penalty=1000,
    gap_open_penalty=3,
    gap_extend_penalty=1,
    prefix_bonus=0,
    capitalization_bonus=0,
    matching_case_bonus=0,
    exact_match_bonus=0,
    delimiter_bonus=0,
)


class _Measure:
    """How well one part of a query matches paths, and what is known of that without computing it."""

    def __init__(self, part: Atom, scorer: Scorer) -> None:
        self.part = part
        self.most = _EACH * len(part.needle) + _FIRST
        self._scorer = scorer
        is_word = part.kind == "fuzzy" and not part.keeps_accents and part.needle[0].isalnum()
        self._start = "/" + part.needle if is_word else None
        """Where this is found, the score is the highest."""
        self._shapes = _shapes(part.needle)
        self._known: dict[str, int | None] = {}
        """Scores by shape: paths that differ in other characters than the wanted ones have the same."""

    def score(self, text: str, plain_text: str) -> int | None:
        """Return how well a path matches, or a name; None when it does not."""
        if self._start is not None and self._start in "/" + plain_text:
            return self.most
        if not text.isascii():
            found = self.find(text)
            return found[0] if found else None
        shape = text.translate(self._shapes)
        if shape not in self._known:
            if len(self._known) >= _MOST_SHAPES:
                self._known.clear()
            found = self.find(shape)
            self._known[shape] = found[0] if found else None
        return self._known[shape]

    def find(self, text: str) -> Found | None:
        """Return the same with the positions that match."""
        seen = visible(text)
        folded = fold(seen)
        return self._scorer.score(self.part, folded if self.part.keeps_accents else plain(folded), padded(seen))


def _shapes(needle: str) -> dict[int, str]:
    """Return what stands for characters that are not wanted: one of their kind for all of them."""
    shapes: dict[int, str] = {}
    for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        unwanted = [character for character in kind if character.lower() not in needle]
        shapes.update({ord(character): unwanted[0] for character in unwanted})
    return shapes


class PathChunk:
    """Some paths below one root, first those of files, then those of folders, prepared for many queries.

    `root` is what clients call it, `folder` where it is. What most queries need is prepared by the first that does.
    """

    def __init__(self, root: str, folder: str, files: Sequence[str], folders: Sequence[str]) -> None:
        self.root = root
        self.folder = folder
        self.paths = [*files, *folders]
        self.files = len(files)

    @cached_property
    def path_haystacks(self) -> frizbee.Haystacks:
        """The paths, as queries see them."""
        return frizbee.Haystacks(_all_plain(self.paths))

    @cached_property
    def name_haystacks(self) -> frizbee.Haystacks:
        """The last part of each path, in the same way."""
        return frizbee.Haystacks(_all_plain([path.rpartition("/")[2] for path in self.paths]))


def _all_plain(texts: list[str]) -> list[str]:
    together = "\0".join(texts)
    # One call for all of them takes a tenth of the time.
    return together.lower().split("\0") if texts and together.isascii() else [_plain(text) for text in texts]


def _plain(text: str) -> str:
    return text.lower() if text.isascii() else plain(fold(visible(text)))


def _name(path: str) -> str:
    return path[path.rfind("/") + 1 :]


class Hit(msgspec.Struct, frozen=True, gc=False):
    """A path that matches, and at which of its characters."""

    root: str
    path: str
    is_folder: bool
    score: int
    indices: list[int]


_Candidate: TypeAlias = "tuple[int, str, str, bool]"
"""Its score, negative so that the best is the least; its path, its root, and whether it is a folder."""


class Ranking:
    """The best matches of one query among the chunks that it was shown."""

    def __init__(self, query: Query) -> None:
        scorer = Scorer()
        self._name = query.name
        self._wanted = [_Measure(part, scorer) for part in query.parts if not part.negated]
        self._refused = [_Measure(part, scorer) for part in query.parts if part.negated]
        self._most = sum(measure.most for measure in self._wanted)
        self._matcher = _matcher([measure.part for measure in self._wanted])
        self._best: list[_Candidate] = []
        self._last: _Candidate | None = None
        """The last of the best, once these are MOST_HITS: what comes must be better."""

    def add(self, *chunks: PathChunk) -> None:
        """Take the matches of chunks in. Blocking: some milliseconds for some thousand paths."""
        for chunk in chunks:
            self._add_chunk(chunk)

    def _add_chunk(self, chunk: PathChunk) -> None:
        named: set[int] = set()
        if self._name is not None:
            self._add(chunk, self._by_name(chunk, named))
        # Where all of the best have the word in their names, no other path can be one of them.
        if self._floor() < _FILE_WITH_NAME:
            self._add(chunk, self._by_path(chunk, named))

    def best(self) -> list[Hit]:
        """Return the best so far, best first."""
        self._prune()
        return [self._hit(candidate) for candidate in self._best]

    def _floor(self) -> int:
        """Return the score that a match has to reach."""
        return -self._last[0] if self._last is not None else 0

    def _add(self, chunk: PathChunk, scored: Iterable[tuple[int, int]]) -> None:
        for index, score in scored:
            candidate = (-score, chunk.paths[index], chunk.root, index >= chunk.files)
            if self._last is None or candidate < self._last:
                self._best.append(candidate)
                if len(self._best) >= (MOST_HITS if self._last is None else _PRUNE_AT):
                    self._prune()
        self._prune()

    def _prune(self) -> None:
        self._best.sort()
        del self._best[MOST_HITS:]
        if len(self._best) == MOST_HITS:
            self._last = self._best[-1]

    def _by_name(self, chunk: PathChunk, named: set[int]) -> Iterator[tuple[int, int]]:
        """Return the places and scores of what is found by its name; `named` are all of them that could be among the
        best.
        """
        measure = self._wanted[0]
        needle = plain(measure.part.needle)
        assert self._matcher is not None
        for match in self._matcher.match_list(chunk.name_haystacks):
            index = match.index
            is_folder = index >= chunk.files
            name = _name(chunk.paths[index])
            plain_name = _plain(name)
            is_name = plain_name == needle
            if is_folder and not is_name:
                continue
            tier = (_FOLDER_OF_NAME if is_folder else _FILE_OF_NAME) if is_name else _FILE_WITH_NAME
            if self._is_beaten(tier + self._bound(match.score), chunk.paths[index]):
                continue
            score = measure.score(name, plain_name)
            if score is not None:
                named.add(index)
                yield index, tier + score

    def _by_path(self, chunk: PathChunk, named: set[int]) -> Iterator[tuple[int, int]]:
        """Return the places and scores of what is found by its path, save for `named`."""
        for index, bound in self._candidates(chunk):
            if bound < self._floor():
                return
            if index not in named and not self._is_beaten(bound, chunk.paths[index]):
                score = self._score(chunk.paths[index], _plain(chunk.paths[index]))
                if score is not None:
                    yield index, score

    def _candidates(self, chunk: PathChunk) -> Iterator[tuple[int, int]]:
        """Return the places of paths that may match, with what their scores cannot exceed, the highest first."""
        if self._matcher is None:
            yield from ((index, 0) for index in range(len(chunk.paths)))
        else:
            for match in self._matcher.match_list(chunk.path_haystacks):
                yield match.index, self._bound(match.score)

    def _bound(self, score: int) -> int:
        return max(score + _FIRST * len(self._wanted), self._most - _LOST)

    def _is_beaten(self, bound: int, path: str) -> bool:
        """Return whether a path with a score of so much at most is none of the best."""
        return self._last is not None and (-bound, path) > self._last[:2]

    def _score(self, path: str, plain_path: str) -> int | None:
        if any(measure.score(path, plain_path) is not None for measure in self._refused):
            return None
        score = 0
        for measure in self._wanted:
            found = measure.score(path, plain_path)
            if found is None:
                return None
            score += found
        return score

    def _hit(self, candidate: _Candidate) -> Hit:
        negative_score, path, root, is_folder = candidate
        start = path.rfind("/") + 1 if -negative_score >= _FILE_WITH_NAME else 0
        before = len(visible(path[:start]))
        found = [measure.find(path[start:]) for measure in self._wanted]
        indices = sorted({before + index for one in found if one is not None for index in one[1]})
        return Hit(root, path, is_folder, -negative_score, indices)


def _matcher(parts: Sequence[Atom]) -> frizbee.Matcher | None:
    """Return what finds the paths that have all these parts, in the order of the highest scores that they may have."""
    if not parts:
        return None
    return frizbee.Matcher.from_patterns(
        [
            frizbee.Pattern(
                plain(part.needle),
                matching="fuzzy" if part.kind == "fuzzy" else "substring",
                max_typos=0,
                casing="respect",
                unicode="always",
                scoring=_BOUND,
            )
            for part in parts
        ],
        sort="score_then_index_asc",
    )
