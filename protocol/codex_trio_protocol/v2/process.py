"""Processes of the server's machine, without a sandbox."""

from typing import Annotated, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import AbsolutePathParam, Int32, Int64, Known, Params, UInt, UInt16, Wire


class ProcessKillParams(Params):
    """End a process with its descendants.

    Errors: -32600 for an unknown handle.
    """

    process_handle: str


class ProcessTerminalSize(Params):
    """Size in characters."""

    rows: UInt16
    cols: UInt16


class ProcessResizePtyParams(Params):
    """Change a terminal's size.

    Errors: -32600 for an unknown handle and one without a terminal.
    """

    process_handle: str
    size: ProcessTerminalSize


class ProcessSpawnParams(Params):
    """Start a process and answer at once.

    Errors: -32600 for an empty command, a relative folder, options that contradict one another, and a handle in use.
    """

    command: list[str]
    process_handle: str
    cwd: AbsolutePathParam
    tty: bool = False
    stream_stdin: bool = False
    stream_stdout_stderr: bool = False
    output_bytes_cap: UInt | UnsetType | None = UNSET
    """Bytes kept of each stream; null is no limit, absence the usual one."""
    timeout_ms: Int64 | UnsetType | None = UNSET
    """In milliseconds; null is no limit, absence the usual one."""
    env: dict[str, str | None] | None = None
    """Added to the environment; a null value removes a variable."""
    size: ProcessTerminalSize | None = None


class ProcessWriteStdinParams(Params):
    """Write to a process's input, close it, or both.

    Errors: -32600 for an unknown handle, bad base64, closed input, and nothing to do.
    """

    process_handle: str
    delta_base64: str | None = None
    close_stdin: bool = False


class ProcessExitedNotification(Wire):
    """A process has ended. The streams are empty when they were streamed."""

    process_handle: str
    exit_code: Int32
    output_drain_timed_out: bool | None = None
    """Output may be missing because something kept the stream open; null from older servers."""
    stdout: str
    stdout_cap_reached: bool
    stderr: str
    stderr_cap_reached: bool


ProcessOutputStream: TypeAlias = Annotated[str, Known("stdout", "stderr")]
"""Which stream."""


class ProcessOutputDeltaNotification(Wire):
    """Output of a process, in base64. `cap_reached` says that no more of this stream comes."""

    process_handle: str
    stream: ProcessOutputStream
    delta_base64: str
    cap_reached: bool


class ProcessKillResponse(Wire):
    """Answer to `process/kill`: the process was told to end."""


class ProcessResizePtyResponse(Wire):
    """Answer to `process/resizePty`: it is done."""


class ProcessSpawnResponse(Wire):
    """Answer to `process/spawn`: the process runs."""


class ProcessWriteStdinResponse(Wire):
    """Answer to `process/writeStdin`: it is done."""
