"""`initialize`: who both sides are, and what is wrong with the configuration."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from codex_trio_protocol.v1 import InitializeParams, InitializeResponse
from codex_trio_protocol.v2.remote_control import RemoteControlStatusChangedNotification

from codex_trio.config.service import ConfigService
from codex_trio.identity.user_agent import Identity, is_header_value
from codex_trio.rpc.context import ConnectionHandle, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.rpc.outgoing import OutgoingMessages


class Introduction(msgspec.Struct, frozen=True, kw_only=True):
    """What this server says of itself, and what it is told of its clients."""

    codex_home: Path
    installation_id: str
    identity: Identity
    config: ConfigService
    outgoing: OutgoingMessages
    warnings: Sequence[str]
    """What every client is to know, as found so far."""
    greeted: Callable[[ConnectionHandle], None]
    """Called when all that was put into a client's outbox."""


class InitializeProcessor:
    """Introductions. What follows the answer: configuration problems, then the state of remote control."""

    def __init__(self, introduction: Introduction) -> None:
        self._introduction = introduction

    def initialize(self, params: InitializeParams, context: RequestContext) -> InitializeResponse:
        """Answer who the server is. Refuse a client name that could not stand in an HTTP header."""
        client = params.client_info
        if not is_header_value(client.name):
            raise invalid_request(f"Invalid clientInfo.name: '{client.name}'. Must be a valid HTTP header value.")
        ours = self._introduction
        ours.identity.client_arrived(client.name, client.version)
        context.after_response(lambda: self._greet(context))
        return InitializeResponse(
            user_agent=ours.identity.user_agent,
            codex_home=str(ours.codex_home),
            platform_family="unix",
            platform_os="linux",
        )

    def _greet(self, context: RequestContext) -> None:
        ours = self._introduction
        for warning in ours.config.startup_warnings():
            # Imported only when something is wrong: nearly every client has a configuration without problems.
            from codex_trio.processors.notices import Notices

            Notices(ours.outgoing).config_warning(warning, context)
        for message in ours.warnings:
            from codex_trio_protocol.v2.notice import WarningNotification

            ours.outgoing.notify("warning", WarningNotification(message=message), targets=[context.connection.id])
        ours.outgoing.notify(
            "remoteControl/status/changed",
            RemoteControlStatusChangedNotification(
                status="disabled",
                server_name=socket.gethostname(),
                installation_id=ours.installation_id,
            ),
            targets=[context.connection.id],
        )
        ours.greeted(context.connection)
