"""TODO module model_provider"""

from typing import Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Open, Params, Tagged, Wire

BedrockProviderId: TypeAlias = Literal["amazon-bedrock", "amazon-bedrock-runtime"]
"""TODO BedrockProviderId"""


GcpProviderId: TypeAlias = Literal["gcp"]
"""TODO GcpProviderId"""


class ModelProviderCapabilitiesReadParams(Params):
    """TODO ModelProviderCapabilitiesReadParams"""


class CustomGatewayProviderSettingsPatch(Tagged, tag="customGateway", forbid_unknown_fields=True):
    """TODO CustomGatewayProviderSettingsPatch"""

    provider_id: str | None = None
    name: str | UnsetType = UNSET
    base_url: str | None = None
    env_key: str | None = None


class BedrockProviderSettingsPatch(Tagged, tag="bedrock", forbid_unknown_fields=True):
    """TODO BedrockProviderSettingsPatch"""

    provider_id: BedrockProviderId
    profile: str | None = None
    region: str | None = None


class GcpProviderSettingsPatch(Tagged, tag="gcp", forbid_unknown_fields=True):
    """TODO GcpProviderSettingsPatch"""

    provider_id: GcpProviderId
    project_id: str | None = None
    location: str | None = None
    credential_file: str | None = None


ProviderSettingsPatch: TypeAlias = (
    CustomGatewayProviderSettingsPatch | BedrockProviderSettingsPatch | GcpProviderSettingsPatch
)
"""TODO ProviderSettingsPatch"""


class ModelProviderConfigWriteParams(Params, forbid_unknown_fields=True):
    """TODO ModelProviderConfigWriteParams"""

    settings: ProviderSettingsPatch


class ModelProviderListParams(Params):
    """TODO ModelProviderListParams"""


class ModelProviderCapabilitiesReadResponse(Wire):
    """TODO ModelProviderCapabilitiesReadResponse"""

    image_generation: bool
    web_search: bool


class NoneGatewayAuth(Wire, tag_field="mode", tag="none"):
    """TODO NoneGatewayAuth"""


class EnvironmentVariableGatewayAuth(Wire, tag_field="mode", tag="environmentVariable"):
    """TODO EnvironmentVariableGatewayAuth"""

    env_key: str


class ExternallyConfiguredGatewayAuth(Wire, tag_field="mode", tag="externallyConfigured"):
    """TODO ExternallyConfiguredGatewayAuth"""

    env_key: str | None = None


GatewayAuth: TypeAlias = Open[NoneGatewayAuth | EnvironmentVariableGatewayAuth | ExternallyConfiguredGatewayAuth]
"""TODO GatewayAuth"""


class OpenaiProviderSettings(Tagged, tag="openai"):
    """TODO OpenaiProviderSettings"""


class CustomGatewayProviderSettings(Tagged, tag="customGateway"):
    """TODO CustomGatewayProviderSettings"""

    auth: GatewayAuth


class BedrockProviderSettings(Tagged, tag="bedrock"):
    """TODO BedrockProviderSettings"""

    profile: str | None = None
    region: str | None = None


class GcpProviderSettings(Tagged, tag="gcp"):
    """TODO GcpProviderSettings"""

    project_id: str | None = None
    location: str | None = None
    credential_file: str | None = None


ProviderSettings: TypeAlias = Open[
    OpenaiProviderSettings | CustomGatewayProviderSettings | BedrockProviderSettings | GcpProviderSettings
]
"""TODO ProviderSettings"""


class ModelProviderSummary(Wire):
    """TODO ModelProviderSummary"""

    id: str
    name: str
    can_edit: bool
    base_url: str | None = None
    settings: ProviderSettings


class ModelProviderConfigWriteResponse(Wire):
    """TODO ModelProviderConfigWriteResponse"""

    provider: ModelProviderSummary


class ModelProviderMismatchModelProviderError(Tagged, tag="modelProviderMismatch"):
    """TODO ModelProviderMismatchModelProviderError"""

    model_provider: str
    current_model_provider: str


class ModelProviderNotConfiguredModelProviderError(Tagged, tag="modelProviderNotConfigured"):
    """TODO ModelProviderNotConfiguredModelProviderError"""

    model_provider: str


class ModelProviderPolicyConflictModelProviderError(Tagged, tag="modelProviderPolicyConflict"):
    """TODO ModelProviderPolicyConflictModelProviderError"""

    model_provider: str
    required_model_provider: str


ModelProviderError: TypeAlias = Open[
    ModelProviderMismatchModelProviderError
    | ModelProviderNotConfiguredModelProviderError
    | ModelProviderPolicyConflictModelProviderError
]
"""TODO ModelProviderError"""


class ModelProviderListResponse(Wire):
    """TODO ModelProviderListResponse"""

    data: list[ModelProviderSummary]
    default_provider_id: str
    can_change_default: bool
