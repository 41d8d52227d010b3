"""Model providers as a client shows and changes them: what a provider's table says of its address and its key.

Owns: which providers may be changed, what a change may say, and the table that comes of it. Does not own: writing the
file (`write`), what requests are sent with (`providers`), or the wire structs.

Protocol source: `modelProvider/list|config/write`, release 0.171.0.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import count
from typing import Any, Final, Literal, cast
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from codex_trio.config.edit import Edit
from codex_trio.config.errors import ConfigWriteError
from codex_trio.config.providers import AWS_PROVIDERS, LOCAL_PROVIDERS, PROVIDERS_WITHOUT_A_TABLE
from codex_trio.config.schema import BUILT_IN_PROVIDERS, ENV_KEY
from codex_trio.config.service import ConfigService
from codex_trio.config.write import configured_providers, write_edits
from codex_trio.util.addresses import is_web_address

_NAMES: Final = {
    "openai": "OpenAI",
    "ollama": "Ollama",
    "lmstudio": "LM Studio",
    **{id: name for id, (name, _) in AWS_PROVIDERS.items()},
}

_OWN_AUTH = (
    "experimental_bearer_token",
    "requires_openai_auth",
    "auth",
    "http_headers",
    "env_http_headers",
    "query_params",
)
"""Keys by which a provider may be authenticated to in ways that a client does not change."""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider to show. `base_url` is None where there is none of its own, or where it says more than it should."""

    id: str
    name: str
    is_gateway: bool
    """Whether it is one of the user's own, which may be changed."""
    base_url: str | None = None
    env_key: str | None = None
    auth: Literal["none", "environmentVariable", "externallyConfigured"] = "none"
    aws: tuple[str | None, str | None] | None = None
    """The profile and the region of one on AWS, as far as they are set."""


class GatewayChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a gateway: unset keeps, None clears. Without an id a new one is made."""

    id: str | None = None
    name: str | UnsetType = UNSET
    base_url: str | UnsetType | None = UNSET
    env_key: str | UnsetType | None = UNSET


def providers(tables: Mapping[str, Mapping[str, Any]], *, default: str) -> list[Provider]:
    """Return the providers to choose from by their ids: those of `[model_providers]`, OpenAI, and the default one."""
    ids = {*tables, "openai"} | ({default} & {*LOCAL_PROVIDERS, *AWS_PROVIDERS})
    return [provider_of(id, tables.get(id)) for id in sorted(ids)]


def provider_of(id: str, table: Mapping[str, Any] | None) -> Provider:
    """Return a provider by its table; None stands for a built-in one that has none."""
    if id in AWS_PROVIDERS:
        aws = cast("Mapping[str, Any]", (table or {}).get("aws") or {})
        return Provider(id=id, name=_NAMES[id], is_gateway=False, aws=(aws.get("profile"), aws.get("region")))
    if table is None:
        return Provider(id=id, name=_NAMES[id], is_gateway=False)
    base_url, env_key = table.get("base_url"), table.get("env_key")
    is_plain = base_url is None or _is_plain(base_url)
    if not is_plain or any(table.get(key) for key in _OWN_AUTH):
        auth: Literal["none", "environmentVariable", "externallyConfigured"] = "externallyConfigured"
    else:
        auth = "none" if env_key is None else "environmentVariable"
    return Provider(
        id=id,
        name=table.get("name", id),
        is_gateway=True,
        base_url=base_url if is_plain else None,
        env_key=env_key,
        auth=auth,
    )


def write_gateway(service: ConfigService, change: GatewayChange) -> Provider:
    """Change a provider of the user's own, or add one; return it as it is then. Raises `ConfigWriteError`."""
    tables = configured_providers(service)
    _check(change, tables)
    keys: dict[str, str | None] = {}
    if change.name is not UNSET:
        keys["name"] = change.name.strip()
    if change.base_url is not UNSET:
        keys["base_url"] = change.base_url and change.base_url.strip()
    if change.env_key is not UNSET:
        keys["env_key"] = change.env_key
    id = change.id
    if id is None:
        id = _new_id(keys["name"] or "", tables)
        keys["wire_api"] = "responses"
    edits = [Edit(path=("model_providers", id, key), value=value, merge=False) for key, value in keys.items()]
    write_edits(service, edits)
    return provider_of(id, configured_providers(service)[id])


def _check(change: GatewayChange, tables: Mapping[str, Mapping[str, Any]]) -> None:
    if change.id is not None and change.id not in tables and change.id not in _NAMES:
        raise ConfigWriteError("Unknown provider ID.", code="configPathNotFound")
    problem = _problem(change, tables)
    if problem is not None:
        raise ConfigWriteError(problem, code="configValidationError")


def _problem(change: GatewayChange, tables: Mapping[str, Mapping[str, Any]]) -> str | None:
    if change.id in PROVIDERS_WITHOUT_A_TABLE or change.id in AWS_PROVIDERS:
        return "A custom provider or gateway cannot use a built-in provider ID."
    name = "" if change.name is UNSET else change.name.strip()
    if not name and (change.id is None or change.name is not UNSET):
        return "Enter a provider name."
    if change.id is None and name.lower() in PROVIDERS_WITHOUT_A_TABLE:
        return "This name is reserved for a built-in provider. Enter a different custom provider name."
    base_url = None if change.base_url is UNSET else change.base_url
    if change.id is None and not base_url:
        return "A base URL is required to create a custom provider."
    if base_url is not None and not _is_plain(base_url.strip()):
        return "Enter an HTTP(S) base URL without credentials, a query, or a fragment."
    if isinstance(change.env_key, str) and not ENV_KEY.fullmatch(change.env_key):
        return "Invalid API key environment variable name."
    if change.id is None or change.env_key is UNSET:
        return None
    is_plain = provider_of(change.id, tables[change.id]).auth != "externallyConfigured"
    return None if is_plain else "Authentication is configured externally. Omit envKey to preserve it."


def _is_plain(url: str) -> bool:
    """Return whether an address leads somewhere and says nothing else, like a key."""
    if not is_web_address(url):
        return False
    parts = urlsplit(url)
    return not (parts.username or parts.password or parts.query or parts.fragment)


def _new_id(name: str, taken: Collection[str]) -> str:
    """Return an id that is made of a name and not taken yet."""
    stem = "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "custom"
    ids = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return next(id for id in ids if id not in taken and id not in BUILT_IN_PROVIDERS)
