"""TODO module process"""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import AbsolutePathParam, Int32, Int64, Known, Params, UInt16, UInt64, Wire


class ProcessKillParams(Params):
    """TODO ProcessKillParams"""

    process_handle: str


class ProcessTerminalSize(Params):
    """TODO ProcessTerminalSize"""

    rows: UInt16
    cols: UInt16


class ProcessResizePtyParams(Params):
    """TODO ProcessResizePtyParams"""

    process_handle: str
    size: ProcessTerminalSize


class ProcessSpawnParams(Params):
    """TODO ProcessSpawnParams"""

    command: list[str]
    process_handle: str
    cwd: AbsolutePathParam
    tty: bool = False
    stream_stdin: bool = False
    stream_stdout_stderr: bool = False
    output_bytes_cap: UInt64 | None = None
    timeout_ms: Int64 | None = None
    env: dict[str, str | None] | None = None
    size: ProcessTerminalSize | None = None


class ProcessWriteStdinParams(Params):
    """TODO ProcessWriteStdinParams"""

    process_handle: str
    delta_base64: str | None = None
    close_stdin: bool = False


class ProcessExitedNotification(Wire):
    """TODO ProcessExitedNotification"""

    process_handle: str
    exit_code: Int32
    output_drain_timed_out: bool | None = None
    stdout: str
    stdout_cap_reached: bool
    stderr: str
    stderr_cap_reached: bool


ProcessOutputStream: TypeAlias = Annotated[str, Known("stdout", "stderr")]
"""TODO ProcessOutputStream"""


class ProcessOutputDeltaNotification(Wire):
    """TODO ProcessOutputDeltaNotification"""

    process_handle: str
    stream: ProcessOutputStream
    delta_base64: str
    cap_reached: bool


class ProcessKillResponse(Wire):
    """TODO ProcessKillResponse"""


class ProcessResizePtyResponse(Wire):
    """TODO ProcessResizePtyResponse"""


class ProcessSpawnResponse(Wire):
    """TODO ProcessSpawnResponse"""


class ProcessWriteStdinResponse(Wire):
    """TODO ProcessWriteStdinResponse"""
