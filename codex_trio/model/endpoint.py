"""Where requests to a configured provider go, and with which credentials.

Owns: turning a provider's settings, a key and environment values into an address and headers, or into a clear error.
Does not own: the settings (`config.providers`), finding keys (`auth`), or sending (`client`).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote, urldefrag, urlencode, urljoin, urlsplit

import msgspec

from codex_trio.config.providers import ModelProviderConfig
from codex_trio.model import aws
from codex_trio.model.aws_signature import AwsKeys
from codex_trio.model.errors import ModelError
from codex_trio.util.addresses import credentials_in, is_web_address, shown_address, without_credentials

_PORTS = {"http": 80, "https": 443}


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class Signer(Protocol):
    """Proves who sends a request."""

    async def sign(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """Return the headers with the proof. Raises ModelError."""
        ...


class Endpoint:
    """The address and headers of a provider. Not a struct: nothing should print its headers, keys are in there.

    `shown_url` is for messages: without the query, which some providers put keys into. No address here has a user.
    """

    __slots__ = ("headers", "shown_url", "signer", "url")

    def __init__(self, url: str, shown_url: str, headers: dict[str, str], *, signer: Signer | None = None) -> None:
        self.url = url
        self.shown_url = shown_url
        self.headers = headers
        self.signer = signer
        """Signs each request, where that is asked for."""

    def redirected(self, location: str) -> Endpoint | None:
        """Return where the provider says that the same request should go; None when that is no place for it.

        Keys and the provider's own headers go along only to the same host, on the same port or from HTTP to HTTPS.
        Nothing is sent in the clear that was not before.
        """
        target = urldefrag(urljoin(self.url, location)).url
        if not is_web_address(target):
            return None
        target = without_credentials(target)
        here, there = urlsplit(self.url), urlsplit(target)
        if here.scheme == "https" and there.scheme != "https":
            return None
        is_same_host = here.hostname == there.hostname
        is_same_server = (here.scheme, here.port or _PORTS[here.scheme]) == (
            there.scheme,
            there.port or _PORTS[there.scheme],
        )
        trusted = is_same_host and (is_same_server or (here.scheme, there.scheme) == ("http", "https"))
        shown = target.partition("?")[0]
        return Endpoint(target, shown, self.headers, signer=self.signer) if trusted else Endpoint(target, shown, {})


def resolve(
    provider: ModelProviderConfig,
    *,
    api_key: str | None,
    environ: Mapping[str, str],
    aws_keys: AwsKeys | None = None,
) -> Endpoint:
    """Return the endpoint for a provider's responses. `environ` is only asked for the provider's `env_http_headers`
    and, of one on AWS, for its region and its keys, unless there are `aws_keys`.

    Raises ModelError, before anything is sent, when a setting is unusable. That there is a key where one is needed is
    for `identity.keys` to say.
    """
    if provider.aws is not None:
        found = aws.access(provider, provider.aws, bearer=api_key, keys=aws_keys, environ=environ)
        provider = msgspec.structs.replace(provider, base_url=found.base_url)
    else:
        found = None
    if not provider.base_url:
        raise ModelError(f"model provider `{provider.id}` has no `base_url`; set {provider.place_of('base_url')}")
    base, _, base_query = provider.base_url.partition("?")
    if not is_web_address(base) or "#" in provider.base_url:
        raise ModelError(
            f"model provider `{provider.id}` has an unusable `base_url`: {shown_address(base)}; it should begin with "
            f"http:// or https://, name a host and have no `#`: correct {provider.place_of('base_url')}"
        )
    headers = _configured_headers(provider, environ)
    key = api_key or provider.experimental_bearer_token
    credentials = credentials_in(base)
    base = without_credentials(base)
    if key is not None:
        headers["authorization"] = f"Bearer {key.strip()}"
    elif credentials is not None and "authorization" not in headers:
        headers["authorization"] = f"Basic {b64encode(':'.join(credentials).encode()).decode()}"
    if found is not None:
        headers |= found.headers
    _check_headers(provider, headers)
    shown_url = f"{base.rstrip('/')}/responses"
    query = "&".join(filter(None, (base_query, urlencode(provider.query_params, quote_via=quote))))
    signer = None if found is None else found.signer
    return Endpoint(f"{shown_url}?{query}" if query else shown_url, shown_url, headers, signer=signer)


def _configured_headers(provider: ModelProviderConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the provider's own headers; one from an unset or blank environment variable is left out."""
    headers = {name.lower(): value for name, value in provider.http_headers.items()}
    for name, variable in provider.env_http_headers.items():
        if value := environ.get(variable, "").strip():
            headers[name.lower()] = value
    return headers


def _check_headers(provider: ModelProviderConfig, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            # The value may be a secret, so it is not shown.
            raise ModelError(
                f"model provider `{provider.id}` has an unusable value for the HTTP header `{name}`; "
                f"correct the provider's headers or its key (set in {provider.set_in})"
            )
