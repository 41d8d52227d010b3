"""The machines that threads can work in. Protocol source: `environment/add|info|status`, release 0.171.0."""

from __future__ import annotations

from pathlib import Path

from codex_trio_protocol.v2 import environment as wire

from codex_trio.environments.errors import EnvironmentUnreachable, UnusableEnvironment
from codex_trio.environments.targets import CONNECT_SECONDS, LONGEST_SECONDS, WebsocketTarget
from codex_trio.processors.services import WorkServices
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_request

_MS = 1000


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = EnvironmentProcessor(services)
    return {
        "environment/add": processor.add,
        "environment/info": processor.info,
        "environment/status": processor.status,
    }


class EnvironmentProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._environments = services.threads.environments

    def add(self, params: wire.EnvironmentAddParams, _context: RequestContext) -> wire.EnvironmentAddResponse:
        """Make an exec-server known."""
        if params.skills is not None and params.skills.required:
            raise invalid_request("`skills.required` is not supported by this server yet: leave it out")
        limit = params.connect_timeout_ms
        if limit is not None and limit > LONGEST_SECONDS * _MS:
            most = f"between 0 and {LONGEST_SECONDS * _MS:.0f} (24 hours)"
            raise invalid_request(f"`connectTimeoutMs` must be {most}, not {limit}: leave it out for the usual limit")
        target = WebsocketTarget(
            url=params.exec_server_url.strip(),
            token=params.auth_bearer_token,
            request_id=params.websocket_request_id,
            connect_seconds=CONNECT_SECONDS if limit is None else limit / _MS,
        )
        self._environments.add(params.environment_id, target)
        return wire.EnvironmentAddResponse()

    async def info(self, params: wire.EnvironmentInfoParams, _context: RequestContext) -> wire.EnvironmentInfoResponse:
        """Tell what an environment is like."""
        try:
            info = await self._environments.info(params.environment_id)
        except EnvironmentUnreachable as error:
            raise internal_error(str(error)) from error
        shell = wire.EnvironmentShellInfo(name=Path(info.shell).name, path=info.shell)
        return wire.EnvironmentInfoResponse(shell=shell, cwd=None if info.cwd is None else Path(info.cwd).as_uri())

    def status(self, params: wire.EnvironmentStatusParams, _context: RequestContext) -> wire.EnvironmentStatusResponse:
        """Tell whether an environment can be used; an unknown one is an answer too."""
        try:
            status = self._environments.status(params.environment_id)
        except UnusableEnvironment as error:
            return wire.EnvironmentStatusResponse(status="unknown", error=str(error))
        if status.error is None:
            return wire.EnvironmentStatusResponse(status=status.kind)
        return wire.EnvironmentStatusResponse(status=status.kind, error=status.error)
