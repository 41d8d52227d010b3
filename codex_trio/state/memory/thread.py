"""One thread that is kept in memory, and what its lines tell.

Owns what has been read of the lines: it is read again only when there are more of them. Does not own the lines
(state/rollout/memory_lines.py) nor the other threads (memory.py). Methods that read are for worker threads.
"""

from __future__ import annotations

from collections.abc import Sequence

from codex_trio.state.memory.rows import MemoryRow
from codex_trio.state.rollout.memory_lines import MemoryLines
from codex_trio.state.rollout.scan import scan
from codex_trio.state.rollout.sources import BaseLocator
from codex_trio.state.store.contents import RolloutContents, contents_of_summary, read_contents, summary_of
from codex_trio.state.store.interface import ThreadSummary
from codex_trio.state.store.text import text_of


class MemoryThread:
    """Its rollouts are in the order in which they were begun, the one that it goes on in last."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id
        self.rollouts: list[MemoryLines] = []
        self.is_archived = False
        # What was found last time, and in which lines: a worker thread may find the same as another at a time.
        self._row: tuple[tuple[object, ...], MemoryRow] | None = None
        self._contents: tuple[MemoryLines, RolloutContents] | None = None
        self._texts: tuple[MemoryLines, int, Sequence[str]] | None = None

    @property
    def latest(self) -> MemoryLines:
        """The rollout that the thread goes on in."""
        return self.rollouts[-1]

    def row(self, told: ThreadSummary | None, name: str | None, locate_base: BaseLocator) -> MemoryRow | None:
        """Return the thread as lists show it, by what it tells of itself if it is loaded. None when it is gone."""
        lines = self.latest
        state = (lines, lines.size, name, self.is_archived)
        if told is None and self._row is not None and self._row[0] == state:
            return self._row[1]
        try:
            contents = self._read(lines, locate_base) if told is None else contents_of_summary(told)
        except OSError:
            return None
        summary = summary_of(
            contents, path=None, is_archived=self.is_archived, name=name, updated_at_ms=lines.changed_ms
        )
        if summary is None:
            return None
        row = MemoryRow(summary, contents.is_listable)
        if told is None:
            self._row = (state, row)
        return row

    def _read(self, lines: MemoryLines, locate_base: BaseLocator) -> RolloutContents:
        known = None
        if self._contents is not None and self._contents[0] is lines:
            known = self._contents[1]
        with lines.opened() as reader:
            contents = read_contents(lines, reader, locate_base=locate_base, known=known)
        self._contents = (lines, contents)
        return contents

    def texts(self) -> Sequence[str]:
        """Return what was said and run in the rollout that the thread goes on in."""
        lines = self.latest
        size, start = lines.size, 0
        known: Sequence[str] = ()
        if self._texts is not None and self._texts[0] is lines:
            _, start, known = self._texts
        if start < size:
            words = (text_of(raw.whole(lines)) for raw in scan(lines, start, size))
            known = [*known, *filter(None, words)]
            self._texts = (lines, size, known)
        return known
