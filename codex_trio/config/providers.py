"""Model providers as configured: where requests to a model go and how they are paid for.

Owns: the provider value, the built-in ones, and building the set from a checked table. Does not own: requests
(`codex_trio.model`) or keys (`codex_trio.identity`).
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, cast

import msgspec

from codex_trio.config.schema import GOOGLE_CLOUD
from codex_trio.util import decoding

DEFAULT_REQUEST_MAX_RETRIES = 4
DEFAULT_STREAM_MAX_RETRIES = 5
DEFAULT_STREAM_IDLE_TIMEOUT_MS = 300_000
DEFAULT_WEBSOCKET_CONNECT_TIMEOUT_MS = 15_000
DEFAULT_EXPORT_TIMEOUT_MS = 30_000
DEFAULT_LOGIN_TIMEOUT_MS = 300_000
MAX_RETRIES = 100

OPENAI_BASE_URL = "https://api.openai.com/v1"

LOCAL_PROVIDERS = ("ollama", "lmstudio")
PROVIDERS_WITHOUT_A_TABLE = ("openai", *LOCAL_PROVIDERS)
"""Ids of those that run on this machine. They take no tools with free text input."""

AWS_PROVIDERS: Final[Mapping[str, tuple[str, Literal["bedrock-mantle", "bedrock"]]]] = {
    "amazon-bedrock": ("Amazon Bedrock", "bedrock-mantle"),
    "amazon-bedrock-runtime": ("Amazon Bedrock Runtime", "bedrock"),
}
"""The providers on AWS: their names, and what requests to them are signed for."""

_NO_GOOGLE_CLOUD = (
    "is Google Cloud Vertex AI by Google's own login, which this server does not do: set `name`, `base_url` (its "
    "OpenAI-compatible address in your project) and a key in `[model_providers.gcp]`, such as "
    '`auth = { command = "gcloud", args = ["auth", "print-access-token"] }`'
)
_NO_GATEWAY_LOGIN = (
    "gets its key by `gateway_oauth`, a login that this server does not do: have a program print the key, with "
    '`auth = { command = "...", args = [...] }` in its table, or name the variable that holds it with `env_key`'
)
_OWN_KEYS = ("auth", "env_key", "experimental_bearer_token", "http_headers", "env_http_headers", "requires_openai_auth")
"""Where a provider's table says what is sent to prove who asks."""

_OPENAI_KEY = "OPENAI_API_KEY"

_AZURE = ("openai.azure.", "cognitiveservices.azure.", "aoai.azure.", "azure-api.", "azurefd.", "windows.net/openai")
"""What the addresses of Azure's models have in them."""


class AuthCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command whose output is a provider's key, for so long; with 0 until the provider refuses it. Without `cwd` it
    runs in the server's own folder.

    `set_in` is the file that says so.
    """

    command: str
    args: tuple[str, ...] = ()
    timeout_ms: int = 5_000
    refresh_interval_ms: int = 300_000
    cwd: str | None = None
    set_in: str = "config.toml"


class AwsCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command that gives or renews a session with AWS. It runs in the server's own folder.

    `set_in` is the file that says so.
    """

    command: str
    args: tuple[str, ...] = ()
    timeout_ms: int
    set_in: str = "config.toml"


class AwsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Models on AWS: by what service, and whose account. None leaves that to the environment and AWS's own files."""

    service: Literal["bedrock-mantle", "bedrock"]
    profile: str | None = None
    region: str | None = None
    credential_export: AwsCommand | None = None
    """Prints keys."""
    auth_refresh: AwsCommand | None = None
    """Logs the user in anew."""


class ModelProviderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One `[model_providers.<id>]` table with defaults filled in.

    A provider without a `base_url` that takes OpenAI's own credentials is the public OpenAI API; one on AWS is where
    AWS has it in its region. What models it has is asked for at `model_catalog_url`. Retries are numbers of repeats,
    the idle timeout is in milliseconds. `env_http_headers` maps header names to environment variables.
    `requires_openai_auth` means that the account's own credentials are sent. `set_in` is the file of the table.
    """

    id: str
    name: str
    base_url: str = OPENAI_BASE_URL
    model_catalog_url: str | None = None
    env_key: str | None = None
    env_key_instructions: str | None = None
    experimental_bearer_token: str | None = None
    auth: AuthCommand | None = None
    aws: AwsSettings | None = None
    wire_api: Literal["responses"] = "responses"
    query_params: Mapping[str, str] = {}
    http_headers: Mapping[str, str] = {}
    env_http_headers: Mapping[str, str] = {}
    request_max_retries: int = DEFAULT_REQUEST_MAX_RETRIES
    stream_max_retries: int = DEFAULT_STREAM_MAX_RETRIES
    stream_idle_timeout_ms: int = DEFAULT_STREAM_IDLE_TIMEOUT_MS
    requires_openai_auth: bool = False
    supports_websockets: bool = False
    websocket_connect_timeout_ms: int = DEFAULT_WEBSOCKET_CONNECT_TIMEOUT_MS
    set_in: str = "config.toml"
    unusable: str | None = None
    """Why no request can be made of it here, and what to do, where that is so: words that follow its name."""

    def place_of(self, key: str) -> str:
        """Return where a setting of this provider stands, or would stand, for messages."""
        return f"`model_providers.{self.id}.{key}` in {self.set_in}"

    @property
    def compacts(self) -> bool:
        """Whether it sums up a history by itself, into an item that only its models can read (names of 0.171.0)."""
        is_azure = self.name.lower() == "azure" or any(part in self.base_url for part in _AZURE)
        return self.name == "OpenAI" or is_azure

    def __repr__(self) -> str:
        return f"ModelProviderConfig(id={self.id!r}, ...)"  # headers and tokens are nobody's to print


def build_providers(
    table: Mapping[str, Mapping[str, Any]],
    *,
    openai_base_url: str | None,
    environ: Mapping[str, str],
    set_in: Mapping[str, str],
) -> dict[str, ModelProviderConfig]:
    """Return the built-in providers and those of a checked `[model_providers]` table, by id.

    `set_in` says of a provider which file it comes from.
    """
    providers = {provider.id: provider for provider in _built_in(openai_base_url, environ)}
    providers[GOOGLE_CLOUD] = ModelProviderConfig(
        id=GOOGLE_CLOUD, name="Google Cloud Vertex AI", base_url="", unusable=_NO_GOOGLE_CLOUD
    )
    for name, settings in table.items():
        if name == GOOGLE_CLOUD and not (settings.get("base_url") and _has_key(settings)):
            continue
        file = set_in.get(name, "config.toml")
        on_aws = providers[name] if name in AWS_PROVIDERS else None
        providers[name] = _from_table(name, settings, file) if on_aws is None else _of_aws(on_aws, settings, file)
    return providers


def usable(providers: Mapping[str, ModelProviderConfig]) -> list[str]:
    """Return the ids of the providers of which requests can be made."""
    return [id for id, provider in providers.items() if provider.unusable is None]


RESIDENCY_HEADER: Final = "x-openai-internal-codex-residency"
"""Tells every provider in which region data must stay (0.171.0)."""


def with_residency(providers: Mapping[str, ModelProviderConfig], residency: str) -> dict[str, ModelProviderConfig]:
    """Return the providers such that all are told the region, whatever their own tables say of that header."""

    def others(headers: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in headers.items() if name.lower() != RESIDENCY_HEADER}

    return {
        id: msgspec.structs.replace(
            provider,
            http_headers={**others(provider.http_headers), RESIDENCY_HEADER: residency},
            env_http_headers=others(provider.env_http_headers),
        )
        for id, provider in providers.items()
    }


def _built_in(openai_base_url: str | None, environ: Mapping[str, str]) -> tuple[ModelProviderConfig, ...]:
    return (
        ModelProviderConfig(
            id="openai",
            name="OpenAI",
            base_url=openai_base_url or OPENAI_BASE_URL,
            requires_openai_auth=True,
            supports_websockets=True,
        ),
        _local("ollama", "Ollama", port=11434, environ=environ),
        _local("lmstudio", "LM Studio", port=1234, environ=environ),
        *(
            ModelProviderConfig(
                id=id,
                name=name,
                base_url="",
                aws=AwsSettings(service=service),
                http_headers={"x-amzn-mantle-client-agent": "codex"},
            )
            for id, (name, service) in AWS_PROVIDERS.items()
        ),
    )


def _local(id: str, name: str, *, port: int, environ: Mapping[str, str]) -> ModelProviderConfig:
    default = f"http://localhost:{environ.get('CODEX_OSS_PORT') or port}/v1"
    return ModelProviderConfig(id=id, name=name, base_url=environ.get("CODEX_OSS_BASE_URL") or default)


def _of_aws(built_in: ModelProviderConfig, settings: Mapping[str, Any], set_in: str) -> ModelProviderConfig:
    """Return a provider on AWS with what may be changed of it."""
    aws = cast("Mapping[str, Any]", settings.get("aws") or {})
    assert built_in.aws is not None
    changes: dict[str, Any] = {"base_url": settings.get("base_url") or "", "set_in": set_in}
    if auth := settings.get("auth"):
        changes["auth"] = decoding.convert({**auth, "set_in": set_in}, AuthCommand)
    return msgspec.structs.replace(
        built_in,
        **changes,
        http_headers={**built_in.http_headers, **settings.get("http_headers", {})},
        aws=AwsSettings(
            service=built_in.aws.service,
            profile=aws.get("profile"),
            region=aws.get("region"),
            credential_export=_aws_command(aws.get("credential_export"), set_in, DEFAULT_EXPORT_TIMEOUT_MS),
            auth_refresh=_aws_command(aws.get("auth_refresh"), set_in, DEFAULT_LOGIN_TIMEOUT_MS),
        ),
    )


def _aws_command(settings: Mapping[str, Any] | None, set_in: str, timeout_ms: int) -> AwsCommand | None:
    if settings is None:
        return None
    return decoding.convert({"timeout_ms": timeout_ms, **settings, "set_in": set_in}, AwsCommand)


def _has_key(settings: Mapping[str, Any]) -> bool:
    return any(settings.get(key) for key in _OWN_KEYS)


def _from_table(id: str, settings: Mapping[str, Any], set_in: str) -> ModelProviderConfig:
    known = {"name": id, **settings, "id": id, "set_in": set_in}
    known["unusable"] = _NO_GATEWAY_LOGIN if "gateway_oauth" in settings and not _has_key(settings) else None
    if "base_url" not in settings and not (
        settings.get("requires_openai_auth") or settings.get("env_key") == _OPENAI_KEY
    ):
        # The key of somebody else's models must not go to OpenAI; the first request says what is missing.
        known["base_url"] = ""
    if auth := settings.get("auth"):
        known["auth"] = {**auth, "set_in": set_in}
    provider = decoding.convert(known, ModelProviderConfig)
    return msgspec.structs.replace(
        provider,
        request_max_retries=min(provider.request_max_retries, MAX_RETRIES),
        stream_max_retries=min(provider.stream_max_retries, MAX_RETRIES),
    )
