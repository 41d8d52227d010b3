"""Which model providers there are, and changing them.

Protocol source: `modelProvider/list|config/write|default/set|capabilities/read`, release 0.171.0.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from codex_trio_protocol.v2 import model_provider as wire

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.gateways import GatewayChange, Provider, providers, write_gateway
from codex_trio.config.write import set_default_provider
from codex_trio.processors.config_writes import written, written_to_wire
from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_request


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ModelProviderProcessor(services)
    return {
        "modelProvider/list": processor.list,
        "modelProvider/config/write": processor.write,
        "modelProvider/default/set": processor.set_default,
        "modelProvider/capabilities/read": processor.capabilities,
    }


class ModelProviderProcessor:
    def __init__(self, services: Services) -> None:
        self._config = services.config

    def list(self, _params: wire.ModelProviderListParams, _context: RequestContext) -> wire.ModelProviderListResponse:
        """Return the providers that a thread can be run with, and the one that is taken unless it says another."""
        try:
            config = self._config.load()
        except ConfigLoadError as error:
            raise internal_error(f"failed to load configuration: {error.message}") from error
        default = config.model_provider.id
        tables = config.merged.get("model_providers", {})
        return wire.ModelProviderListResponse(
            data=[_to_wire(provider) for provider in providers(tables, default=default)],
            default_provider_id=default,
            can_change_default=True,
        )

    def capabilities(
        self, _params: wire.ModelProviderCapabilitiesReadParams, _context: RequestContext
    ) -> wire.ModelProviderCapabilitiesReadResponse:
        """Return what the provider in use can be asked for: all that the Responses API has, as far as anybody knows."""
        try:
            self._config.load()
        except ConfigLoadError as error:
            raise internal_error(f"failed to resolve feature override precedence: {error.message}") from error
        return wire.ModelProviderCapabilitiesReadResponse(image_generation=True, web_search=True)

    async def write(
        self, params: wire.ModelProviderConfigWriteParams, _context: RequestContext
    ) -> wire.ModelProviderConfigWriteResponse:
        """Change a gateway's settings in the user's configuration file, or add one."""
        settings = params.settings
        if not isinstance(settings, wire.CustomGatewayProviderSettingsPatch):
            raise invalid_request(
                f"the provider {settings.provider_id} is not supported by this server: reach its models through a "
                "gateway that speaks the Responses API, and configure that as a customGateway",
                {"config_write_error_code": "configValidationError"},
            )
        change = GatewayChange(
            id=settings.provider_id, name=settings.name, base_url=settings.base_url, env_key=settings.env_key
        )
        provider = await written(partial(write_gateway, self._config, change))
        return wire.ModelProviderConfigWriteResponse(provider=_to_wire(provider))

    async def set_default(self, params: wire.ModelProviderDefaultSetParams, _context: RequestContext) -> dict[str, Any]:
        """Choose the provider of new threads, in the user's configuration file."""
        return written_to_wire(await written(partial(set_default_provider, self._config, params.provider_id)))


def _to_wire(provider: Provider) -> wire.ModelProviderSummary:
    return wire.ModelProviderSummary(
        id=provider.id,
        name=provider.name,
        can_edit=provider.is_gateway,
        base_url=provider.base_url,
        settings=_settings(provider),
    )


def _settings(provider: Provider) -> wire.ProviderSettings:
    if provider.id == "openai":
        return wire.OpenaiProviderSettings()
    if provider.aws is not None:
        profile, region = provider.aws
        return wire.BedrockProviderSettings(profile=profile, region=region)
    auth: wire.GatewayAuth
    if provider.auth == "externallyConfigured":
        auth = wire.ExternallyConfiguredGatewayAuth(env_key=provider.env_key)
    elif provider.env_key is not None:
        auth = wire.EnvironmentVariableGatewayAuth(env_key=provider.env_key)
    else:
        auth = wire.NoneGatewayAuth()
    return wire.CustomGatewayProviderSettings(auth=auth)
