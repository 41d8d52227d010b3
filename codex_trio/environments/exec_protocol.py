"""The protocol between an environment elsewhere and its exec-server, as both sides of it speak it.

Owns the messages, how paths are written in them, and the number of bytes that a process may be ahead of its reader.
Does not own what either side does. Protocol source: `codex exec-server`, releases 0.131.0 and 0.171.0; `process/ack`
and `capabilities.outputAcknowledgement` are our own, and are used only where both sides know them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

import msgspec

RETAINED_BYTES = 1024 * 1024
"""What a process may have put out that its client has not seen: beyond that it waits in its next write."""

ACK_BYTES = 256 * 1024
"""After so many bytes a client says what it has seen."""

CHUNK_BYTES = 64 * 1024

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_FOUND = -32004

StreamName: TypeAlias = Literal["stdout", "stderr", "pty"]

_FILE = "file://"


class ExecError(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Why a request was refused."""

    code: int
    message: str
    data: Any = None


class _Wire(msgspec.Struct, kw_only=True, rename="camel"):
    pass


class InitializeParams(_Wire, kw_only=True):
    client_name: str
    resume_session_id: str | None = None
    acknowledges_output: bool = False


class ShellInfo(_Wire, kw_only=True):
    name: str
    path: str


class Capabilities(_Wire, kw_only=True):
    output_acknowledgement: bool = False


class EnvironmentFacts(_Wire, kw_only=True):
    """What an exec-server says of its machine."""

    shell: ShellInfo
    cwd: str | None = None
    user_home_dir: str | None = None
    temp_dir: str | None = None
    platform_os: str | None = None
    executor_version: str | None = None
    capabilities: Capabilities = msgspec.field(default_factory=Capabilities)


class InitializeResult(_Wire, kw_only=True):
    session_id: str
    environment_info: EnvironmentFacts | None = None


class StatusResult(_Wire, kw_only=True):
    status: str


class SandboxContext(_Wire, kw_only=True):
    """What confines a command or a change of a file; see `exec_permissions`."""

    permissions: dict[str, Any]
    cwd: str
    workspace_roots: list[str] | None = None
    windows_sandbox_level: str = "disabled"
    use_legacy_landlock: bool = False


class EnvPolicy(_Wire, kw_only=True):
    """Which of the exec-server's own variables a process inherits; without one, none."""

    inherit: Literal["all", "core", "none"] = "all"
    ignore_default_excludes: bool = True
    exclude: list[str] = []
    set: dict[str, str] = {}
    include_only: list[str] = []


class ProcessStartParams(_Wire, kw_only=True):
    process_id: str
    argv: list[str]
    cwd: str
    env: dict[str, str] = {}
    env_policy: EnvPolicy | None = None
    tty: bool = False
    pipe_stdin: bool = False
    arg0: str | None = None
    sandbox: SandboxContext | None = None
    enforce_managed_network: bool = False
    managed_network: Any = None


class ProcessStartResult(_Wire, kw_only=True):
    process_id: str
    sandbox_type: str = "none"


class ProcessReadParams(_Wire, kw_only=True):
    process_id: str
    after_seq: int | None = None
    max_bytes: int | None = None
    wait_ms: int | None = None


class OutputChunk(_Wire, kw_only=True):
    seq: int
    stream: StreamName
    chunk: str


class ProcessReadResult(_Wire, kw_only=True):
    chunks: list[OutputChunk]
    next_seq: int
    exited: bool
    exit_code: int | None
    closed: bool
    failure: str | None = None
    sandbox_denied: bool = False


class ProcessWriteParams(_Wire, kw_only=True):
    process_id: str
    chunk: str
    write_id: str


class ProcessWriteResult(_Wire, kw_only=True):
    status: Literal["accepted", "unknownProcess", "stdinClosed", "starting"]


class ProcessParams(_Wire, kw_only=True):
    process_id: str


class ProcessSignalParams(_Wire, kw_only=True):
    process_id: str
    signal: Literal["interrupt"]


class ProcessAckParams(_Wire, kw_only=True):
    process_id: str
    seq: int


class TerminateResult(_Wire, kw_only=True):
    running: bool


class ProcessOutput(_Wire, kw_only=True):
    process_id: str
    seq: int
    stream: StreamName
    chunk: str


class ProcessExited(_Wire, kw_only=True):
    process_id: str
    seq: int
    exit_code: int
    sandbox_denied: bool = False


class ProcessClosed(_Wire, kw_only=True):
    process_id: str
    seq: int


class PathParams(_Wire, kw_only=True):
    path: str
    sandbox: SandboxContext | None = None


class ReadFileResult(_Wire, kw_only=True):
    data_base64: str = msgspec.field(name="dataBase64")


class WriteFileParams(PathParams, kw_only=True):
    data_base64: str = msgspec.field(name="dataBase64")


class CreateDirectoryParams(PathParams, kw_only=True):
    recursive: bool | None = None


class RemoveParams(PathParams, kw_only=True):
    recursive: bool | None = None
    force: bool | None = None


class CopyParams(_Wire, kw_only=True):
    source_path: str
    destination_path: str
    recursive: bool = False
    sandbox: SandboxContext | None = None


class MetadataResult(_Wire, kw_only=True):
    is_directory: bool
    is_file: bool
    is_symlink: bool
    size: int = -1
    """-1 where it is not told (0.131.0)."""
    created_at_ms: int = 0
    modified_at_ms: int = 0


class DirectoryEntry(_Wire, kw_only=True):
    file_name: str
    is_directory: bool
    is_file: bool


class ReadDirectoryResult(_Wire, kw_only=True):
    entries: list[DirectoryEntry]


class PathResult(_Wire, kw_only=True):
    path: str


class OpenParams(PathParams, kw_only=True):
    handle_id: str


class HandleParams(_Wire, kw_only=True):
    handle_id: str


class ReadBlockParams(_Wire, kw_only=True):
    handle_id: str
    offset: int
    len: int


class ReadBlockResult(_Wire, kw_only=True):
    chunk: str
    eof: bool


class Nothing(_Wire, kw_only=True):
    """An answer without content."""


def path_from_wire(text: str) -> str:
    """Return an absolute path of either form: `file:///a` (since 0.169.0) or `/a`. Raises ValueError for any other."""
    if text.startswith(_FILE):
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
            raise ValueError(f"`{text}` is not a path on this machine")
        text = unquote(parts.path, errors="surrogateescape")
    if not text.startswith("/") or "\0" in text:
        raise ValueError(f"`{text}` is not an absolute path")
    return text


def path_to_wire(path: str, *, as_uri: bool) -> str:
    """Return a path in the form that the other side takes."""
    return Path(path).as_uri() if as_uri else path
