"""Environments: the machines on which a thread's tools run."""

from typing import Annotated, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Known, Params, UInt64, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString, PathUri


class EnvironmentSkillsParams(Params):
    """Skills that an environment must bring."""

    required: list[str] | None = None


class EnvironmentAddParams(Params):
    """Make a machine known by its exec-server's address, or change one.

    Errors: -32600 for an unusable address.
    """

    environment_id: str
    exec_server_url: str
    auth_bearer_token: str | None = None
    websocket_request_id: str | None = None
    connect_timeout_ms: UInt64 | None = None
    """In milliseconds; null is the usual limit."""
    skills: EnvironmentSkillsParams | None = None


class EnvironmentInfoParams(Params):
    """Ask what an environment is like.

    Errors: -32600 for an unknown one; -32603 when it cannot be reached.
    """

    environment_id: str


class EnvironmentStatusParams(Params):
    """Ask whether an environment can be reached.

    Errors: -32600 for an unknown one.
    """

    environment_id: str


class TurnEnvironmentParams(Params):
    """An environment for turns, with the folder to work in. Null roots are that folder."""

    environment_id: str
    cwd: LegacyAppPathString
    runtime_workspace_roots: list[LegacyAppPathString] | None = None


class ThreadEnvironment(Wire):
    """An environment of a thread."""

    environment_id: str
    cwd: LegacyAppPathString
    runtime_workspace_roots: list[LegacyAppPathString]


class EnvironmentAddResponse(Wire):
    """Answer to `environment/add`: it is done."""


class EnvironmentShellInfo(Wire):
    """The shell of an environment."""

    name: str
    path: str


class EnvironmentInfoResponse(Wire):
    """What the environment is like; the folder is null when it has no default."""

    shell: EnvironmentShellInfo
    cwd: PathUri | None = None


EnvironmentStatusKind: TypeAlias = Annotated[str, Known("ready", "pending", "disconnected", "unknown")]
"""Whether an environment can be reached."""


class EnvironmentStatusResponse(Wire):
    """Whether it can be reached, and if not, why."""

    status: EnvironmentStatusKind
    error: str | UnsetType | None = UNSET
