"""Which secret a request to a model provider carries.

Owns: the order in which a provider's key is looked for, and the error when there is none. Does not own: stored
credentials (`store`), or sending them (`codex_trio.model`).
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from codex_trio.identity.credentials import Credentials

OPENAI_API_KEY = "OPENAI_API_KEY"


class KeyedProvider(Protocol):
    """What of a model provider's settings decides about its key; `ModelProviderConfig` has it all."""

    @property
    def name(self) -> str: ...
    @property
    def env_key(self) -> str | None: ...
    @property
    def env_key_instructions(self) -> str | None: ...
    @property
    def experimental_bearer_token(self) -> str | None: ...
    @property
    def requires_openai_auth(self) -> bool: ...
    def place_of(self, key: str) -> str: ...


class MissingApiKey(Exception):
    """A provider needs a key and none was found.

    The message says what to do. `env_key` is the environment variable that would help.
    """

    def __init__(self, message: str, *, env_key: str) -> None:
        super().__init__(message)
        self.message = message
        self.env_key = env_key


class RequestAuth(msgspec.Struct, frozen=True, kw_only=True):
    """The bearer of a request, None for a provider that wants none; with a ChatGPT login also its account."""

    bearer: str | None
    chatgpt_account_id: str | None = None

    def __repr__(self) -> str:
        return "RequestAuth(...)"


def resolve_request_auth(
    provider: KeyedProvider, *, environ: Mapping[str, str], credentials: Credentials | None
) -> RequestAuth:
    """Return what a request to `provider` carries.

    A provider's own variable comes first, then its configured token, then the user's login, and for a provider that
    wants a login the variable `OPENAI_API_KEY`. Blank values count as none. Raises `MissingApiKey`.
    """
    if provider.env_key:
        key = environ.get(provider.env_key, "").strip()
        if not key:
            advice = provider.env_key_instructions or f"Set it to an API key for {provider.name}."
            raise MissingApiKey(
                f"Missing environment variable: `{provider.env_key}`. {advice} "
                f"Its name is {provider.place_of('env_key')}.",
                env_key=provider.env_key,
            )
        return RequestAuth(bearer=key)
    if provider.experimental_bearer_token:
        return RequestAuth(bearer=provider.experimental_bearer_token)
    if not provider.requires_openai_auth:
        return RequestAuth(bearer=None)
    if credentials is not None and credentials.bearer:
        return RequestAuth(bearer=credentials.bearer, chatgpt_account_id=credentials.chatgpt_account_id)
    key = environ.get(OPENAI_API_KEY, "").strip()
    if not key:
        raise MissingApiKey(
            f"Not logged in to {provider.name}: set the environment variable "
            f"`{OPENAI_API_KEY}`, or choose another `model_provider` in config.toml.",
            env_key=OPENAI_API_KEY,
        )
    return RequestAuth(bearer=key)
