"""Credentials of other model hosts: Bedrock, Google Cloud, gateways."""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Known, Params, Tagged, Wire


class BedrockCheckGovCloudRequirementsParams(Params):
    """Ask whether the Bedrock settings suit a GovCloud region."""


class BedrockDiscoverParams(Params):
    """Look for AWS credentials on this machine."""


class ProfileBedrockSetupParams(Tagged, tag="profile"):
    """Use a profile of the AWS configuration."""

    profile: str
    region: str


class EnvironmentBedrockSetupParams(Tagged, tag="environment"):
    """Use what the environment holds."""

    region: str


BedrockSetupParams: TypeAlias = ProfileBedrockSetupParams | EnvironmentBedrockSetupParams
"""Set Amazon Bedrock up.

Errors: -32600 when the credentials are not there.
"""


class GatewayOAuthLoginParams(Params):
    """Log in to a gateway; null is the current provider.

    Errors: -32600 when the provider has no such login.
    """

    model_provider: str | None = None
    device_auth: bool = False


class GatewayOAuthReadParams(Params):
    """Ask how the login to a gateway stands; null is the current provider."""

    model_provider: str | None = None


class GcpSetupParams(Params):
    """Set Google Cloud up. A null location is `global`; a null file uses the system's credentials.

    Errors: -32600 when the credentials are not there.
    """

    project_id: str
    location: str | None = None
    credential_file: str | None = None


GatewayOAuthStatus: TypeAlias = Annotated[str, Known("notReady", "started", "succeeded", "failed")]
"""How a gateway login stands."""


class GatewayOAuthChangedNotification(Wire):
    """A gateway login has changed. The page to open goes to the connection that began it."""

    login_id: str | None = None
    auth_url: str | None = None
    provider_id: str
    status: GatewayOAuthStatus
    error: str | None = None


class BedrockCheckGovCloudRequirementsResponse(Wire):
    """Whether the region is a GovCloud one, and whether to warn."""

    is_gov_cloud: bool
    should_warn: bool


AwsCredentialType: TypeAlias = Annotated[str, Known("accessKeys", "bedrockApiKey")]
"""Which kind of credentials was found."""


class BedrockAwsProfile(Wire):
    """A profile; a null region is not set there."""

    name: str
    region: str | None = None


class BedrockEnvironmentCredential(Wire):
    """Credentials in the environment."""

    type: AwsCredentialType
    region: str | None = None


class BedrockDiscoverResponse(Wire):
    """What was found."""

    profiles: list[BedrockAwsProfile]
    environment_credentials: list[BedrockEnvironmentCredential]


class BedrockSetupResponse(Wire):
    """Answer to `account/bedrock/setup`: it is done."""


class GatewayOAuthCancelResponse(Wire):
    """Answer to `account/gatewayOAuth/cancel`: it is done."""


class GatewayOAuthPrompt(Wire):
    """The page to open and the code to enter there."""

    login_id: str
    verification_url: str
    user_code: str


class GatewayOAuthLoginResponse(Wire):
    """The prompt; null when a browser does it all."""

    prompt: GatewayOAuthPrompt | None = None


class GatewayOAuthReadResponse(Wire):
    """Whether the provider needs a login, and how it stands; null when it needs none."""

    provider_id: str
    provider_name: str
    required: bool
    supports_device_auth: bool = False
    status: GatewayOAuthStatus | None = None
    error: str | None = None


class GcpSetupResponse(Wire):
    """Answer to `account/gcp/setup`: it is done."""
