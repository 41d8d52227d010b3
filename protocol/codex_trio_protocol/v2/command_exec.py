"""Single commands in a sandbox, outside any thread."""

from typing import Annotated, ClassVar, TypeAlias

from codex_trio_protocol.base import AnyPath, Int32, Int64, Known, Params, UInt, UInt16, Until, Wire
from codex_trio_protocol.v2.permissions import PermissionProfile, SandboxPolicy


class CommandExecTerminalSize(Params):
    """Size in characters."""

    rows: UInt16
    cols: UInt16


class CommandExecParams(Params):
    """Run a command and answer when it has ended. What is not streamed comes with the answer.

    Errors: -32600 for an empty command, options that contradict one another, and an id in use.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"permission_profile"})

    command: list[str]
    process_id: str | None = None
    """Needed for streaming and later requests; the connection's own."""
    tty: bool = False
    """In a terminal; includes streaming both ways."""
    stream_stdin: bool = False
    stream_stdout_stderr: bool = False
    output_bytes_cap: UInt | None = None
    """Bytes kept of each stream; null is the usual limit."""
    disable_output_cap: bool = False
    disable_timeout: bool = False
    timeout_ms: Int64 | None = None
    """In milliseconds; null is the usual limit."""
    cwd: AnyPath | None = None
    env: dict[str, str | None] | None = None
    """Added to the environment; a null value removes a variable."""
    size: CommandExecTerminalSize | None = None
    sandbox_policy: SandboxPolicy | None = None
    """Null is the configured one."""
    permission_profile: str | Annotated[PermissionProfile, Until("0.131.0")] | None = None
    """A profile's name; not together with `sandbox_policy`."""


class CommandExecResizeParams(Params):
    """Change a terminal's size.

    Errors: -32600 for an unknown id and one without a terminal.
    """

    process_id: str
    size: CommandExecTerminalSize


class CommandExecTerminateParams(Params):
    """End a command; its answer still comes.

    Errors: -32600 for an unknown id.
    """

    process_id: str


class CommandExecWriteParams(Params):
    """Write to a command's input, close it, or both.

    Errors: -32600 for an unknown id, bad base64, closed input, and nothing to do.
    """

    process_id: str
    delta_base64: str | None = None
    close_stdin: bool = False


CommandExecOutputStream: TypeAlias = Annotated[str, Known("stdout", "stderr")]
"""Which stream."""


class CommandExecOutputDeltaNotification(Wire):
    """Output of a command, in base64. `cap_reached` says that no more of this stream comes."""

    process_id: str
    stream: CommandExecOutputStream
    delta_base64: str
    cap_reached: bool


class CommandExecResizeResponse(Wire):
    """Answer to `command/exec/resize`: it is done."""


class CommandExecResponse(Wire):
    """The command has ended. The streams are empty when they were streamed."""

    exit_code: Int32
    stdout: str
    stderr: str


class CommandExecTerminateResponse(Wire):
    """Answer to `command/exec/terminate`: the command was told to end."""


class CommandExecWriteResponse(Wire):
    """Answer to `command/exec/write`: it is done."""
