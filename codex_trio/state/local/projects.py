"""Projects, in the state database.

Owns the tables `projects`, `project_keys` and `thread_projects`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.state.db.state_db import Transaction
from codex_trio.state.local.retrying_db import RetryingDb
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
from codex_trio.util import decoding
from codex_trio.util.clock import now_ms

_roots_decoder = decoding.json_decoder(tuple[str, ...])
_metadata_decoder = decoding.json_decoder(dict[str, str])

_SELECT = """
SELECT id, name, roots, metadata, position, created_at_ms, updated_at_ms, (
    SELECT max(rollouts.updated_at_ms) FROM thread_projects JOIN rollouts USING (thread_id)
    WHERE project_id = projects.id AND is_listed AND NOT is_archived
) FROM projects
"""

_PUT = """
INSERT INTO projects (id, name, roots, metadata, position, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, roots = excluded.roots, metadata = excluded.metadata,
    position = excluded.position, updated_at_ms = excluded.updated_at_ms
"""

_ASSIGN = """
INSERT INTO thread_projects (thread_id, project_id) VALUES (?, ?)
ON CONFLICT (thread_id) DO UPDATE SET project_id = excluded.project_id
"""

MEMBERS = "SELECT thread_id FROM thread_projects"


class LocalProjects:
    """Projects in the state database.

    `settle` sees to it that the index has what is new about the threads of a statement; `clock` gives Unix
    milliseconds.
    """

    def __init__(
        self, database: RetryingDb, *, settle: Callable[..., Awaitable[None]], clock: Callable[[], int] = now_ms
    ) -> None:
        self._database = database
        self._settle = settle
        self._clock = clock

    async def create(self, new: NewProject, *, threads: Sequence[str] = ()) -> tuple[Project, bool]:
        await self._settle(MEMBERS)
        work = partial(_create, new=new, threads=threads, project_id=uuid7(), now=self._clock())
        return await self._database.keep(work)

    async def check(self, project_id: str) -> None:
        await self._database.read(partial(_check, project_id=project_id))

    async def read(self, project_id: str) -> Project:
        await self._settle(MEMBERS)
        return await self._database.read(partial(_get, project_id=project_id))

    async def update(self, project_id: str, change: ProjectChange) -> tuple[Project, bool]:
        await self._settle(MEMBERS)

        def work(transaction: Transaction) -> tuple[Project, bool]:
            before = _get(transaction, project_id=project_id)
            project = changed(before, change, now_ms=self._clock())
            if project is not before:
                _put(transaction, project)
            return project, project is not before

        return await self._database.keep(work)

    async def move(self, project_id: str, *, before_project_id: str | None) -> None:
        def work(transaction: Transaction) -> None:
            order = [found for (found,) in transaction.rows("SELECT id FROM projects ORDER BY position, id")]
            places = [(place, moved) for place, moved in enumerate(reordered(order, project_id, before_project_id))]
            transaction.run_many("UPDATE projects SET position = ? WHERE id = ?", places)
            transaction.run("UPDATE projects SET updated_at_ms = ? WHERE id = ?", self._clock(), project_id)

        await self._database.keep(work)

    async def delete(self, project_id: str) -> Sequence[str]:
        def work(transaction: Transaction) -> Sequence[str]:
            if not transaction.run("DELETE FROM projects WHERE id = ?", project_id):
                raise project_not_found(project_id)
            of_project = f"{MEMBERS} WHERE project_id = ? ORDER BY thread_id"
            freed = [thread_id for (thread_id,) in transaction.rows(of_project, project_id)]
            transaction.run("DELETE FROM thread_projects WHERE project_id = ?", project_id)
            return freed

        return await self._database.keep(work)

    async def list(self, query: ProjectQuery) -> ProjectPage:
        await self._settle(MEMBERS)
        projects = await self._database.read(lambda transaction: [*map(_project_of, transaction.rows(_SELECT))])
        return page_projects(projects, query)

    async def assign(self, thread_id: str, project_id: str | None) -> bool:
        return await self._database.keep(partial(_assign, thread_id=thread_id, project_id=project_id))


def _create(
    transaction: Transaction, *, new: NewProject, threads: Sequence[str], project_id: str, now: int
) -> tuple[Project, bool]:
    known = transaction.row("SELECT project_id FROM project_keys WHERE key = ?", new.key)
    if known is not None:
        project = _find(transaction, known[0])
        if project is None:
            raise key_of_deleted(new.key)
        return project, False
    last = transaction.row("SELECT ifnull(max(position), -1) FROM projects")
    assert last is not None
    project = Project(
        id=project_id,
        name=new.name,
        roots=new.roots,
        metadata=new.metadata,
        position=last[0] + 1,
        created_at_ms=now,
        updated_at_ms=now,
    )
    _put(transaction, project)
    transaction.run("INSERT INTO project_keys (key, project_id) VALUES (?, ?)", new.key, project_id)
    transaction.run_many(_ASSIGN, [(thread_id, project_id) for thread_id in threads])
    return _get(transaction, project_id=project_id), True


def _put(transaction: Transaction, project: Project) -> None:
    transaction.run(
        _PUT,
        project.id,
        project.name,
        msgspec.json.encode(project.roots).decode(),
        msgspec.json.encode(project.metadata).decode(),
        project.position,
        project.created_at_ms,
        project.updated_at_ms,
    )


def _find(transaction: Transaction, project_id: str) -> Project | None:
    found = transaction.row(f"{_SELECT} WHERE id = ?", project_id)
    return None if found is None else _project_of(found)


def _get(transaction: Transaction, *, project_id: str) -> Project:
    project = _find(transaction, project_id)
    if project is None:
        raise project_not_found(project_id)
    return project


def _check(transaction: Transaction, *, project_id: str) -> None:
    if transaction.row("SELECT 1 FROM projects WHERE id = ?", project_id) is None:
        raise project_not_found(project_id)


def _assign(transaction: Transaction, *, thread_id: str, project_id: str | None) -> bool:
    before = transaction.row("SELECT project_id FROM thread_projects WHERE thread_id = ?", thread_id)
    if project_id is None:
        transaction.run("DELETE FROM thread_projects WHERE thread_id = ?", thread_id)
        return before is not None
    _check(transaction, project_id=project_id)
    transaction.run(_ASSIGN, thread_id, project_id)
    return before != (project_id,)


def _project_of(columns: Sequence[Any]) -> Project:
    project_id, name, roots, metadata, position, created_at_ms, updated_at_ms, recency_ms = columns
    return Project(
        id=project_id,
        name=name,
        roots=_roots_decoder.decode(roots),
        metadata=_metadata_decoder.decode(metadata),
        position=position,
        created_at_ms=created_at_ms,
        updated_at_ms=updated_at_ms,
        recency_ms=recency_ms,
    )
