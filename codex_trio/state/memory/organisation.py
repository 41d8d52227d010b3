"""Projects, sections and attachments of a process that keeps nothing: what stands where.

Owns the values, as the tables of a database do. Does not own what the stores promise (projects.py, sections.py,
attachments.py). Reads and changes do not wait, so that each is a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import trio

from codex_trio.domain.ids import uuid7
from codex_trio.state.store.attachments import Attachment, AttachmentName
from codex_trio.state.store.placements import NOWHERE, Placement
from codex_trio.state.store.projects import Project
from codex_trio.state.store.sections import PINNED, Section


class SectionPlace(msgspec.Struct, frozen=True):
    """Where in which section a thread is. The time is Unix milliseconds."""

    section_id: str
    position: int
    entered_at_ms: int


class MemoryTables:
    def __init__(self) -> None:
        self.projects: dict[str, Project] = {}
        self.project_keys: dict[str, str] = {}
        self.thread_projects: dict[str, str] = {}
        self.sections: dict[str, Section] = {PINNED.id: PINNED}
        self.section_places: dict[str, SectionPlace] = {}
        self.attachments: dict[str, dict[AttachmentName, Attachment]] = {}

    def placement(self, thread_id: str) -> Placement:
        """Return where a thread stands."""
        place = self.section_places.get(thread_id)
        return Placement(
            project_id=self.thread_projects.get(thread_id),
            section=None if place is None else self.sections[place.section_id],
            section_entered_at_ms=None if place is None else place.entered_at_ms,
        )

    def forget(self, thread_ids: Iterable[str]) -> None:
        """Drop what is about threads that are gone."""
        for thread_id in thread_ids:
            self.thread_projects.pop(thread_id, None)
            self.section_places.pop(thread_id, None)
            self.attachments.pop(thread_id, None)


class MemoryPlacements:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def of(self, thread_ids: Sequence[str]) -> Mapping[str, Placement]:
        await trio.lowlevel.checkpoint()
        placed = {thread_id: self._tables.placement(thread_id) for thread_id in thread_ids}
        return {thread_id: placement for thread_id, placement in placed.items() if placement != NOWHERE}

    async def inherit(self, source_id: str, thread_id: str) -> None:
        await trio.lowlevel.checkpoint()
        tables = self._tables
        if source_id in tables.thread_projects:
            tables.thread_projects.setdefault(thread_id, tables.thread_projects[source_id])
        own = tables.attachments.setdefault(thread_id, {})
        for name, attachment in tables.attachments.get(source_id, {}).items():
            own.setdefault(name, msgspec.structs.replace(attachment, id=uuid7()))
