"""TODO module notice"""

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Params, UInt32, UInt64, Wire


class MockExperimentalMethodParams(Params):
    """TODO MockExperimentalMethodParams"""

    value: str | None = None


class ServerDiagnosticsParams(Params):
    """TODO ServerDiagnosticsParams"""


class TextPosition(Wire):
    """TODO TextPosition"""

    line: UInt64
    column: UInt64


class TextRange(Wire):
    """TODO TextRange"""

    start: TextPosition
    end: TextPosition


class ConfigWarningNotification(Wire):
    """TODO ConfigWarningNotification"""

    summary: str
    details: str | None = None
    path: str | UnsetType | None = UNSET
    range: TextRange | UnsetType | None = UNSET


class DeprecationNoticeNotification(Wire):
    """TODO DeprecationNoticeNotification"""

    summary: str
    details: str | None = None


class WarningNotification(Wire):
    """TODO WarningNotification"""

    thread_id: str | None = None
    message: str


class MockExperimentalMethodResponse(Wire):
    """TODO MockExperimentalMethodResponse"""

    echoed: str | None = None


class ServerDiagnosticsGauge(Wire):
    """TODO ServerDiagnosticsGauge"""

    name: str
    value: UInt64


class ServerDiagnosticsProcess(Wire):
    """TODO ServerDiagnosticsProcess"""

    id: UInt32
    resident_memory_bytes: UInt64 | None = None
    physical_footprint_bytes: UInt64 | None = None


class ServerDiagnosticsResponse(Wire):
    """TODO ServerDiagnosticsResponse"""

    process: ServerDiagnosticsProcess
    gauges: list[ServerDiagnosticsGauge]
