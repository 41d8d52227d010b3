"""Model providers and their settings."""

from typing import Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Open, Params, Tagged, Wire

BedrockProviderId: TypeAlias = Literal["amazon-bedrock", "amazon-bedrock-runtime"]
"""A built-in provider of Amazon Bedrock."""


GcpProviderId: TypeAlias = Literal["gcp"]
"""The built-in provider of Google Cloud."""


class ModelProviderCapabilitiesReadParams(Params):
    """Ask what the current provider can do."""


class CustomGatewayProviderSettingsPatch(Tagged, tag="customGateway", forbid_unknown_fields=True):
    """Settings of a gateway; without an id a new one is made."""

    provider_id: str | None = None
    name: str | UnsetType = UNSET
    base_url: str | UnsetType | None = UNSET
    env_key: str | UnsetType | None = UNSET


class BedrockProviderSettingsPatch(Tagged, tag="bedrock", forbid_unknown_fields=True):
    """Settings of Amazon Bedrock."""

    provider_id: BedrockProviderId
    profile: str | UnsetType | None = UNSET
    region: str | UnsetType | None = UNSET


class GcpProviderSettingsPatch(Tagged, tag="gcp", forbid_unknown_fields=True):
    """Settings of Google Cloud."""

    provider_id: GcpProviderId
    project_id: str | UnsetType | None = UNSET
    location: str | UnsetType | None = UNSET
    credential_file: str | UnsetType | None = UNSET


ProviderSettingsPatch: TypeAlias = (
    CustomGatewayProviderSettingsPatch | BedrockProviderSettingsPatch | GcpProviderSettingsPatch
)
"""Settings to change: absent keeps, null clears."""


class ModelProviderConfigWriteParams(Params, forbid_unknown_fields=True):
    """Change a provider's settings in the user's configuration.

    Errors: -32600 when the provider cannot be edited or policy forbids it.
    """

    settings: ProviderSettingsPatch


class ModelProviderDefaultSetParams(Params):
    """Choose the provider of new threads, in the user's configuration; threads that are loaded keep theirs.

    Errors: -32600 for a provider that is not configured, and for what `config/value/write` refuses.
    """

    provider_id: str


class ModelProviderListParams(Params):
    """List the providers."""


class ModelProviderCapabilitiesReadResponse(Wire):
    """What the current provider can do."""

    image_generation: bool
    web_search: bool


class NoneGatewayAuth(Wire, tag_field="mode", tag="none"):
    """None."""


class EnvironmentVariableGatewayAuth(Wire, tag_field="mode", tag="environmentVariable"):
    """A key in an environment variable."""

    env_key: str


class ExternallyConfiguredGatewayAuth(Wire, tag_field="mode", tag="externallyConfigured"):
    """Set up elsewhere, and to be left alone."""

    env_key: str | None = None


GatewayAuth: TypeAlias = Open[NoneGatewayAuth | EnvironmentVariableGatewayAuth | ExternallyConfiguredGatewayAuth]
"""How a gateway is authenticated to."""


class OpenaiProviderSettings(Tagged, tag="openai"):
    """OpenAI itself."""


class CustomGatewayProviderSettings(Tagged, tag="customGateway"):
    """A gateway."""

    auth: GatewayAuth


class BedrockProviderSettings(Tagged, tag="bedrock"):
    """Amazon Bedrock. Null where not set."""

    profile: str | None = None
    region: str | None = None


class GcpProviderSettings(Tagged, tag="gcp"):
    """Google Cloud. Null where not set."""

    project_id: str | None = None
    location: str | None = None
    credential_file: str | None = None


ProviderSettings: TypeAlias = Open[
    OpenaiProviderSettings | CustomGatewayProviderSettings | BedrockProviderSettings | GcpProviderSettings
]
"""A provider's settings."""


class ModelProviderSummary(Wire):
    """A provider. The address is null when unknown or not to be shown."""

    id: str
    name: str
    can_edit: bool
    base_url: str | None = None
    settings: ProviderSettings


class ModelProviderConfigWriteResponse(Wire):
    """The provider as it is now."""

    provider: ModelProviderSummary


class ModelProviderMismatchModelProviderError(Tagged, tag="modelProviderMismatch"):
    """The thread runs with another provider."""

    model_provider: str
    current_model_provider: str


class ModelProviderNotConfiguredModelProviderError(Tagged, tag="modelProviderNotConfigured"):
    """There is no such provider."""

    model_provider: str


class ModelProviderPolicyConflictModelProviderError(Tagged, tag="modelProviderPolicyConflict"):
    """Policy wants another provider."""

    model_provider: str
    required_model_provider: str


ModelProviderError: TypeAlias = Open[
    ModelProviderMismatchModelProviderError
    | ModelProviderNotConfiguredModelProviderError
    | ModelProviderPolicyConflictModelProviderError
]
"""Data of an error about model providers."""


class ModelProviderListResponse(Wire):
    """The providers, and which one is used unless asked otherwise."""

    data: list[ModelProviderSummary]
    default_provider_id: str
    can_change_default: bool
