"""TODO module environment"""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Known, Params, UInt64, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString, PathUri


class EnvironmentSkillsParams(Params):
    """TODO EnvironmentSkillsParams"""

    required: list[str] | None = None


class EnvironmentAddParams(Params):
    """TODO EnvironmentAddParams"""

    environment_id: str
    exec_server_url: str
    auth_bearer_token: str | None = None
    websocket_request_id: str | None = None
    connect_timeout_ms: UInt64 | None = None
    skills: EnvironmentSkillsParams | None = None


class EnvironmentInfoParams(Params):
    """TODO EnvironmentInfoParams"""

    environment_id: str


class EnvironmentStatusParams(Params):
    """TODO EnvironmentStatusParams"""

    environment_id: str


class TurnEnvironmentParams(Params):
    """TODO TurnEnvironmentParams"""

    environment_id: str
    cwd: LegacyAppPathString
    runtime_workspace_roots: list[LegacyAppPathString] | None = None


class ThreadEnvironment(Wire):
    """TODO ThreadEnvironment"""

    environment_id: str
    cwd: LegacyAppPathString
    runtime_workspace_roots: list[LegacyAppPathString]


class EnvironmentAddResponse(Wire):
    """TODO EnvironmentAddResponse"""


class EnvironmentShellInfo(Wire):
    """TODO EnvironmentShellInfo"""

    name: str
    path: str


class EnvironmentInfoResponse(Wire):
    """TODO EnvironmentInfoResponse"""

    shell: EnvironmentShellInfo
    cwd: PathUri | None = None


EnvironmentStatusKind: TypeAlias = Annotated[str, Known("ready", "pending", "disconnected", "unknown")]
"""TODO EnvironmentStatusKind"""


class EnvironmentStatusResponse(Wire):
    """TODO EnvironmentStatusResponse"""

    status: EnvironmentStatusKind
    error: str | None = None
