"""TODO module account_provider"""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Known, Params, Tagged, Wire


class BedrockCheckGovCloudRequirementsParams(Params):
    """TODO BedrockCheckGovCloudRequirementsParams"""


class BedrockDiscoverParams(Params):
    """TODO BedrockDiscoverParams"""


class ProfileBedrockSetupParams(Tagged, tag="profile"):
    """TODO ProfileBedrockSetupParams"""

    profile: str
    region: str


class EnvironmentBedrockSetupParams(Tagged, tag="environment"):
    """TODO EnvironmentBedrockSetupParams"""

    region: str


BedrockSetupParams: TypeAlias = ProfileBedrockSetupParams | EnvironmentBedrockSetupParams
"""TODO BedrockSetupParams"""


class GatewayOAuthLoginParams(Params):
    """TODO GatewayOAuthLoginParams"""

    model_provider: str | None = None
    device_auth: bool = False


class GatewayOAuthReadParams(Params):
    """TODO GatewayOAuthReadParams"""

    model_provider: str | None = None


class GcpSetupParams(Params):
    """TODO GcpSetupParams"""

    project_id: str
    location: str | None = None
    credential_file: str | None = None


GatewayOAuthStatus: TypeAlias = Annotated[str, Known("notReady", "started", "succeeded", "failed")]
"""TODO GatewayOAuthStatus"""


class GatewayOAuthChangedNotification(Wire):
    """TODO GatewayOAuthChangedNotification"""

    login_id: str | None = None
    auth_url: str | None = None
    provider_id: str
    status: GatewayOAuthStatus
    error: str | None = None


class BedrockCheckGovCloudRequirementsResponse(Wire):
    """TODO BedrockCheckGovCloudRequirementsResponse"""

    is_gov_cloud: bool
    should_warn: bool


AwsCredentialType: TypeAlias = Annotated[str, Known("accessKeys", "bedrockApiKey")]
"""TODO AwsCredentialType"""


class BedrockAwsProfile(Wire):
    """TODO BedrockAwsProfile"""

    name: str
    region: str | None = None


class BedrockEnvironmentCredential(Wire):
    """TODO BedrockEnvironmentCredential"""

    type: AwsCredentialType
    region: str | None = None


class BedrockDiscoverResponse(Wire):
    """TODO BedrockDiscoverResponse"""

    profiles: list[BedrockAwsProfile]
    environment_credentials: list[BedrockEnvironmentCredential]


class BedrockSetupResponse(Wire):
    """TODO BedrockSetupResponse"""


class GatewayOAuthCancelResponse(Wire):
    """TODO GatewayOAuthCancelResponse"""


class GatewayOAuthPrompt(Wire):
    """TODO GatewayOAuthPrompt"""

    login_id: str
    verification_url: str
    user_code: str


class GatewayOAuthLoginResponse(Wire):
    """TODO GatewayOAuthLoginResponse"""

    prompt: GatewayOAuthPrompt | None = None


class GatewayOAuthReadResponse(Wire):
    """TODO GatewayOAuthReadResponse"""

    provider_id: str
    provider_name: str
    required: bool
    supports_device_auth: bool = False
    status: GatewayOAuthStatus | None = None
    error: str | None = None


class GcpSetupResponse(Wire):
    """TODO GcpSetupResponse"""


NullableGatewayOAuthLoginParams: TypeAlias = GatewayOAuthLoginParams | None
"""TODO NullableGatewayOAuthLoginParams"""


NullableGatewayOAuthReadParams: TypeAlias = GatewayOAuthReadParams | None
"""TODO NullableGatewayOAuthReadParams"""
