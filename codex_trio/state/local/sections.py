"""Sections that order threads, in the state database.

Owns the tables `sections` and `section_threads`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from codex_trio.domain.ids import uuid7
from codex_trio.state.db.state_db import Transaction
from codex_trio.state.local.retrying_db import RetryingDb
from codex_trio.state.store.sections import (
    Section,
    SectionAppearance,
    SectionPage,
    check_move,
    no_section,
    page_sections,
    place_in,
    refuse_pinned,
    section_not_found,
)
from codex_trio.util import decoding
from codex_trio.util.clock import now_ms

_appearance_decoder = decoding.json_decoder(SectionAppearance)

_MOVE = """
INSERT INTO section_threads (thread_id, section_id, position, entered_at_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (thread_id) DO UPDATE SET
    entered_at_ms = iif(section_id = excluded.section_id, entered_at_ms, excluded.entered_at_ms),
    section_id = excluded.section_id, position = excluded.position
"""


class LocalSections:
    """`clock` gives Unix milliseconds."""

    def __init__(self, database: RetryingDb, *, clock: Callable[[], int] = now_ms) -> None:
        self._database = database
        self._clock = clock

    async def create(self, name: str, appearance: SectionAppearance | None) -> Section:
        section = Section(uuid7(), name, appearance)
        await self._database.keep(partial(_put, section=section))
        return section

    async def update(
        self, section_id: str, *, name: str, appearance: SectionAppearance | UnsetType | None
    ) -> tuple[Section, Sequence[str]]:
        refuse_pinned(section_id, deed="renamed")

        def work(transaction: Transaction) -> tuple[Section, Sequence[str]]:
            before = _find(transaction, section_id)
            if before is None:
                raise section_not_found(section_id)
            look = before.appearance if appearance is UNSET else appearance
            section = Section(section_id, name, look)
            if section == before:
                return before, ()
            _put(transaction, section=section)
            return section, [thread_id for thread_id, _ in _order(transaction, section_id)]

        return await self._database.keep(work)

    async def delete(self, section_id: str) -> Sequence[str]:
        refuse_pinned(section_id, deed="deleted")

        def work(transaction: Transaction) -> Sequence[str]:
            if not transaction.run("DELETE FROM sections WHERE id = ?", section_id):
                raise section_not_found(section_id)
            freed = [thread_id for thread_id, _ in _order(transaction, section_id)]
            transaction.run("DELETE FROM section_threads WHERE section_id = ?", section_id)
            return freed

        return await self._database.keep(work)

    async def list(self, *, cursor: str | None, limit: int | None) -> SectionPage:
        sections = await self._database.read(_all)
        return page_sections(sections, cursor=cursor, limit=limit)

    async def move(self, thread_id: str, section_id: str | None, *, before_thread_id: str | None = None) -> None:
        check_move(section_id, before_thread_id=before_thread_id)

        def work(transaction: Transaction) -> None:
            if section_id is None:
                transaction.run("DELETE FROM section_threads WHERE thread_id = ?", thread_id)
                return
            if _find(transaction, section_id) is None:
                raise no_section(section_id)
            position = place_in(
                _order(transaction, section_id),
                thread_id,
                section_id,
                before_thread_id=before_thread_id,
                renumber=partial(_renumber, transaction),
            )
            transaction.run(_MOVE, thread_id, section_id, position, self._clock())

        await self._database.keep(work)


def section_of(columns: Sequence[Any]) -> Section | None:
    """Return the section that these columns (id, name, appearance) make, if there is one."""
    section_id, name, appearance = columns
    if section_id is None:
        return None
    return Section(section_id, name, None if appearance is None else _appearance_decoder.decode(appearance))


def _put(transaction: Transaction, *, section: Section) -> None:
    look = None if section.appearance is None else msgspec.json.encode(section.appearance).decode()
    transaction.run(
        "INSERT INTO sections (id, name, appearance) VALUES (?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, appearance = excluded.appearance",
        section.id,
        section.name,
        look,
    )


def _find(transaction: Transaction, section_id: str) -> Section | None:
    found = transaction.row("SELECT id, name, appearance FROM sections WHERE id = ?", section_id)
    return None if found is None else section_of(found)


def _all(transaction: Transaction) -> list[Section]:
    found = map(section_of, transaction.rows("SELECT id, name, appearance FROM sections"))
    return [section for section in found if section is not None]


def _order(transaction: Transaction, section_id: str) -> list[tuple[str, int]]:
    """Return the threads of a section and their places, in order."""
    rows = transaction.rows(
        "SELECT thread_id, position FROM section_threads WHERE section_id = ? ORDER BY position, thread_id", section_id
    )
    return [(thread_id, position) for thread_id, position in rows]


def _renumber(transaction: Transaction, order: Sequence[tuple[str, int]]) -> None:
    places = [(position, thread_id) for thread_id, position in order]
    transaction.run_many("UPDATE section_threads SET position = ? WHERE thread_id = ?", places)
