"""What only Windows has: its sandbox and its warnings."""

from typing import Annotated, Literal, TypeAlias

from codex_trio_protocol.base import AbsolutePathParam, Known, OpenWord, Params, UInt, Wire

WindowsSandboxSetupMode: TypeAlias = Literal["elevated", "unelevated"]
"""With or without administrator's rights."""


class WindowsSandboxSetupStartParams(Params):
    """Set the Windows sandbox up.

    Errors: -32603 on other systems.
    """

    mode: WindowsSandboxSetupMode
    cwd: AbsolutePathParam | None = None


class WindowsSandboxSetupCompletedNotification(Wire):
    """The setup is over."""

    mode: OpenWord[WindowsSandboxSetupMode]
    success: bool
    error: str | None = None


class WindowsWorldWritableWarningNotification(Wire):
    """Folders that anyone may write to weaken the sandbox."""

    sample_paths: list[str]
    extra_count: UInt
    failed_scan: bool


WindowsSandboxImplementation: TypeAlias = Annotated[str, Known("elevated", "unelevated", "mxc")]
"""Which sandbox is used."""


WindowsSandboxReadiness: TypeAlias = Annotated[str, Known("ready", "notConfigured", "updateRequired")]
"""Whether the sandbox is set up."""


class WindowsSandboxReadinessResponse(Wire):
    """Whether the sandbox is set up."""

    status: WindowsSandboxReadiness


class WindowsSandboxSetupStartResponse(Wire):
    """Whether the setup began."""

    started: bool
