"""Letting other devices control this server."""

from typing import Annotated, Literal, TypeAlias

from codex_trio_protocol.base import Int64, Known, Params, UInt32, Wire

RemoteControlClientsListOrder: TypeAlias = Literal["asc", "desc"]
"""Oldest or newest first."""


class RemoteControlClientsListParams(Params):
    """List the devices that may control an environment.

    Errors: -32600 without a ChatGPT login.
    """

    environment_id: str
    cursor: str | None = None
    limit: UInt32 | None = None
    order: RemoteControlClientsListOrder | None = None


class RemoteControlClientsRevokeParams(Params):
    """Let a device control it no longer.

    Errors: -32600 without a ChatGPT login.
    """

    environment_id: str
    client_id: str


class RemoteControlDisableParams(Params):
    """Let nobody control this server.

    Errors: -32600 without a ChatGPT login.
    """

    ephemeral: bool = False
    """For this process only."""


class RemoteControlEnableParams(Params):
    """Let devices control this server.

    Errors: -32600 when it is switched off by requirements.
    """

    ephemeral: bool = False
    """For this process only."""


class RemoteControlPairingStartParams(Params):
    """Get a code to pair a device with.

    Errors: -32600 while remote control is off.
    """

    manual_code: bool = False
    """Also one that can be typed."""


class RemoteControlPairingStatusParams(Params):
    """Ask whether a code was used; name one of the two.

    Errors: -32600 without a code.
    """

    pairing_code: str | None = None
    manual_pairing_code: str | None = None


RemoteControlConnectionStatus: TypeAlias = Annotated[str, Known("disabled", "connecting", "connected", "errored")]
"""How the connection stands."""


class RemoteControlStatusChangedNotification(Wire):
    """Whether this server can be controlled; the environment is null until it is registered."""

    status: RemoteControlConnectionStatus
    server_name: str
    installation_id: str
    environment_id: str | None = None


class RemoteControlClient(Wire):
    """A device. The time is Unix seconds; null where not told."""

    client_id: str
    display_name: str | None = None
    device_type: str | None = None
    platform: str | None = None
    os_version: str | None = None
    device_model: str | None = None
    app_version: str | None = None
    last_seen_at: Int64 | None = None


class RemoteControlClientsListResponse(Wire):
    """A page of devices; a null cursor marks the last one."""

    data: list[RemoteControlClient]
    next_cursor: str | None = None


class RemoteControlClientsRevokeResponse(Wire):
    """Answer to `remoteControl/client/revoke`: it is done."""


class RemoteControlDisableResponse(Wire):
    """How it stands now."""

    status: RemoteControlConnectionStatus
    server_name: str
    installation_id: str
    environment_id: str | None = None


class RemoteControlEnableResponse(Wire):
    """How it stands now."""

    status: RemoteControlConnectionStatus
    server_name: str
    installation_id: str
    environment_id: str | None = None


class RemoteControlPairingStartResponse(Wire):
    """The codes. The expiry is in Unix seconds."""

    pairing_code: str
    manual_pairing_code: str | None = None
    environment_id: str
    expires_at: Int64


class RemoteControlPairingStatusResponse(Wire):
    """Whether it was used."""

    claimed: bool


class RemoteControlStatusReadResponse(Wire):
    """How it stands."""

    status: RemoteControlConnectionStatus
    server_name: str
    installation_id: str
    environment_id: str | None = None
