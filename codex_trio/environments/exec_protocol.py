"""The protocol between an environment elsewhere and its exec-server, as both sides of it speak it.

Owns the messages, how paths are written in them, and the number of bytes that a process may be ahead of its reader.
Does not own what either side does. Protocol source: `codex exec-server`, releases 0.131.0 and 0.171.0; `process/ack`
and `capabilities.outputAcknowledgement` are our own, and are used only where both sides know them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

import msgspec

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy

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

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A number of bytes, milliseconds or messages."""

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
    """What a server can do that not all can; those that are not named here are of no use to us."""

    output_acknowledgement: bool = False
    fs_watch_missing: bool = False
    environment_config_read: bool = False
    http_header_env_vars: bool = False
    file_write_streaming: bool = False
    sandboxed_file_streaming: bool = False
    network_proxy_launch: bool = False


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


NetworkAccess: TypeAlias = Literal["allow", "deny", "none"]

NETWORK_DECISION = "network/policyDecision"


class NetworkProxy(_Wire, kw_only=True):
    """Which hosts a process may reach, through a proxy of the exec-server's that is its only way out."""

    enabled: bool
    mode: Literal["limited", "full"] = "full"
    domains: dict[str, NetworkAccess] = {}
    allow_local_binding: bool = False
    enable_socks5: bool = True
    enable_socks5_udp: bool = False
    transparent_tcp: bool = False
    allow_upstream_proxy: bool = False
    dangerously_allow_all_unix_sockets: bool = False
    unix_sockets: dict[str, Any] | None = None


class NetworkProxyLaunch(_Wire, kw_only=True):
    """The proxy of one process."""

    proxy: NetworkProxy


class ManagedNetwork(_Wire, kw_only=True):
    """What a process may do on its own machine beside its proxy."""

    allow_local_binding: bool = False
    loopback_ports: list[int] = []


class NetworkDecision(_Wire, kw_only=True):
    """A connection that a process was refused."""

    process_id: str
    timestamp: str
    reason: str
    protocol: str
    host: str
    port: int
    method: str | None = None
    scope: str = "domain"
    decision: str = "deny"
    source: str = "baseline_policy"
    policy_override: bool = False
    message: str = ""
    """Not in 0.171.0: why, and the way out."""


class ProcessStartParams(_Wire, kw_only=True):
    process_id: str
    argv: list[str]
    cwd: str
    env: dict[str, str] = {}
    env_policy: ShellEnvironmentPolicy | None = None
    """Which of the exec-server's own variables a process inherits; without one, none."""

    tty: bool = False
    pipe_stdin: bool = False
    merge_output: bool = False
    """Ours: whether both streams are one, and so in order. Another server tells them apart all the same."""

    arg0: str | None = None
    sandbox: SandboxContext | None = None
    enforce_managed_network: bool = False
    managed_network: ManagedNetwork | None = None
    network_proxy: NetworkProxyLaunch | None = None


class ProcessStartResult(_Wire, kw_only=True):
    process_id: str
    sandbox_type: str = "none"


class ProcessReadParams(_Wire, kw_only=True):
    process_id: str
    after_seq: Count | None = None
    max_bytes: Count | None = None
    wait_ms: Count | None = None


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
    signal_id: str | None = None
    """Ours: tells that a request which comes again is the same one."""


class ProcessAckParams(_Wire, kw_only=True):
    process_id: str
    seq: Count


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
    mode: Literal["read", "replace"] = "read"
    """A file to be replaced is emptied, or made."""


class HandleParams(_Wire, kw_only=True):
    handle_id: str


class ReadBlockParams(_Wire, kw_only=True):
    handle_id: str
    offset: Count
    len: Count


class ReadBlockResult(_Wire, kw_only=True):
    chunk: str
    eof: bool


class WriteBlockParams(_Wire, kw_only=True):
    handle_id: str
    offset: Count
    chunk: str


class WalkOptions(_Wire, kw_only=True):
    max_depth: Count
    max_directories: Count
    max_entries: Count
    follow_directory_symlinks: bool
    prune_hidden_directories: bool = False


class WalkParams(PathParams, kw_only=True):
    options: WalkOptions


class WalkEntry(_Wire, kw_only=True):
    path: str
    kind: Literal["file", "directory"]


class WalkError(_Wire, kw_only=True):
    path: str
    message: str


class WalkResult(_Wire, kw_only=True):
    entries: list[WalkEntry]
    errors: list[WalkError]
    truncated: bool


class WatchMissingParams(_Wire, kw_only=True):
    """Paths where nothing is, and perhaps one where something is: told of once, when that is so no more."""

    watch_id: Count
    missing: list[str]
    present: str | None = None


class WatchMissingResult(_Wire, kw_only=True):
    watching: bool
    """False where it is not so already, or cannot be watched: the client looks by itself."""


class MissingChanged(_Wire, kw_only=True):
    watch_id: int


class HttpHeader(_Wire, kw_only=True):
    name: str
    value: str


class HttpRequestHeader(HttpHeader, kw_only=True):
    value_env_var: str | None = None
    """A variable of the exec-server whose value is added to the end."""


class HttpRequestParams(_Wire, kw_only=True):
    method: str
    url: str
    request_id: str
    headers: list[HttpRequestHeader] = []
    body_base64: str | None = msgspec.field(name="bodyBase64", default=None)
    timeout_ms: Count | None = None
    """For all of it, the body of the answer too."""
    redirect_policy: Literal["follow", "stop"] = "follow"
    stream_response: bool = False


class HttpRequestResult(_Wire, kw_only=True):
    status: int
    headers: list[HttpHeader]
    body_base64: str = msgspec.field(name="bodyBase64", default="")
    """Empty where it is streamed."""


class HttpBodyDelta(_Wire, kw_only=True):
    request_id: str
    seq: int
    delta_base64: str = msgspec.field(name="deltaBase64")
    done: bool = False
    error: str | None = None


class ConfigReadParams(_Wire, kw_only=True):
    """Which keys of its settings the machine is asked for, each as its path of names."""

    cwd: str
    config_paths: list[list[str]]
    requirements_paths: list[list[str]]


class ReadLayer(_Wire, kw_only=True):
    source: str
    base_dir: str
    toml: str


class ReadLayers(_Wire, kw_only=True):
    layers: list[ReadLayer]
    cloud_insertion_index: int = 0


class ConfigReadResult(_Wire, kw_only=True):
    user_home_dir: str | None
    codex_home_dir: str
    hostname: str | None
    config: ReadLayers
    requirements: ReadLayers


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
