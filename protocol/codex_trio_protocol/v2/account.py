"""Logging in and out, and who is logged in."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from codex_trio_protocol.base import Known, Open, Params, Since, Tagged, Wire
from codex_trio_protocol.v2.common import PlanType

ChatgptAuthTokensRefreshReason: TypeAlias = Annotated[str, Known("unauthorized")]
"""Why new tokens are needed."""


class ChatgptAuthTokensRefreshParams(Wire):
    """Ask the client for fresh tokens, for a login that it manages."""

    reason: ChatgptAuthTokensRefreshReason
    previous_account_id: str | None = None
    """The account used so far; null when unknown."""


class ChatgptAuthTokensRefreshResponse(Params):
    """The tokens. A null plan leaves it as it was."""

    access_token: str
    chatgpt_account_id: str
    chatgpt_plan_type: str | None = None


class CancelLoginAccountParams(Params):
    """Give up a login that is under way.

    Errors: -32600 for an id that is no UUID; an unknown one is no error.
    """

    login_id: str


class GetAccountParams(Params):
    """Ask who is logged in."""

    refresh_token: bool = False
    """Renew the token first."""


LoginAppBrand: TypeAlias = Literal["codex", "chatgpt"]
"""Whose name the login page shows."""


class ApiKeyLoginAccountParams(Tagged, tag="apiKey"):
    """With an API key."""

    api_key: str


class ChatgptLoginAccountParams(Tagged, tag="chatgpt"):
    """With ChatGPT, in a browser on this machine."""

    codex_streamlined_login: bool = False
    use_hosted_login_success_page: bool = False
    app_brand: LoginAppBrand | None = None


class ChatgptDeviceCodeLoginAccountParams(Tagged, tag="chatgptDeviceCode"):
    """With ChatGPT, in a browser anywhere."""


class ChatgptAuthTokensLoginAccountParams(Tagged, tag="chatgptAuthTokens"):
    """With ChatGPT tokens that the client manages. A null plan is read from the token."""

    experimental_reason: ClassVar[str | None] = "account/login/start.chatgptAuthTokens"

    access_token: str
    chatgpt_account_id: str
    chatgpt_plan_type: str | None = None


class AmazonBedrockLoginAccountParams(Tagged, tag="amazonBedrock"):
    """With an API key of Amazon Bedrock."""

    experimental_reason: ClassVar[str | None] = "account/login/start.amazonBedrock"

    api_key: str
    region: str


class AmazonBedrockAccessKeysLoginAccountParams(Tagged, tag="amazonBedrockAccessKeys"):
    """With AWS access keys; the session token is null for lasting ones."""

    experimental_reason: ClassVar[str | None] = "account/login/start.amazonBedrockAccessKeys"

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    region: str


LoginAccountParams: TypeAlias = (
    ApiKeyLoginAccountParams
    | ChatgptLoginAccountParams
    | ChatgptDeviceCodeLoginAccountParams
    | ChatgptAuthTokensLoginAccountParams
    | AmazonBedrockLoginAccountParams
    | AmazonBedrockAccessKeysLoginAccountParams
)
"""Log in, one way or another.

Errors: -32600 when policy forbids it or values are missing; -32603 when tokens cannot be used.
"""


DesktopOnboardingEntrypoint: TypeAlias = Annotated[str, Known("life_sciences")]
"""Where a newly logged-in user is led."""


class AccountLoginCompletedNotification(Wire):
    """A login is over. The id is null when it had none, the error when it succeeded."""

    login_id: str | None = None
    success: bool
    error: str | None = None
    onboarding_entrypoint: DesktopOnboardingEntrypoint | None = None


AuthMode: TypeAlias = Annotated[
    str,
    Known(
        "apikey",
        "chatgpt",
        "chatgptAuthTokens",
        "headers",
        "agentIdentity",
        "personalAccessToken",
        "bedrockApiKey",
        "bedrockAccessKeys",
    ),
]
"""How the server is logged in."""


AccountUpdateReason: TypeAlias = Annotated[str, Known("workspaceRoutingReady", "unknown")]
"""Why an account is told anew."""


class AccountUpdatedNotification(Wire):
    """The login has changed; null mode means logged out."""

    auth_mode: AuthMode | None = None
    plan_type: PlanType | None = None
    reason: Annotated[AccountUpdateReason | None, Since("0.171.0")] = None
    """Why it is told although nothing else has changed; null for a login and a logout."""


CancelLoginAccountStatus: TypeAlias = Annotated[str, Known("canceled", "notFound")]
"""Whether there was a login to give up."""


class CancelLoginAccountResponse(Wire):
    """What was found."""

    status: CancelLoginAccountStatus


class ApiKeyAccount(Tagged, tag="apiKey"):
    """An API key."""


class ChatgptAccount(Tagged, tag="chatgpt"):
    """A ChatGPT account. Null where unknown."""

    email: str | None
    plan_type: PlanType
    workspace_name: str | None = None


class AmazonBedrockAccount(Tagged, tag="amazonBedrock"):
    """Amazon Bedrock, with credentials of ours or of the system."""

    uses_codex_managed_credentials: bool = False


class GcpAccount(Tagged, tag="gcp"):
    """Google Cloud, with credentials of the system."""


Account: TypeAlias = Open[ApiKeyAccount | ChatgptAccount | AmazonBedrockAccount | GcpAccount]
"""Who is logged in."""


AccountRoutingOverride: TypeAlias = Annotated[str, Known("NO_CONSTRAINT", "us", "us_cr")]
"""Region to which an account's traffic is bound."""


class WorkspaceRouting(Wire):
    """Where a workspace's traffic goes."""

    chatgpt_account_id: str
    backend_origin: str
    account_routing_override: AccountRoutingOverride


class GetAccountResponse(Wire):
    """The account, null when nobody is logged in, and whether the provider needs one."""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"workspace_routing"})

    account: Account | None = None
    user_id: str | None = None
    requires_openai_auth: bool
    workspace_routing: WorkspaceRouting | None = None


class AccountSecuritySetupAction(Wire):
    """What the user can do."""

    label: str
    url: str


class AccountSecuritySetupNotice(Wire):
    """Advice about an account's security."""

    account_id: str
    user_id: str
    title: str
    description: str
    action: AccountSecuritySetupAction


class GetAccountSecuritySetupResponse(Wire):
    """Advice; null when there is none."""

    notice: AccountSecuritySetupNotice | None = None


class ApiKeyLoginAccountResponse(Tagged, tag="apiKey"):
    """Logged in."""


class ChatgptLoginAccountResponse(Tagged, tag="chatgpt"):
    """The page to open; the outcome comes as a notification."""

    login_id: str
    auth_url: str


class ChatgptDeviceCodeLoginAccountResponse(Tagged, tag="chatgptDeviceCode"):
    """The page to open and the code to enter there."""

    login_id: str
    verification_url: str
    user_code: str


class ChatgptAuthTokensLoginAccountResponse(Tagged, tag="chatgptAuthTokens"):
    """Logged in."""


class AmazonBedrockLoginAccountResponse(Tagged, tag="amazonBedrock"):
    """Logged in."""


LoginAccountResponse: TypeAlias = Open[
    ApiKeyLoginAccountResponse
    | ChatgptLoginAccountResponse
    | ChatgptDeviceCodeLoginAccountResponse
    | ChatgptAuthTokensLoginAccountResponse
    | AmazonBedrockLoginAccountResponse
]
"""How the login goes on."""


class LogoutAccountResponse(Wire):
    """Answer to `account/logout`: it is done."""
