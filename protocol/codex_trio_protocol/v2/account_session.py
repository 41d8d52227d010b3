"""Several logins side by side."""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Int64, JsonObject, Known, Params, Shape, Wire


class AccountSessionsListParams(Params):
    """List the logins, reading workspaces anew if wished."""

    refresh_workspace_metadata: bool = False


class AccountSessionsSwitchParams(Params):
    """Use another login and workspace.

    Errors: -32600 for an unknown one.
    """

    session_id: str
    account_id: str
    allow_browser_login: bool = False
    """A browser may be opened when the workspace wants its own login."""


AccountSessionWorkspaceKind: TypeAlias = Annotated[str, Known("personal", "workspace")]
"""Whether a workspace is the user's own."""


class AccountSessionWorkspace(Wire):
    """A workspace of a login. Null where unknown."""

    account_id: str
    name: str | None = None
    image_url: str | None = None
    kind: AccountSessionWorkspaceKind | None = None


class AccountSession(Wire):
    """A login. The time is Unix seconds; null where unknown."""

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
    """All logins; null when none is in use."""

    active_session_id: str | None = None
    sessions: list[AccountSession]


AccountSessionsSwitchResponse: TypeAlias = Annotated[
    JsonObject, Shape("account_session:AccountSessionsSwitchResponseShape")
]
"""What came of the switch."""


class AccountSessionsSwitched(Wire):
    """The switch is made; all logins as they are now."""

    active_session_id: str | None = None
    sessions: list[AccountSession]


class AccountSessionsLoginNeeded(Wire, rename=None):
    """The workspace wants a login first, at this page."""

    auth_url: str
    login_id: str


AccountSessionsSwitchResponseShape: TypeAlias = AccountSessionsSwitched | AccountSessionsLoginNeeded
"""What came of the switch."""
