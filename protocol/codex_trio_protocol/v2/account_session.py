"""TODO module account_session"""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Int64, Known, Open, Params, Wire


class AccountSessionsListParams(Params):
    """TODO AccountSessionsListParams"""

    refresh_workspace_metadata: bool = False


class AccountSessionsSwitchParams(Params):
    """TODO AccountSessionsSwitchParams"""

    session_id: str
    account_id: str
    allow_browser_login: bool = False


AccountSessionWorkspaceKind: TypeAlias = Annotated[str, Known("personal", "workspace")]
"""TODO AccountSessionWorkspaceKind"""


class AccountSessionWorkspace(Wire):
    """TODO AccountSessionWorkspace"""

    account_id: str
    name: str | None = None
    image_url: str | None = None
    kind: AccountSessionWorkspaceKind | None = None


class AccountSession(Wire):
    """TODO AccountSession"""

    session_id: str
    email: str | None = None
    user_id: str | None = None
    display_name: str | None = None
    image_url: str | None = None
    last_used_at: Int64
    is_active: bool
    selected_workspace_account_id: str | None = None
    workspaces: list[AccountSessionWorkspace]


class AccountSessionsResponse(Wire):
    """TODO AccountSessionsResponse"""

    active_session_id: str | None = None
    sessions: list[AccountSession]


class AccountSessionsSwitched(Wire):
    """TODO AccountSessionsSwitched"""

    active_session_id: str | None = None
    sessions: list[AccountSession]


class AccountSessionsLoginNeeded(Wire, rename=None):
    """TODO AccountSessionsLoginNeeded"""

    auth_url: str
    login_id: str


AccountSessionsSwitchResponse: TypeAlias = Open[AccountSessionsSwitched | AccountSessionsLoginNeeded]
"""TODO AccountSessionsSwitchResponse"""
