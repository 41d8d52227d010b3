"""`initialize`: who both sides are, and what is wrong with the configuration."""

from __future__ import annotations

import socket

from codex_trio_protocol.v1 import InitializeParams, InitializeResponse
from codex_trio_protocol.v2.notice import ConfigWarningNotification, TextPosition, TextRange
from codex_trio_protocol.v2.remote_control import RemoteControlStatusChangedNotification
from msgspec import UNSET

from codex_trio.config.errors import ConfigWarning
from codex_trio.identity import is_header_value
from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request


def handlers(services: Services) -> dict[str, Handler]:
    """The handlers of this module."""
    return {"initialize": InitializeProcessor(services).initialize}


class InitializeProcessor:
    """Introductions. What follows the answer: configuration problems, then the state of remote control."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def initialize(self, params: InitializeParams, context: RequestContext) -> InitializeResponse:
        """Answers who the server is. Refuses a client name that could not stand in an HTTP header."""
        client = params.client_info
        if not is_header_value(client.name):
            raise invalid_request(f"Invalid clientInfo.name: '{client.name}'. Must be a valid HTTP header value.")
        services = self._services
        services.identity.client_arrived(client.name, client.version)
        context.after_response(lambda: self._greet(context))
        return InitializeResponse(
            user_agent=services.identity.user_agent,
            codex_home=str(services.codex_home),
            platform_family="unix",
            platform_os="linux",
        )

    def _greet(self, context: RequestContext) -> None:
        services = self._services
        to_client = [context.connection.id]
        for warning in services.config.startup_warnings():
            services.outgoing.notify("configWarning", project_warning(warning), targets=to_client)
        services.outgoing.notify(
            "remoteControl/status/changed",
            RemoteControlStatusChangedNotification(
                status="disabled",
                server_name=socket.gethostname(),
                installation_id=services.installation_id,
            ),
            targets=to_client,
        )
        services.prepare()


def project_warning(warning: ConfigWarning) -> ConfigWarningNotification:
    """The wire form of a configuration problem; one without a place has no `path` and `range` keys."""
    place = warning.range
    return ConfigWarningNotification(
        summary=warning.summary,
        details=warning.details,
        path=UNSET if warning.path is None else str(warning.path),
        range=UNSET
        if place is None
        else TextRange(
            start=TextPosition(line=place.start.line, column=place.start.column),
            end=TextPosition(line=place.end.line, column=place.end.column),
        ),
    )
