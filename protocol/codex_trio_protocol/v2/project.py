"""TODO module project"""

from typing import Annotated, Literal, TypeAlias

from codex_trio_protocol.base import AbsolutePathParam, Int64, Known, Params, UInt32, Wire
from codex_trio_protocol.v2.common import SortDirection


class ProjectRoot(Wire):
    """TODO ProjectRoot"""

    path: AbsolutePathParam


class ProjectCreateParams(Params):
    """TODO ProjectCreateParams"""

    name: str
    roots: list[ProjectRoot]
    metadata: dict[str, str] | None = None
    idempotency_key: str


class ProjectDeleteParams(Params):
    """TODO ProjectDeleteParams"""

    project_id: str


class ProjectImportParams(Params):
    """TODO ProjectImportParams"""

    name: str
    roots: list[ProjectRoot]
    metadata: dict[str, str] | None = None
    threads: list[str] | None = None
    idempotency_key: str


ProjectSortKey: TypeAlias = Literal["position", "recencyAt"]
"""TODO ProjectSortKey"""


class ProjectListParams(Params):
    """TODO ProjectListParams"""

    cursor: str | None = None
    limit: UInt32 | None = None
    sort_key: ProjectSortKey | None = None
    sort_direction: SortDirection | None = None


class ProjectMoveParams(Params):
    """TODO ProjectMoveParams"""

    project_id: str
    before_project_id: str | None = None


class ProjectReadParams(Params):
    """TODO ProjectReadParams"""

    project_id: str


class ProjectUpdateParams(Params):
    """TODO ProjectUpdateParams"""

    project_id: str
    name: str | None = None
    roots: list[ProjectRoot] | None = None
    metadata: dict[str, str] | None = None


ProjectChangeType: TypeAlias = Annotated[str, Known("created", "updated", "deleted")]
"""TODO ProjectChangeType"""


class ProjectChangedNotification(Wire):
    """TODO ProjectChangedNotification"""

    project_id: str
    change_type: ProjectChangeType


class Project(Wire):
    """TODO Project"""

    id: str
    name: str
    roots: list[ProjectRoot]
    metadata: dict[str, str]
    position: Int64
    created_at: Int64
    updated_at: Int64
    recency_at: Int64 | None = None


class ProjectCreateResponse(Wire):
    """TODO ProjectCreateResponse"""

    project: Project


class ProjectDeleteResponse(Wire):
    """TODO ProjectDeleteResponse"""


class ProjectImportResponse(Wire):
    """TODO ProjectImportResponse"""

    project: Project


class ProjectListResponse(Wire):
    """TODO ProjectListResponse"""

    data: list[Project]
    next_cursor: str | None = None


class ProjectMoveResponse(Wire):
    """TODO ProjectMoveResponse"""


class ProjectReadResponse(Wire):
    """TODO ProjectReadResponse"""

    project: Project


class ProjectUpdateResponse(Wire):
    """TODO ProjectUpdateResponse"""

    project: Project
