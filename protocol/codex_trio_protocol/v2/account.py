"""TODO module account"""

from typing import Annotated, ClassVar, Literal, TypeAlias

from codex_trio_protocol.base import Known, Open, Params, Tagged, Wire
from codex_trio_protocol.v2.common import PlanType

ChatgptAuthTokensRefreshReason: TypeAlias = Annotated[str, Known("unauthorized")]
"""TODO ChatgptAuthTokensRefreshReason"""


class ChatgptAuthTokensRefreshParams(Wire):
    """TODO ChatgptAuthTokensRefreshParams"""

    reason: ChatgptAuthTokensRefreshReason
    previous_account_id: str | None = None


class ChatgptAuthTokensRefreshResponse(Params):
    """TODO ChatgptAuthTokensRefreshResponse"""

    access_token: str
    chatgpt_account_id: str
    chatgpt_plan_type: str | None = None


class CancelLoginAccountParams(Params):
    """TODO CancelLoginAccountParams"""

    login_id: str


class GetAccountParams(Params):
    """TODO GetAccountParams"""

    refresh_token: bool = False


LoginAppBrand: TypeAlias = Literal["codex", "chatgpt"]
"""TODO LoginAppBrand"""


class ApiKeyLoginAccountParams(Tagged, tag="apiKey"):
    """TODO ApiKeyLoginAccountParams"""

    api_key: str


class ChatgptLoginAccountParams(Tagged, tag="chatgpt"):
    """TODO ChatgptLoginAccountParams"""

    codex_streamlined_login: bool = False
    use_hosted_login_success_page: bool = False
    app_brand: LoginAppBrand | None = None


class ChatgptDeviceCodeLoginAccountParams(Tagged, tag="chatgptDeviceCode"):
    """TODO ChatgptDeviceCodeLoginAccountParams"""


class ChatgptAuthTokensLoginAccountParams(Tagged, tag="chatgptAuthTokens"):
    """TODO ChatgptAuthTokensLoginAccountParams"""

    access_token: str
    chatgpt_account_id: str
    chatgpt_plan_type: str | None = None


class AmazonBedrockLoginAccountParams(Tagged, tag="amazonBedrock"):
    """TODO AmazonBedrockLoginAccountParams"""

    api_key: str
    region: str


class AmazonBedrockAccessKeysLoginAccountParams(Tagged, tag="amazonBedrockAccessKeys"):
    """TODO AmazonBedrockAccessKeysLoginAccountParams"""

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
"""TODO LoginAccountParams"""


DesktopOnboardingEntrypoint: TypeAlias = Annotated[str, Known("life_sciences")]
"""TODO DesktopOnboardingEntrypoint"""


class AccountLoginCompletedNotification(Wire):
    """TODO AccountLoginCompletedNotification"""

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
"""TODO AuthMode"""


class AccountUpdatedNotification(Wire):
    """TODO AccountUpdatedNotification"""

    auth_mode: AuthMode | None = None
    plan_type: PlanType | None = None


CancelLoginAccountStatus: TypeAlias = Annotated[str, Known("canceled", "notFound")]
"""TODO CancelLoginAccountStatus"""


class CancelLoginAccountResponse(Wire):
    """TODO CancelLoginAccountResponse"""

    status: CancelLoginAccountStatus


class ApiKeyAccount(Tagged, tag="apiKey"):
    """TODO ApiKeyAccount"""


class ChatgptAccount(Tagged, tag="chatgpt"):
    """TODO ChatgptAccount"""

    email: str | None
    plan_type: PlanType
    workspace_name: str | None = None


class AmazonBedrockAccount(Tagged, tag="amazonBedrock"):
    """TODO AmazonBedrockAccount"""

    uses_codex_managed_credentials: bool = False


class GcpAccount(Tagged, tag="gcp"):
    """TODO GcpAccount"""


Account: TypeAlias = Open[ApiKeyAccount | ChatgptAccount | AmazonBedrockAccount | GcpAccount]
"""TODO Account"""


AccountRoutingOverride: TypeAlias = Annotated[str, Known("NO_CONSTRAINT", "us", "us_cr")]
"""TODO AccountRoutingOverride"""


class WorkspaceRouting(Wire):
    """TODO WorkspaceRouting"""

    chatgpt_account_id: str
    backend_origin: str
    account_routing_override: AccountRoutingOverride


class GetAccountResponse(Wire):
    """TODO GetAccountResponse"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"workspace_routing"})

    account: Account | None = None
    user_id: str | None = None
    requires_openai_auth: bool
    workspace_routing: WorkspaceRouting | None = None


class AccountSecuritySetupAction(Wire):
    """TODO AccountSecuritySetupAction"""

    label: str
    url: str


class AccountSecuritySetupNotice(Wire):
    """TODO AccountSecuritySetupNotice"""

    account_id: str
    user_id: str
    title: str
    description: str
    action: AccountSecuritySetupAction


class GetAccountSecuritySetupResponse(Wire):
    """TODO GetAccountSecuritySetupResponse"""

    notice: AccountSecuritySetupNotice | None = None


class ApiKeyLoginAccountResponse(Tagged, tag="apiKey"):
    """TODO ApiKeyLoginAccountResponse"""


class ChatgptLoginAccountResponse(Tagged, tag="chatgpt"):
    """TODO ChatgptLoginAccountResponse"""

    login_id: str
    auth_url: str


class ChatgptDeviceCodeLoginAccountResponse(Tagged, tag="chatgptDeviceCode"):
    """TODO ChatgptDeviceCodeLoginAccountResponse"""

    login_id: str
    verification_url: str
    user_code: str


class ChatgptAuthTokensLoginAccountResponse(Tagged, tag="chatgptAuthTokens"):
    """TODO ChatgptAuthTokensLoginAccountResponse"""


class AmazonBedrockLoginAccountResponse(Tagged, tag="amazonBedrock"):
    """TODO AmazonBedrockLoginAccountResponse"""


LoginAccountResponse: TypeAlias = Open[
    ApiKeyLoginAccountResponse
    | ChatgptLoginAccountResponse
    | ChatgptDeviceCodeLoginAccountResponse
    | ChatgptAuthTokensLoginAccountResponse
    | AmazonBedrockLoginAccountResponse
]
"""TODO LoginAccountResponse"""


class LogoutAccountResponse(Wire):
    """TODO LogoutAccountResponse"""
