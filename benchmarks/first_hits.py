"""Times the first threads that a streamed search tells, in an index of very many threads.

    python -m benchmarks.first_hits --threads 100000

Owns an index that is filled as the store fills it, row by row, without a file for each thread: only those that are
found have one. Each figure is of the store's look for the first threads, which is what a client waits for.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec
import trio

from benchmarks.connection import milliseconds, percentile
from codex_trio.domain.ids import uuid7
from codex_trio.state.db.initializer import open_state_db, state_db_path
from codex_trio.state.db.state_db import StateDb, Transaction
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.index.search import ThreadTextIndex
from codex_trio.state.local.names import ThreadNames
from codex_trio.state.rollout.lines import SessionMeta, format_timestamp
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.store.contents import FileVersion, IndexedRollout, RolloutFacts
from codex_trio.state.store.interface import SearchQuery

BOUND_MS = 50.0
"""Within what time the first threads are to be told, at 100,000 threads."""

_NOW_MS = 1_795_350_000_000
_BATCH = 5_000
_ROUNDS = 20
_NEEDLE_EVERY = 500
_VOCABULARY = (
    "fix refactor test parser index cache socket thread turn server client wire schema stream token retry error "
    "timeout config reader writer queue window page cursor search patch review sandbox policy shell command output"
)
_WORDS = _VOCABULARY.split()
_TERMS = {"a word of every thread": "common", "a word of few threads": "quokka", "two letters": "co", "none": "zebra"}
_NO_FILE = FileVersion(inode=1, size=1, mtime_ns=_NOW_MS * 1_000_000)


class Home:
    """An index of threads, most of which have no file."""

    def __init__(self, path: Path, database: StateDb) -> None:
        self._paths = RolloutPaths(path)
        self._database = database
        self._index = RolloutIndex(database, codex_home=path, paths=self._paths, names=ThreadNames(path))
        self._chosen = random.Random(1)
        self.text = ThreadTextIndex(self._index, database)

    async def fill(self, threads: int) -> None:
        """Put so many threads into the index."""
        for begin in range(0, threads, _BATCH):
            batch = range(begin, min(begin + _BATCH, threads))
            said = [self._said(number) for number in batch]
            # What will be found is looked at: the last ones, and those with the rare word.
            has_file = [number >= threads - 100 or number % _NEEDLE_EVERY == 1 for number in batch]
            rows = list(map(self._row, batch, said, has_file))
            await self._index.put(rows)
            await self._database.write(partial(_put_texts, said=said))

    def _said(self, number: int) -> str:
        rare = " quokka" if number % _NEEDLE_EVERY == 1 else ""
        return f"common words{rare} {' '.join(self._chosen.choices(_WORDS, k=100))}"

    def _row(self, number: int, said: str, has_file: bool) -> IndexedRollout:  # noqa: FBT001  # called by map
        thread_id, created_ms = uuid7(), _NOW_MS + number * 1000
        meta = SessionMeta(
            id=thread_id, timestamp=format_timestamp(created_ms), cwd="/work", source="vscode", model_provider="p"
        )
        path = self._paths.new_path(thread_id, created_ms=created_ms)
        return IndexedRollout(
            path=path,
            is_archived=False,
            version=_write(path, said) if has_file else _NO_FILE,
            thread_id=thread_id,
            facts=RolloutFacts(meta=meta, git=None, model="m", reasoning_effort=None),
            preview=said[:80],
            is_listable=True,
        )


def _write(path: Path, said: str) -> FileVersion:
    item = {"type": "UserMessage", "id": "said", "content": [{"type": "text", "text": said}]}
    line = {"type": "event_msg", "payload": {"type": "item_completed", "item": item}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(line) + b"\n")
    version = FileVersion.of(path)
    assert version is not None
    return version


def _put_texts(transaction: Transaction, *, said: Sequence[str]) -> None:
    waiting = [*transaction.rows("SELECT id, size FROM rollouts WHERE text_size <> size ORDER BY id")]
    for (rollout_id, size), text in zip(waiting, said, strict=True):
        transaction.run("INSERT INTO text_spans (rollout_id, first, past) VALUES (?, 0, ?)", rollout_id, size)
        transaction.run("INSERT INTO text_index (rowid, text) VALUES (?, ?)", transaction.last_id, text)
        transaction.run("UPDATE rollouts SET text_size = size, text_inode = inode WHERE id = ?", rollout_id)


async def measure(threads: int, tell: Callable[[str], None]) -> bool:
    """Tell how long the first threads take to be found; whether that is within the bound."""
    with tempfile.TemporaryDirectory() as folder:
        database = await open_state_db(state_db_path(Path(folder)))
        try:
            home = Home(Path(folder), database)
            await home.fill(threads)
            slowest = 0.0
            for name, term in _TERMS.items():
                times: list[float] = []
                found = 0
                for _ in range(_ROUNDS):
                    begin = time.perf_counter()
                    hits = await home.text.glance(SearchQuery(term=term), known=(), is_loaded=lambda _: False)
                    times.append(time.perf_counter() - begin)
                    found = len(hits)
                middle, last = milliseconds(percentile(times, 0.5)), milliseconds(max(times))
                slowest = max(slowest, middle)
                tell(f"{name:24} {found} threads  p50 {middle:6.1f} ms  slowest {last:6.1f} ms")
            return slowest < BOUND_MS
        finally:
            await database.aclose()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and say with the exit code whether the bound is kept."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.first_hits", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--threads", metavar="N", type=int, default=100_000, help="how many (default: 100000)")
    options = parser.parse_args(arguments)
    return 0 if trio.run(measure, options.threads, print) else 1


if __name__ == "__main__":
    sys.exit(main())
