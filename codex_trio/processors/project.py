"""Projects: named groups of folders with their threads.

Protocol source: `project/*`, release 0.171.0. What changes is told before it is answered.
"""

from __future__ import annotations

import os

from codex_trio_protocol.v2 import project as wire
from codex_trio_protocol.v2.thread import ThreadProjectUpdatedNotification

from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_params
from codex_trio.state.store.projects import NewProject, Project, ProjectChange, ProjectQuery


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ProjectProcessor(services)
    return {
        "project/create": processor.create,
        "project/import": processor.import_,
        "project/read": processor.read,
        "project/update": processor.update,
        "project/move": processor.move,
        "project/delete": processor.delete,
        "project/list": processor.list,
    }


class ProjectProcessor:
    def __init__(self, services: Services) -> None:
        self._organisation = services.threads.organisation
        self._projects = services.threads.organisation.projects
        self._outgoing = services.outgoing

    async def create(self, params: wire.ProjectCreateParams, _context: RequestContext) -> wire.ProjectCreateResponse:
        """Make a project, or return the one that was made with that key."""
        project, is_new = await self._projects.create(_new_project(params))
        if is_new:
            self._tell(project.id, "created")
        return wire.ProjectCreateResponse(project=_project_to_wire(project))

    async def import_(self, params: wire.ProjectImportParams, _context: RequestContext) -> wire.ProjectImportResponse:
        """Make a project with threads in it, which leave the ones that they were in."""
        threads = params.threads or []
        project, is_new = await self._organisation.import_project(_new_project(params), threads)
        if is_new:
            self._tell(project.id, "created")
            for thread_id in threads:
                self._tell_thread(thread_id.lower(), project.id)
        return wire.ProjectImportResponse(project=_project_to_wire(project))

    async def read(self, params: wire.ProjectReadParams, _context: RequestContext) -> wire.ProjectReadResponse:
        """Return a project."""
        return wire.ProjectReadResponse(project=_project_to_wire(await self._projects.read(params.project_id)))

    async def update(self, params: wire.ProjectUpdateParams, _context: RequestContext) -> wire.ProjectUpdateResponse:
        """Change a project; what is the same as before is not told."""
        change = ProjectChange(
            name=None if params.name is None else _name(params.name),
            roots=None if params.roots is None else _roots(params.roots),
            metadata=params.metadata,
        )
        project, is_other = await self._projects.update(params.project_id, change)
        if is_other:
            self._tell(project.id, "updated")
        return wire.ProjectUpdateResponse(project=_project_to_wire(project))

    async def move(self, params: wire.ProjectMoveParams, _context: RequestContext) -> wire.ProjectMoveResponse:
        """Put a project before another one, or at the end."""
        await self._projects.move(params.project_id, before_project_id=params.before_project_id)
        self._tell(params.project_id, "updated")
        return wire.ProjectMoveResponse()

    async def delete(self, params: wire.ProjectDeleteParams, _context: RequestContext) -> wire.ProjectDeleteResponse:
        """Remove a project; its threads stay."""
        freed = await self._projects.delete(params.project_id)
        self._tell(params.project_id, "deleted")
        for thread_id in freed:
            self._tell_thread(thread_id, None)
        return wire.ProjectDeleteResponse()

    async def list(self, params: wire.ProjectListParams, _context: RequestContext) -> wire.ProjectListResponse:
        """Return a page of projects, in the user's order unless asked otherwise."""
        if params.sort_direction is not None and params.sort_key is None:
            raise invalid_params("sortDirection requires sortKey")
        sort_key = params.sort_key or "position"
        default = "desc" if sort_key == "recencyAt" else "asc"
        page = await self._projects.list(
            ProjectQuery(
                sort_key=sort_key,
                descending=(params.sort_direction or default) == "desc",
                cursor=params.cursor,
                limit=params.limit,
            )
        )
        return wire.ProjectListResponse(data=[*map(_project_to_wire, page.projects)], next_cursor=page.next_cursor)

    def _tell(self, project_id: str, change: wire.ProjectChangeType) -> None:
        notification = wire.ProjectChangedNotification(project_id=project_id, change_type=change)
        self._outgoing.notify("project/changed", notification)

    def _tell_thread(self, thread_id: str, project_id: str | None) -> None:
        notification = ThreadProjectUpdatedNotification(thread_id=thread_id, project_id=project_id)
        self._outgoing.notify("thread/project/updated", notification)


def _new_project(params: wire.ProjectCreateParams | wire.ProjectImportParams) -> NewProject:
    if not params.idempotency_key.strip():
        raise invalid_params("idempotencyKey must not be empty")
    return NewProject(
        key=params.idempotency_key,
        name=_name(params.name),
        roots=_roots(params.roots),
        metadata=params.metadata or {},
    )


def _name(text: str) -> str:
    name = text.strip()
    if not name:
        raise invalid_params("project name must not be empty")
    return name


def _roots(given: list[wire.ProjectRoot]) -> tuple[str, ...]:
    paths = tuple(os.path.normpath(f"/{root.path.lstrip('/')}") for root in given)
    for index, path in enumerate(paths):
        if path in paths[:index]:
            raise invalid_params(f"duplicate project root: {path}")
    return paths


def _project_to_wire(project: Project) -> wire.Project:
    return wire.Project(
        id=project.id,
        name=project.name,
        roots=[wire.ProjectRoot(path=path) for path in project.roots],
        metadata=dict(project.metadata),
        created_at=project.created_at_ms // 1000,
        updated_at=project.updated_at_ms // 1000,
        recency_at=None if project.recency_ms is None else project.recency_ms // 1000,
    )
