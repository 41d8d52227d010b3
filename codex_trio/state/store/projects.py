"""Projects, which are named groups of folders with threads: what a store of them promises.

Owns the values, what is refused, and pages of projects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from codex_trio.domain.ids import is_uuid
from codex_trio.state.store.organisation import OrganisationError
from codex_trio.util.paging import page_size

ProjectSortKey: TypeAlias = Literal["position", "recencyAt"]

_NO_TIME = "null"
_MOST_DIGITS = 18


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A project. Times are Unix milliseconds; `recency_ms` is that of its newest thread that is not archived."""

    id: str
    name: str
    roots: tuple[str, ...]
    metadata: Mapping[str, str]
    position: int
    created_at_ms: int
    updated_at_ms: int
    recency_ms: int | None = None


class NewProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project that is to be made once, however often it is asked for with that key."""

    key: str
    name: str
    roots: tuple[str, ...]
    metadata: Mapping[str, str]


class ProjectChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a project is to be from now on; None keeps."""

    name: str | None = None
    roots: tuple[str, ...] | None = None
    metadata: Mapping[str, str] | None = None


class ProjectQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of projects, in which order. Those without a thread come last when sorted by recency."""

    sort_key: ProjectSortKey = "position"
    descending: bool = False
    cursor: str | None = None
    limit: int | None = None


class ProjectPage(msgspec.Struct, frozen=True):
    """Some projects; the cursor continues after them."""

    projects: Sequence[Project]
    next_cursor: str | None


class ProjectStore(Protocol):
    """Projects, and which threads are in them. A thread is in one at most.

    Errors: OrganisationError for what there is not, ThreadStoreError (internal).
    """

    async def create(self, new: NewProject, *, threads: Sequence[str] = ()) -> tuple[Project, bool]:
        """Make a project with these threads in it, all or nothing; whether it is new, or had been made with that key.

        One that had been made is returned as it is now, and no thread moves.
        """
        ...

    async def check(self, project_id: str) -> None:
        """Raise OrganisationError for a project that there is not."""
        ...

    async def read(self, project_id: str) -> Project:
        """Return a project."""
        ...

    async def update(self, project_id: str, change: ProjectChange) -> tuple[Project, bool]:
        """Change a project; return it, and whether anything is other than before."""
        ...

    async def move(self, project_id: str, *, before_project_id: str | None) -> None:
        """Put a project before another one, or at the end."""
        ...

    async def delete(self, project_id: str) -> Sequence[str]:
        """Remove a project; return the threads that were in it and are in none now. Its key is never used again."""
        ...

    async def list(self, query: ProjectQuery) -> ProjectPage:
        """Return a page of projects."""
        ...

    async def assign(self, thread_id: str, project_id: str | None) -> bool:
        """Put a thread into a project, or into none; whether it was elsewhere before."""
        ...


def project_not_found(project_id: str) -> OrganisationError:
    """There is no such project."""
    return OrganisationError(f"project not found: {project_id}")


def key_of_deleted(key: str) -> OrganisationError:
    """Return what was made with that key was removed since."""
    return OrganisationError(f"idempotency key refers to deleted project: {key}")


def changed(project: Project, change: ProjectChange, *, now_ms: int) -> Project:
    """Return the project with that change; itself when it changes nothing."""
    other = msgspec.structs.replace(
        project,
        name=project.name if change.name is None else change.name,
        roots=project.roots if change.roots is None else change.roots,
        metadata=project.metadata if change.metadata is None else change.metadata,
    )
    return project if other == project else msgspec.structs.replace(other, updated_at_ms=now_ms)


def reordered(order: Sequence[str], project_id: str, before_project_id: str | None) -> list[str]:
    """Return all project ids in their order after a move. Raises OrganisationError."""
    if project_id not in order:
        raise project_not_found(project_id)
    if before_project_id == project_id:
        raise OrganisationError(f"project {project_id} cannot be moved before itself")
    others = [other for other in order if other != project_id]
    if before_project_id is None:
        return [*others, project_id]
    if before_project_id not in others:
        raise OrganisationError(f"before project not found: {before_project_id}")
    index = others.index(before_project_id)
    return [*others[:index], project_id, *others[index:]]


def page_projects(projects: Sequence[Project], query: ProjectQuery) -> ProjectPage:
    """Return the page of a query. Raises OrganisationError for a cursor that no such query gave out."""
    place = _by_position if query.sort_key == "position" else _by_recency
    ordered = sorted(projects, key=lambda project: place(project, query))
    if query.cursor is not None:
        after = _place_of(query.cursor, query)
        ordered = [project for project in ordered if place(project, query) > after]
    size = page_size(query.limit)
    page = ordered[:size]
    return ProjectPage(page, _cursor(page[-1], query) if len(ordered) > size else None)


_Place: TypeAlias = tuple[int, int, "_Word"]


class _Word(msgspec.Struct, frozen=True):
    """A text that sorts in either direction."""

    text: str
    descending: bool

    def __lt__(self, other: _Word) -> bool:
        return self.text > other.text if self.descending else self.text < other.text


def _by_position(project: Project, query: ProjectQuery) -> _Place:
    return _place(project.position, project.id, query)


def _by_recency(project: Project, query: ProjectQuery) -> _Place:
    return _place(project.recency_ms, project.id, query)


def _place(number: int | None, project_id: str, query: ProjectQuery) -> _Place:
    if number is None:
        return 1, 0, _Word(project_id, query.descending)
    return 0, -number if query.descending else number, _Word(project_id, query.descending)


def _cursor(project: Project, query: ProjectQuery) -> str:
    if query.sort_key == "position":
        number = str(project.position)
    else:
        number = _NO_TIME if project.recency_ms is None else str(project.recency_ms)
    return f"{_prefix(query)}{number}|{project.id}"


def _prefix(query: ProjectQuery) -> str:
    if query.sort_key == "position":
        return "" if not query.descending else "v1|position|desc|"
    return f"v1|recencyAt|{'desc' if query.descending else 'asc'}|"


def _place_of(cursor: str, query: ProjectQuery) -> _Place:
    number, _, project_id = cursor.removeprefix(_prefix(query)).partition("|")
    is_number = number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS
    has_no_time = query.sort_key == "recencyAt" and number == _NO_TIME
    is_fitting = cursor.startswith(_prefix(query)) and is_uuid(project_id)
    if not is_fitting or not (is_number or has_no_time):
        raise OrganisationError("invalid project cursor: malformed or mismatched sort anchor")
    return _place(None if has_no_time else int(number), project_id, query)
