"""Sections that order threads, for a process that keeps nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import trio
from msgspec import UNSET, UnsetType

from codex_trio.domain.ids import uuid7
from codex_trio.state.memory.organisation import MemoryTables, SectionPlace
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
from codex_trio.util.clock import now_ms


class MemorySections:
    """`clock` gives Unix milliseconds."""

    def __init__(self, tables: MemoryTables, *, clock: Callable[[], int] = now_ms) -> None:
        self._tables = tables
        self._clock = clock

    async def create(self, name: str, appearance: SectionAppearance | None) -> Section:
        await trio.lowlevel.checkpoint()
        section = Section(uuid7(), name, appearance)
        self._tables.sections[section.id] = section
        return section

    async def update(
        self, section_id: str, *, name: str, appearance: SectionAppearance | UnsetType | None
    ) -> tuple[Section, Sequence[str]]:
        await trio.lowlevel.checkpoint()
        refuse_pinned(section_id, deed="renamed")
        before = self._tables.sections.get(section_id)
        if before is None:
            raise section_not_found(section_id)
        look = before.appearance if appearance is UNSET else appearance
        section = self._tables.sections[section_id] = Section(section_id, name, look)
        return section, () if section == before else [thread_id for thread_id, _ in self._order(section_id)]

    async def delete(self, section_id: str) -> Sequence[str]:
        await trio.lowlevel.checkpoint()
        refuse_pinned(section_id, deed="deleted")
        if self._tables.sections.pop(section_id, None) is None:
            raise section_not_found(section_id)
        freed = [thread_id for thread_id, _ in self._order(section_id)]
        for thread_id in freed:
            del self._tables.section_places[thread_id]
        return freed

    async def list(self, *, cursor: str | None, limit: int | None) -> SectionPage:
        await trio.lowlevel.checkpoint()
        return page_sections(self._tables.sections.values(), cursor=cursor, limit=limit)

    async def move(self, thread_id: str, section_id: str | None, *, before_thread_id: str | None = None) -> None:
        await trio.lowlevel.checkpoint()
        check_move(section_id, before_thread_id=before_thread_id)
        places = self._tables.section_places
        if section_id is None:
            places.pop(thread_id, None)
            return
        if section_id not in self._tables.sections:
            raise no_section(section_id)
        position = place_in(
            self._order(section_id),
            thread_id,
            section_id,
            before_thread_id=before_thread_id,
            renumber=self._renumber,
        )
        before = places.get(thread_id)
        stays = before is not None and before.section_id == section_id
        entered_at_ms = before.entered_at_ms if before is not None and stays else self._clock()
        places[thread_id] = SectionPlace(section_id, position, entered_at_ms)

    def _order(self, section_id: str) -> list[tuple[str, int]]:
        """Return the threads of a section and their places, in order."""
        places = self._tables.section_places.items()
        found = [(place.position, thread_id) for thread_id, place in places if place.section_id == section_id]
        return [(thread_id, position) for position, thread_id in sorted(found)]

    def _renumber(self, order: Sequence[tuple[str, int]]) -> None:
        places = self._tables.section_places
        for thread_id, position in order:
            places[thread_id] = msgspec.structs.replace(places[thread_id], position=position)
