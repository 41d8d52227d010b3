"""`initialize`: who both sides are, and what is wrong with the configuration."""

from __future__ import annotations

import socket

from codex_trio_protocol.v1 import InitializeParams, InitializeResponse
from codex_trio_protocol.v2.remote_control import RemoteControlStatusChangedNotification

from codex_trio.identity.user_agent import is_header_value
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

    def initialize(self, params: InitializeParams, context: RequestContext) -> InitializeResponse:
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
        for warning in services.config.startup_warnings():
            # Imported only when something is wrong: nearly every client has a configuration without problems.
            from codex_trio.processors.notices import Notices

            Notices(services.outgoing).config_warning(warning, context)
        for message in services.warnings:
            from codex_trio_protocol.v2.notice import WarningNotification

            services.outgoing.notify("warning", WarningNotification(message=message), targets=[context.connection.id])
        services.outgoing.notify(
            "remoteControl/status/changed",
            RemoteControlStatusChangedNotification(
                status="disabled",
                server_name=socket.gethostname(),
                installation_id=services.installation_id,
            ),
            targets=[context.connection.id],
        )
        services.prepare()
