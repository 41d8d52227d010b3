"""TODO module remote_control"""

from typing import Annotated, Literal, TypeAlias

from codex_trio_protocol.base import Int64, Known, Params, UInt32, Wire

RemoteControlClientsListOrder: TypeAlias = Literal["asc", "desc"]
"""TODO RemoteControlClientsListOrder"""


class RemoteControlClientsListParams(Params):
    """TODO RemoteControlClientsListParams"""

    environment_id: str
    cursor: str | None = None
    limit: UInt32 | None = None
    order: RemoteControlClientsListOrder | None = None


class RemoteControlClientsRevokeParams(Params):
    """TODO RemoteControlClientsRevokeParams"""

    environment_id: str
    client_id: str


class RemoteControlDisableParams(Params):
    """TODO RemoteControlDisableParams"""

    ephemeral: bool = False


class RemoteControlEnableParams(Params):
    """TODO RemoteControlEnableParams"""

    ephemeral: bool = False


class RemoteControlPairingStartParams(Params):
    """TODO RemoteControlPairingStartParams"""

    manual_code: bool = False


class RemoteControlPairingStatusParams(Params):
    """TODO RemoteControlPairingStatusParams"""

    pairing_code: str | None = None
    manual_pairing_code: str | None = None


RemoteControlConnectionStatus: TypeAlias = Annotated[str, Known("disabled", "connecting", "connected", "errored")]
"""TODO RemoteControlConnectionStatus"""


class RemoteControlStatusChangedNotification(Wire):
    """TODO RemoteControlStatusChangedNotification"""

    status: RemoteControlConnectionStatus
    server_name: str
    installation_id: str
    environment_id: str | None = None


NullableRemoteControlDisableParams: TypeAlias = RemoteControlDisableParams | None
"""TODO NullableRemoteControlDisableParams"""


NullableRemoteControlEnableParams: TypeAlias = RemoteControlEnableParams | None
"""TODO NullableRemoteControlEnableParams"""


class RemoteControlClient(Wire):
    """TODO RemoteControlClient"""

    client_id: str
    display_name: str | None = None
    device_type: str | None = None
    platform: str | None = None
    os_version: str | None = None
    device_model: str | None = None
    app_version: str | None = None
    last_seen_at: Int64 | None = None


class RemoteControlClientsListResponse(Wire):
    """TODO RemoteControlClientsListResponse"""

    data: list[RemoteControlClient]
    next_cursor: str | None = None


class RemoteControlClientsRevokeResponse(Wire):
    """TODO RemoteControlClientsRevokeResponse"""


class RemoteControlDisableResponse(Wire):
    """TODO RemoteControlDisableResponse"""

    status: RemoteControlConnectionStatus
    server_name: str
    installation_id: str
    environment_id: str | None = None


class RemoteControlEnableResponse(Wire):
    """TODO RemoteControlEnableResponse"""

    status: RemoteControlConnectionStatus
    server_name: str
    installation_id: str
    environment_id: str | None = None


class RemoteControlPairingStartResponse(Wire):
    """TODO RemoteControlPairingStartResponse"""

    pairing_code: str
    manual_pairing_code: str | None = None
    environment_id: str
    expires_at: Int64


class RemoteControlPairingStatusResponse(Wire):
    """TODO RemoteControlPairingStatusResponse"""

    claimed: bool


class RemoteControlStatusReadResponse(Wire):
    """TODO RemoteControlStatusReadResponse"""

    status: RemoteControlConnectionStatus
    server_name: str
    installation_id: str
    environment_id: str | None = None
