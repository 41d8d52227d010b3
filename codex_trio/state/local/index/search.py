"""Full-text search over what was said and run in threads.

Owns the tables `text_spans` and `text_index`. The index (FTS5, by trigrams) holds no text, only where in which file
words are: a snippet is read from the rollout file. Like the list, a search reads first what it needs and lacks, the
newest threads first; the background does the same for everything.

What is found is what the words are part of, in any case, with every run of blanks taken for one space.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import cast

import msgspec
import trio

from codex_trio.state.db.state_db import SqlValue, StateDb, Transaction
from codex_trio.state.local.index import listing
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.index.table import COLUMNS
from codex_trio.state.store import paging
from codex_trio.state.store.contents import PASSING, FileVersion, IndexedRollout
from codex_trio.state.store.interface import GLANCED, SearchPage, SearchQuery, ThreadPage, ThreadQuery
from codex_trio.state.store.snippets import pattern_of, snippet_of
from codex_trio.state.store.text import TextSpan, normalized, spans, texts

PATIENCE_SECONDS = 20.0
"""How long a search reads what is not indexed yet; then it answers with what is."""

_FILES_PER_STEP = 512
_CHARACTERS_PER_STEP = 1_500_000
_BYTES_PER_STEP = 32 << 20
"""How much is read and written in one step, for a client that waits for all: a transaction that writes holds up all
others, but what many small ones write is merged, and so written, again and again."""

_MUCH = 100_000
"""So many characters in one transaction are written once, as a part of the index by itself. Merging parts as they come
would write all of them three times over; parts that stand are merged little by little, as smaller ones follow."""

_HELD_BYTES = 32 << 20
_PARTS = 1000
_PARTS_MERGED = 4
"""FTS5's own number of parts of one size that are merged into one."""

_PLACES_PER_STEP = 128
"""How many places are read in files before somebody may have given up."""

_GLANCED_SPANS = 10_000
"""How many places are looked at for the first threads that may be shown: most may belong to others."""

_GLANCED_SPANS_OF_SHORT = 64

_LONGEST_PHRASE = 100
"""How many characters the index is asked for: each of them costs it time. What is longer is looked for in the files."""

_TRIGRAM = 3
_LAST_CHARACTER = "\U0010ffff"
_NOTHING = "\x1f\x1e\x1f"
_NO_PAGE = object()


class _Behind(msgspec.Struct, frozen=True):
    """A file of which some is not indexed yet. `offset` and `inode` say how far it is, and of which file that was."""

    rollout_id: int
    path: Path
    file_inode: int
    file_size: int
    offset: int
    inode: int

    @property
    def is_replaced(self) -> bool:
        """Whether nothing that is indexed holds any more."""
        return self.inode != self.file_inode or self.offset > self.file_size


class _Step(msgspec.Struct, frozen=True):
    """Some more of a file; `is_last` when that is all of it."""

    file: _Behind
    spans: Sequence[TextSpan]
    is_last: bool


class ThreadTextIndex:
    """Calls raise StateDbError."""

    def __init__(self, index: RolloutIndex, database: StateDb) -> None:
        self._index = index
        self._database = database
        # Several that read the same would only be in each other's way.
        self._reading = trio.Lock()

    async def search(self, query: SearchQuery, *, is_loaded: Callable[[str], bool]) -> SearchPage:
        """Return a page of threads with these words; `is_loaded` as for RolloutIndex.page. Raises InvalidCursor."""
        term = normalized(query.term)
        page = await self._page(paging.listing_of(query), term, is_loaded)
        found = await self._database.read(partial(self._first_spans, term=term, page=page))
        snippets = await trio.to_thread.run_sync(_snippets, found, term)
        return paging.hits_of(page, snippets)

    async def glance(
        self, query: SearchQuery, *, known: Collection[str], is_loaded: Callable[[str], bool]
    ) -> Sequence[tuple[IndexedRollout, str]]:
        """Return some threads with these words, as they are found in the index, and the words; `is_loaded` as for
        RolloutIndex.page.

        No file is looked at but those of what is found: only what still has the words is given.
        """
        term = normalized(query.term)
        found = await self._database.read(partial(self._some, query=query, term=term, known=known))
        return await trio.to_thread.run_sync(_still_found, found, term, is_loaded)

    def _some(
        self, transaction: Transaction, *, query: SearchQuery, term: str, known: Collection[str]
    ) -> list[tuple[IndexedRollout, tuple[int, int]]]:
        """Return the rows of some rollouts with the words, and where those are."""
        conditions, values = listing.terms(paging.listing_of(query), None)
        looked_at: set[int] = set()
        found: list[tuple[IndexedRollout, tuple[int, int]]] = []
        for rollout_id, first, past in _places(transaction, term):
            if rollout_id in looked_at:
                continue
            looked_at.add(rollout_id)
            row = transaction.row(
                f"SELECT {COLUMNS} FROM rollouts WHERE id = ? AND {' AND '.join(conditions)}", rollout_id, *values
            )
            if row is None:
                continue
            rollout = self._index.row_of(row)
            if rollout.thread_id in known:
                continue
            found.append((rollout, (first, past)))
            if len(found) == GLANCED and len(term) >= _TRIGRAM:
                break
        return found

    async def _page(self, query: ThreadQuery, term: str, is_loaded: Callable[[str], bool]) -> ThreadPage:
        started = time.monotonic()
        is_behind = False
        checked: object = _NO_PAGE
        holders: str | None = None

        def condition(transaction: Transaction) -> tuple[str, str]:
            nonlocal is_behind
            is_behind = _is_behind(transaction)
            if holders is not None:
                return "id IN (SELECT value FROM json_each(?))", holders
            return _condition(transaction, term=term)

        while True:
            if len(term) > _LONGEST_PHRASE:
                holders = json.dumps(await self._holders(term))
            page = await self._index.page(query, is_loaded=is_loaded, extra=condition)
            if not is_behind or page.next_cursor == checked or time.monotonic() - started > PATIENCE_SECONDS:
                return page
            cursor = paging.cursor_of(query)
            beyond = page.next_cursor and paging.parse_cursor(page.next_cursor, query.sort_key)
            terms, values = listing.terms(query, cursor, until=beyond or None)
            behind = await self._database.read(partial(self._behind, condition=" AND ".join(terms), values=values))
            has_more = await self._catch_up(behind)
            # Else somebody else may have caught up since the page was made: the next one is good if it ends there too.
            checked = _NO_PAGE if has_more else page.next_cursor

    async def _holders(self, term: str) -> list[int]:
        """Return the rollouts that have a long term whole, by their ids."""
        places = await self._database.read(self._candidates, term=term)
        pattern = pattern_of(term)
        held: set[int] = set()
        for begin in range(0, len(places), _PLACES_PER_STEP):
            some = [place for place in places[begin : begin + _PLACES_PER_STEP] if place[0] not in held]
            held |= await trio.to_thread.run_sync(_with_pattern, some, pattern)
        return sorted(held)

    def _candidates(self, transaction: Transaction, *, term: str) -> list[tuple[int, Path, int, int]]:
        rows = transaction.rows(
            "SELECT rollouts.id, path, first, past FROM text_index JOIN text_spans ON text_spans.id = text_index.rowid"
            " JOIN rollouts ON rollouts.id = rollout_id WHERE text_index MATCH ?",
            _match(transaction, term),
        )
        return [(rollout_id, self._index.path(key), first, past) for rollout_id, key, first, past in rows]

    async def catch_up(self, characters: int = _CHARACTERS_PER_STEP) -> bool:
        """Indexe some of what is not indexed yet, about so much; False when there was nothing that can be read."""
        behind = await self._database.read(partial(self._behind, condition="is_listed", values=()))
        return await self._catch_up(behind, characters)

    async def _catch_up(self, behind: Sequence[_Behind], characters: int = _CHARACTERS_PER_STEP) -> bool:
        if not behind:
            return False
        async with self._reading:
            steps = await trio.to_thread.run_sync(_read, behind, characters)
            if steps:
                await self._database.write(partial(_put, steps=steps))
        return bool(steps)

    def _behind(self, transaction: Transaction, *, condition: str, values: Sequence[SqlValue]) -> list[_Behind]:
        rows = transaction.rows(
            "SELECT id, path, inode, size, text_offset, text_inode FROM rollouts INDEXED BY rollouts_text_behind"
            f" WHERE text_size <> size AND {condition} ORDER BY created_at_ms DESC LIMIT {_FILES_PER_STEP}",
            *values,
        )
        return [_Behind(row[0], self._index.path(row[1]), *row[2:]) for row in rows]

    def _first_spans(self, transaction: Transaction, *, term: str, page: ThreadPage) -> list[_Place]:
        places: list[_Place] = []
        match = _match(transaction, term)
        for thread in page.threads:
            assert thread.path is not None
            span = transaction.row(
                "SELECT first, past FROM text_spans WHERE rollout_id = (SELECT id FROM rollouts WHERE path = ?) AND"
                " EXISTS (SELECT 1 FROM text_index WHERE text_index MATCH ? AND rowid = text_spans.id)"
                " ORDER BY first LIMIT 1",
                self._index.key(thread.path),
                match,
            )
            places.append(_Place(thread.path, thread.preview, span))
        return places


def _places(transaction: Transaction, term: str) -> Iterator[tuple[int, int, int]]:
    """Yield where the words are, or may well be, in the order of the index, which needs no other:
    rollout, and from, to.
    """
    if len(term) < _TRIGRAM:
        # Nearly every text has so few characters: counting those that do takes longer than to look at some.
        newest = f"SELECT rollout_id, first, past FROM text_spans ORDER BY id DESC LIMIT {_GLANCED_SPANS_OF_SHORT}"
        return cast("Iterator[tuple[int, int, int]]", transaction.rows(newest))
    matching = (
        "SELECT rollout_id, first, past FROM text_index JOIN text_spans ON text_spans.id = text_index.rowid"
        f" WHERE text_index MATCH ? ORDER BY text_index.rowid DESC LIMIT {_GLANCED_SPANS}"
    )
    return cast("Iterator[tuple[int, int, int]]", transaction.rows(matching, _match(transaction, term)))


class _Place(msgspec.Struct, frozen=True):
    """Where in a file words are; the preview stands in when they are not there any more."""

    path: Path
    preview: str
    span: tuple[int, ...] | None


def _is_behind(transaction: Transaction) -> bool:
    """Return whether there is a file of which some is not indexed."""
    behind = "SELECT 1 FROM rollouts INDEXED BY rollouts_text_behind WHERE is_listed AND text_size <> size LIMIT 1"
    return transaction.row(behind) is not None


def _condition(transaction: Transaction, *, term: str) -> tuple[str, str]:
    """Return what rollouts that have the words fulfil, and its value."""
    return (
        "id IN (SELECT rollout_id FROM text_spans WHERE id IN (SELECT rowid FROM text_index WHERE text_index MATCH ?))",
        _match(transaction, term),
    )


def _match(transaction: Transaction, term: str) -> str:
    """Return the term as FTS5 takes it: a phrase of trigrams; a shorter one is every trigram that begins with it."""
    if len(term) >= _TRIGRAM:
        return _quoted(term[:_LONGEST_PHRASE])
    folded = term.lower()
    last = folded + _LAST_CHARACTER * _TRIGRAM
    # A text that ends with the term has separators after it.
    begun = transaction.rows("SELECT term FROM text_terms WHERE term >= ? AND term <= ?", folded, last)
    return " OR ".join(_quoted(trigram) for (trigram,) in begun) or _quoted(_NOTHING)


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _read(behind: Sequence[_Behind], characters: int) -> list[_Step]:
    steps: list[_Step] = []
    left, left_bytes = characters, _BYTES_PER_STEP
    for file in behind:
        if left <= 0 or left_bytes <= 0:
            break
        found: list[TextSpan] = []
        is_last = True
        try:
            for span in spans(file.path, start=0 if file.is_replaced else file.offset, end=file.file_size):
                found.append(span)
                left -= len(span.text)
                left_bytes -= span.end - span.start
                if left <= 0 or left_bytes <= 0:
                    is_last = False
                    break
        except OSError as error:
            if error.errno in PASSING:
                continue  # It stays behind, until it can be read.
            # Else it is gone: the list will notice.
        steps.append(_Step(file, found, is_last=is_last))
    return steps


def _put(transaction: Transaction, *, steps: Sequence[_Step]) -> None:
    # FTS5 holds what is added until another statement comes in between: so the words come last, and together.
    words: list[tuple[int, str]] = []
    for step in steps:
        words += _put_places(transaction, step)
    is_much = sum(len(text) for _, text in words) >= _MUCH
    if is_much:
        _configure(transaction, hashsize=_HELD_BYTES, crisismerge=_PARTS, automerge=0)
    transaction.run_many("INSERT INTO text_index (rowid, text) VALUES (?, ?)", words)
    if is_much:
        _configure(transaction, automerge=_PARTS_MERGED)


def _configure(transaction: Transaction, **settings: int) -> None:
    """Set what the index keeps as its settings."""
    for name, value in settings.items():
        transaction.run("INSERT INTO text_index (text_index, rank) VALUES (?, ?)", name, value)


def _put_places(transaction: Transaction, step: _Step) -> Iterator[tuple[int, str]]:
    """Note how far a file is indexed, and where its words are. Gives them by the ids of their places."""
    file = step.file
    now = transaction.row("SELECT text_offset, text_inode, inode FROM rollouts WHERE id = ?", file.rollout_id)
    if now != (file.offset, file.inode, file.file_inode):
        return  # Another process was faster.
    if file.is_replaced:
        transaction.run("DELETE FROM text_spans WHERE rollout_id = ?", file.rollout_id)
    for span in step.spans:
        if span.text:
            transaction.run(
                "INSERT INTO text_spans (rollout_id, first, past) VALUES (?, ?, ?)",
                file.rollout_id,
                span.start,
                span.end,
            )
            yield transaction.last_id, span.text
    offset = step.spans[-1].end if step.spans else (0 if file.is_replaced else file.offset)
    transaction.run(
        "UPDATE rollouts SET text_offset = ?, text_inode = ?, text_size = iif(?, ?, -1) WHERE id = ?",
        offset,
        file.file_inode,
        step.is_last,
        file.file_size,
        file.rollout_id,
    )


def _with_pattern(places: Sequence[tuple[int, Path, int, int]], pattern: re.Pattern[str]) -> set[int]:
    """Return the rollouts among those at whose places the pattern is."""
    held: set[int] = set()
    for rollout_id, path, first, past in places:
        with contextlib.suppress(OSError):
            if rollout_id not in held and any(map(pattern.search, texts(path, start=first, end=past))):
                held.add(rollout_id)
    return held


def _still_found(
    found: Sequence[tuple[IndexedRollout, tuple[int, int]]], term: str, is_loaded: Callable[[str], bool]
) -> list[tuple[IndexedRollout, str]]:
    """Return those whose files are as they were when they were indexed, and have the words; with these."""
    pattern = pattern_of(term)
    still: list[tuple[IndexedRollout, str]] = []
    for rollout, (first, past) in found:
        if len(still) == GLANCED:
            break
        if not is_loaded(rollout.thread_id) and FileVersion.of(rollout.path) != rollout.version:
            continue
        with contextlib.suppress(OSError):
            said = texts(rollout.path, start=first, end=past)
            if any(pattern.search(text) for text in said):
                still.append((rollout, snippet_of(said, pattern, otherwise=rollout.preview)))
    return still


def _snippets(places: Sequence[_Place], term: str) -> list[str]:
    pattern = pattern_of(term)
    return [_snippet(place, pattern) for place in places]


def _snippet(place: _Place, pattern: re.Pattern[str]) -> str:
    """Return the words around the first match."""
    found: list[str] = []
    if place.span is not None:
        with contextlib.suppress(OSError):  # Gone meanwhile.
            found = texts(place.path, start=place.span[0], end=place.span[1])
    return snippet_of(found, pattern, otherwise=place.preview)
