"""TODO module windows"""

from typing import Annotated, Literal, TypeAlias

from codex_trio_protocol.base import AbsolutePathParam, Known, Params, UInt64, Wire

WindowsSandboxSetupMode: TypeAlias = Literal["elevated", "unelevated"]
"""TODO WindowsSandboxSetupMode"""


class WindowsSandboxSetupStartParams(Params):
    """TODO WindowsSandboxSetupStartParams"""

    mode: WindowsSandboxSetupMode
    cwd: AbsolutePathParam | None = None


class WindowsSandboxSetupCompletedNotification(Wire):
    """TODO WindowsSandboxSetupCompletedNotification"""

    mode: WindowsSandboxSetupMode
    success: bool
    error: str | None = None


class WindowsWorldWritableWarningNotification(Wire):
    """TODO WindowsWorldWritableWarningNotification"""

    sample_paths: list[str]
    extra_count: UInt64
    failed_scan: bool


WindowsSandboxImplementation: TypeAlias = Annotated[str, Known("elevated", "unelevated", "mxc")]
"""TODO WindowsSandboxImplementation"""


WindowsSandboxReadiness: TypeAlias = Annotated[str, Known("ready", "notConfigured", "updateRequired")]
"""TODO WindowsSandboxReadiness"""


class WindowsSandboxReadinessResponse(Wire):
    """TODO WindowsSandboxReadinessResponse"""

    status: WindowsSandboxReadiness


class WindowsSandboxSetupStartResponse(Wire):
    """TODO WindowsSandboxSetupStartResponse"""

    started: bool
