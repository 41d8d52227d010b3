"""TODO module command_exec"""

from typing import Annotated, ClassVar, TypeAlias

from codex_trio_protocol.base import Int32, Int64, Known, Params, UInt16, UInt64, Wire
from codex_trio_protocol.v2.permissions import PermissionProfile, SandboxPolicy


class CommandExecTerminalSize(Params):
    """TODO CommandExecTerminalSize"""

    rows: UInt16
    cols: UInt16


class CommandExecParams(Params):
    """TODO CommandExecParams"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"permission_profile"})

    command: list[str]
    process_id: str | None = None
    tty: bool = False
    stream_stdin: bool = False
    stream_stdout_stderr: bool = False
    output_bytes_cap: UInt64 | None = None
    disable_output_cap: bool = False
    disable_timeout: bool = False
    timeout_ms: Int64 | None = None
    cwd: str | None = None
    env: dict[str, str | None] | None = None
    size: CommandExecTerminalSize | None = None
    sandbox_policy: SandboxPolicy | None = None
    permission_profile: str | PermissionProfile | None = None


class CommandExecResizeParams(Params):
    """TODO CommandExecResizeParams"""

    process_id: str
    size: CommandExecTerminalSize


class CommandExecTerminateParams(Params):
    """TODO CommandExecTerminateParams"""

    process_id: str


class CommandExecWriteParams(Params):
    """TODO CommandExecWriteParams"""

    process_id: str
    delta_base64: str | None = None
    close_stdin: bool = False


CommandExecOutputStream: TypeAlias = Annotated[str, Known("stdout", "stderr")]
"""TODO CommandExecOutputStream"""


class CommandExecOutputDeltaNotification(Wire):
    """TODO CommandExecOutputDeltaNotification"""

    process_id: str
    stream: CommandExecOutputStream
    delta_base64: str
    cap_reached: bool


class CommandExecResizeResponse(Wire):
    """TODO CommandExecResizeResponse"""


class CommandExecResponse(Wire):
    """TODO CommandExecResponse"""

    exit_code: Int32
    stdout: str
    stderr: str


class CommandExecTerminateResponse(Wire):
    """TODO CommandExecTerminateResponse"""


class CommandExecWriteResponse(Wire):
    """TODO CommandExecWriteResponse"""
