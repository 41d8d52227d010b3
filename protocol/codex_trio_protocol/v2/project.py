"""Projects: named groups of folders with their threads."""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import AbsolutePathParam, Int64, Known, Params, UInt32, Until, Wire
from codex_trio_protocol.v2.common import SortDirection


class ProjectRoot(Wire):
    """A folder of a project."""

    path: AbsolutePathParam


class ProjectCreateParams(Params):
    """Make a project; the same key makes it once.

    Errors: -32600 for a blank name or no folder.
    """

    name: str
    roots: list[ProjectRoot]
    metadata: dict[str, str] | None = None
    idempotency_key: str


class ProjectDeleteParams(Params):
    """Remove a project; its threads stay.

    Errors: -32600 for an unknown one.
    """

    project_id: str


class ProjectImportParams(Params):
    """Make a project with threads in it; the same key makes it once.

    Errors: -32600 for a blank name, no folder or unknown threads.
    """

    name: str
    roots: list[ProjectRoot]
    metadata: dict[str, str] | None = None
    threads: list[str] | None = None
    idempotency_key: str


ProjectSortKey: TypeAlias = Literal["position", "recencyAt"]
"""What to sort projects by."""


class ProjectListParams(Params):
    """List projects, in the user's order unless asked otherwise.

    Errors: -32600 for an unreadable cursor.
    """

    cursor: str | None = None
    limit: UInt32 | None = None
    sort_key: ProjectSortKey | None = None
    sort_direction: SortDirection | None = None


class ProjectMoveParams(Params):
    """Put a project before another one; null puts it last.

    Errors: -32600 for an unknown one.
    """

    project_id: str
    before_project_id: str | None = None


class ProjectReadParams(Params):
    """Read a project.

    Errors: -32600 for an unknown one.
    """

    project_id: str


class ProjectUpdateParams(Params):
    """Change a project. Null keeps.

    Errors: -32600 for an unknown one or a blank name.
    """

    project_id: str
    name: str | None = None
    roots: list[ProjectRoot] | None = None
    metadata: dict[str, str] | None = None


ProjectChangeType: TypeAlias = Annotated[str, Known("created", "updated", "deleted")]
"""What happened to a project."""


class ProjectChangedNotification(Wire):
    """A project has changed."""

    project_id: str
    change_type: ProjectChangeType


class Project(Wire):
    """A project. Times are Unix seconds; null when it has no thread. Lists have them in the user's order."""

    id: str
    name: str
    roots: list[ProjectRoot]
    metadata: dict[str, str]
    position: Annotated[Int64 | UnsetType, Until("0.169.0")] = UNSET
    created_at: Int64
    updated_at: Int64
    recency_at: Int64 | None = None


class ProjectCreateResponse(Wire):
    """The new project."""

    project: Project


class ProjectDeleteResponse(Wire):
    """Answer to `project/delete`: it is done."""


class ProjectImportResponse(Wire):
    """The new project."""

    project: Project


class ProjectListResponse(Wire):
    """A page of projects; a null cursor marks the last one."""

    data: list[Project]
    next_cursor: str | None = None


class ProjectMoveResponse(Wire):
    """Answer to `project/move`: it is done."""


class ProjectReadResponse(Wire):
    """The project."""

    project: Project


class ProjectUpdateResponse(Wire):
    """The project as it is now."""

    project: Project
