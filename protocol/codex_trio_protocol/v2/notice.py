"""Warnings, diagnostics, and the method that only tests call."""

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Params, UInt, UInt32, UInt64, Wire


class MockExperimentalMethodParams(Params):
    """For tests of the experimental gate."""

    value: str | None = None


class ServerDiagnosticsParams(Params):
    """Ask how the server is doing. No content of threads is told."""


class TextPosition(Wire):
    """A place in a text, both numbers from 1; columns count characters."""

    line: UInt
    column: UInt


class TextRange(Wire):
    """A stretch of text."""

    start: TextPosition
    end: TextPosition


class ConfigWarningNotification(Wire):
    """Something about the configuration is not as it should be. Place and file are left out when unknown."""

    summary: str
    details: str | None = None
    path: str | UnsetType | None = UNSET
    range: TextRange | UnsetType | None = UNSET


class DeprecationNoticeNotification(Wire):
    """Something the client did will not work forever."""

    summary: str
    details: str | None = None


class WarningNotification(Wire):
    """Something that the user should know; null when it concerns no thread."""

    thread_id: str | None = None
    message: str


class MockExperimentalMethodResponse(Wire):
    """What was sent."""

    echoed: str | None = None


class ServerDiagnosticsGauge(Wire):
    """One number about the server."""

    name: str
    value: UInt64


class ServerDiagnosticsProcess(Wire):
    """The server's process. Bytes are null where the system does not tell."""

    id: UInt32
    resident_memory_bytes: UInt64 | None = None
    physical_footprint_bytes: UInt64 | None = None


class ServerDiagnosticsPassedOver(Wire):
    """A launcher of confined commands, or the path of one, and why another one is used."""

    launcher: str
    reason: str


class ServerDiagnosticsSandbox(Wire):
    """What confines commands: `bubblewrap`, `namespaces` or `landlock`; null when nothing here can. Our own."""

    launcher: str | None
    program: str | None
    version: str | None
    user_namespaces: bool
    landlock_abi: UInt32 | None
    seccomp: bool
    passed_over: list[ServerDiagnosticsPassedOver]


class ServerDiagnosticsLimit(Wire):
    """What one command may take of the machine. `held_by` is null where nothing holds it to that. Our own."""

    name: str
    value: UInt64 | None
    held_by: str | None
    note: str | None


class ServerDiagnosticsResponse(Wire):
    """The process and its gauges. `sandbox` and `limits` are our own: the established server has no such fields."""

    process: ServerDiagnosticsProcess
    gauges: list[ServerDiagnosticsGauge]
    sandbox: ServerDiagnosticsSandbox | UnsetType = UNSET
    limits: list[ServerDiagnosticsLimit] | UnsetType = UNSET
