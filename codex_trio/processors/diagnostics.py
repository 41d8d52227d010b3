"""How the server is doing: its process, how much it is at, what confines commands and what limits them. Nothing of
what is said in threads is told.

Protocol source: `server/diagnostics`, release 0.171.0; `sandbox` and `limits` are our own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from codex_trio_protocol.v2 import notice as wire

from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext

if TYPE_CHECKING:
    from codex_trio.config.settings import EffectiveConfig
    from codex_trio.sandbox.probe import SandboxProbe

_STATM = Path("/proc/self/statm")


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"server/diagnostics": DiagnosticsProcessor(services).read}


class DiagnosticsProcessor:
    def __init__(self, services: Services) -> None:
        self._loaded = services.threads.loaded
        self._load = services.load
        self._sandbox = services.sandbox
        self._config = services.config

    async def read(
        self, _params: wire.ServerDiagnosticsParams, _context: RequestContext
    ) -> wire.ServerDiagnosticsResponse:
        """Return the process and its gauges; requests that wait for others of their scope are not in flight."""
        load = self._load()
        probe = await self._sandbox()
        gauges = {
            "app.requests.in_flight": load.requests_in_flight,
            "app.requests.queued": load.requests_queued,
            "core.threads.live": len(self._loaded.ids),
            "core.turns.active": load.turns,
        }
        return wire.ServerDiagnosticsResponse(
            process=wire.ServerDiagnosticsProcess(id=os.getpid(), resident_memory_bytes=_resident_bytes()),
            gauges=[wire.ServerDiagnosticsGauge(name=name, value=value) for name, value in gauges.items()],
            sandbox=_sandbox(probe),
            limits=_limits(self._config.startup_default(), probe),
        )


def _sandbox(probe: SandboxProbe) -> wire.ServerDiagnosticsSandbox:
    # Imported here: few ask.
    from codex_trio.sandbox.report import report_on

    report = report_on(probe)
    return wire.ServerDiagnosticsSandbox(
        launcher=report.launcher,
        program=report.program,
        version=report.version,
        user_namespaces=report.user_namespaces,
        landlock_abi=report.landlock_abi,
        seccomp=report.seccomp,
        passed_over=[
            wire.ServerDiagnosticsPassedOver(launcher=other.launcher, reason=other.reason)
            for other in report.passed_over
        ],
    )


def _limits(config: EffectiveConfig, probe: SandboxProbe) -> list[wire.ServerDiagnosticsLimit]:
    from codex_trio.execution.bounds import bounds_of
    from codex_trio.execution.bounds_report import report_on_limits

    return [
        wire.ServerDiagnosticsLimit(name=one.name, value=one.value, held_by=one.held_by, note=one.note)
        for one in report_on_limits(bounds_of(config.merged), probe.mechanism)
    ]


def _resident_bytes() -> int | None:
    """Return the memory that the process has in use; None where the system does not tell."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
