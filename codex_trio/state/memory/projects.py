"""Projects, for a process that keeps nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import trio

from codex_trio.domain.ids import uuid7
from codex_trio.state.memory.organisation import MemoryTables
from codex_trio.state.store.projects import (
    NewProject,
    Project,
    ProjectChange,
    ProjectPage,
    ProjectQuery,
    changed,
    key_of_deleted,
    page_projects,
    project_not_found,
    reordered,
)
from codex_trio.util.clock import now_ms


class MemoryProjects:
    """Projects in memory.

    `recencies` tells when something was last written to each thread that is not archived; `clock` gives Unix
    milliseconds.
    """

    def __init__(
        self,
        tables: MemoryTables,
        *,
        recencies: Callable[[], Awaitable[Mapping[str, int]]],
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._tables = tables
        self._recencies = recencies
        self._clock = clock

    async def create(self, new: NewProject, *, threads: Sequence[str] = ()) -> tuple[Project, bool]:
        recencies = await self._recencies()
        tables = self._tables
        known = tables.project_keys.get(new.key)
        if known is not None:
            if known not in tables.projects:
                raise key_of_deleted(new.key)
            return self._get(known, recencies), False
        now = self._clock()
        project = Project(
            id=uuid7(),
            name=new.name,
            roots=new.roots,
            metadata=new.metadata,
            position=max((project.position for project in tables.projects.values()), default=-1) + 1,
            created_at_ms=now,
            updated_at_ms=now,
        )
        tables.projects[project.id] = project
        tables.project_keys[new.key] = project.id
        for thread_id in threads:
            tables.thread_projects[thread_id] = project.id
        return self._get(project.id, recencies), True

    async def check(self, project_id: str) -> None:
        await trio.lowlevel.checkpoint()
        if project_id not in self._tables.projects:
            raise project_not_found(project_id)

    async def read(self, project_id: str) -> Project:
        return self._get(project_id, await self._recencies())

    async def update(self, project_id: str, change: ProjectChange) -> tuple[Project, bool]:
        recencies = await self._recencies()
        before = self._get(project_id, recencies)
        project = changed(before, change, now_ms=self._clock())
        self._tables.projects[project_id] = project
        return project, project is not before

    async def move(self, project_id: str, *, before_project_id: str | None) -> None:
        await trio.lowlevel.checkpoint()
        projects = self._tables.projects
        order = [project.id for project in sorted(projects.values(), key=lambda project: project.position)]
        for place, moved in enumerate(reordered(order, project_id, before_project_id)):
            projects[moved] = msgspec.structs.replace(projects[moved], position=place)
        projects[project_id] = msgspec.structs.replace(projects[project_id], updated_at_ms=self._clock())

    async def delete(self, project_id: str) -> Sequence[str]:
        await trio.lowlevel.checkpoint()
        if self._tables.projects.pop(project_id, None) is None:
            raise project_not_found(project_id)
        members = self._tables.thread_projects
        freed = sorted(thread_id for thread_id, found in members.items() if found == project_id)
        for thread_id in freed:
            del members[thread_id]
        return freed

    async def list(self, query: ProjectQuery) -> ProjectPage:
        recencies = await self._recencies()
        return page_projects([self._get(project_id, recencies) for project_id in self._tables.projects], query)

    async def assign(self, thread_id: str, project_id: str | None) -> bool:
        await trio.lowlevel.checkpoint()
        members = self._tables.thread_projects
        before = members.get(thread_id)
        if project_id is None:
            members.pop(thread_id, None)
        elif project_id in self._tables.projects:
            members[thread_id] = project_id
        else:
            raise project_not_found(project_id)
        return before != project_id

    def _get(self, project_id: str, recencies: Mapping[str, int]) -> Project:
        project = self._tables.projects.get(project_id)
        if project is None:
            raise project_not_found(project_id)
        members = [thread_id for thread_id, found in self._tables.thread_projects.items() if found == project_id]
        times = [recencies[thread_id] for thread_id in members if thread_id in recencies]
        return msgspec.structs.replace(project, recency_ms=max(times, default=None))
