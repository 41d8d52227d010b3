"""Finding out who logs users in to an MCP server.

Owns the order in which addresses are tried, and what makes metadata trustworthy: it is of this server, and of the login
server that was asked. Does not own requests (`web`), or logging in.

Protocol source: Model Context Protocol, revision 2025-06-18, authorization; RFC 9728, RFC 8414.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec

from codex_trio.extensions.mcp.oauth.web import OAuthFailure, OAuthWeb, origin_of, same_origin

_RESOURCE = "the metadata of the server"
_METADATA = "the metadata of the login server"
MOST_SCOPES = 50
_MOST_SERVERS = 3
_CHALLENGE_PART = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


class LoginServer(msgspec.Struct, frozen=True, kw_only=True):
    """Who logs users in, and where. `scopes` are what to ask for when the user names none.

    `auth_methods` are how it lets clients say who they are; none where it does not say. `resource` is what the MCP
    server calls itself, where it does. `names_itself` says whether answers of the login server always say that they are
    its own (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    registration_endpoint: str | None = None
    scopes: tuple[str, ...] = ()
    auth_methods: tuple[str, ...] = ()
    resource: str | None = None
    names_itself: bool = False


async def find_login_server(web: OAuthWeb, url: str) -> LoginServer | None:
    """Return who logs users in to the server at `url`; None when it names nobody. Raises OAuthFailure."""
    challenge = challenge_of(await web.refusal_of(url))
    resource = await _resource_metadata(web, url, challenge.get("resource_metadata"))
    if resource is None:
        return await _metadata(web, origin_of(url), _legacy_places(url), wanted=words_of(challenge.get("scope")))
    wanted = words_of(challenge.get("scope")) or _texts(resource.get("scopes_supported"))
    servers = _texts(resource.get("authorization_servers"))[:_MOST_SERVERS] or (origin_of(url),)
    for issuer in servers:
        web.check(issuer, "the login server")
        found = await _metadata(web, issuer, _places(issuer), wanted=wanted)
        if found is not None:
            named = resource.get("resource")
            return msgspec.structs.replace(found, resource=named if isinstance(named, str) else None)
    raise OAuthFailure(f"the login server has no metadata: {servers[0]}")


async def read_login_server(web: OAuthWeb, issuer: str) -> LoginServer | None:
    """Return a login server that is known by its name; None when it says nothing. Raises OAuthFailure."""
    web.check(issuer, "the login server")
    return await _metadata(web, issuer, _places(issuer), wanted=())


def assumed_login_server(url: str) -> LoginServer:
    """Return what a server has that logs users in itself, and says nothing of it (revision 2025-03-26)."""
    origin = origin_of(url)
    return LoginServer(
        issuer=origin,
        authorization_endpoint=f"{origin}/authorize",
        token_endpoint=f"{origin}/token",
        registration_endpoint=f"{origin}/register",
    )


async def _resource_metadata(web: OAuthWeb, url: str, named: str | None) -> Mapping[str, Any] | None:
    path = urlsplit(url).path.rstrip("/")
    places = [f"{origin_of(url)}/.well-known/oauth-protected-resource{path}"]
    places += [f"{origin_of(url)}/.well-known/oauth-protected-resource"] if path else []
    if named is not None:
        if not same_origin(web.check(named, _RESOURCE), url):
            raise OAuthFailure(f"{_RESOURCE} is said to be on another one: {named[:200]}")
        places.insert(0, named)
    for place in dict.fromkeys(places):
        answer = await web.get(place, _RESOURCE)
        if answer.status != 200 or answer.table is None:
            continue
        resource = answer.table.get("resource")
        if isinstance(resource, str) and not _is_of(resource, url):
            raise OAuthFailure(f"{_RESOURCE} is of another one: {resource[:200]}")
        return answer.table
    return None


def _is_of(resource: str, url: str) -> bool:
    """Return whether a resource is the server, or what it is a part of."""
    try:
        if not same_origin(resource, url):
            return False
    except ValueError:
        return False
    return f"{urlsplit(url).path.rstrip('/')}/".startswith(f"{urlsplit(resource).path.rstrip('/')}/")


async def _metadata(
    web: OAuthWeb, issuer: str, places: Sequence[str], *, wanted: tuple[str, ...]
) -> LoginServer | None:
    for place in places:
        answer = await web.get(place, _METADATA)
        if answer.status == 200 and answer.table is not None:
            return _login_server(web, issuer, answer.table, wanted)
    return None


def _login_server(web: OAuthWeb, issuer: str, table: Mapping[str, Any], wanted: tuple[str, ...]) -> LoginServer:
    said = table.get("issuer", issuer)
    if not isinstance(said, str) or not _is_issuer(said, issuer):
        raise OAuthFailure(f"{_METADATA} is of another one: {str(said)[:200]!r} in place of {issuer}")
    methods = table.get("code_challenge_methods_supported")
    if methods is not None and "S256" not in _texts(methods):
        raise OAuthFailure("the login server does not support PKCE with S256")
    registration = table.get("registration_endpoint")
    return LoginServer(
        issuer=said,
        authorization_endpoint=_endpoint(web, table, "authorization_endpoint"),
        token_endpoint=_endpoint(web, table, "token_endpoint"),
        registration_endpoint=None if registration is None else _endpoint(web, table, "registration_endpoint"),
        scopes=wanted or _texts(table.get("scopes_supported")),
        auth_methods=_texts(table.get("token_endpoint_auth_methods_supported")),
        names_itself=table.get("authorization_response_iss_parameter_supported") is True,
    )


def _is_issuer(said: str, asked: str) -> bool:
    try:
        return same_origin(said, asked)
    except ValueError:
        return False


def _endpoint(web: OAuthWeb, table: Mapping[str, Any], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str):
        raise OAuthFailure(f"{_METADATA} has no {name}")
    return web.check(value, f"the {name} of the login server")


def _places(issuer: str) -> list[str]:
    origin, path = origin_of(issuer), urlsplit(issuer).path.rstrip("/")
    places = [
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}/.well-known/openid-configuration{path}",
    ]
    return [*places, f"{origin}{path}/.well-known/openid-configuration"] if path else places


def _legacy_places(url: str) -> list[str]:
    origin, path = origin_of(url), urlsplit(url).path.rstrip("/")
    whole = f"{origin}/.well-known/oauth-authorization-server"
    return [f"{whole}{path}", whole] if path else [whole]


def challenge_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the parts of a refusal's `WWW-Authenticate`."""
    header = headers.get("www-authenticate", "")[:4096]
    return {name.lower(): quoted or bare for name, quoted, bare in _CHALLENGE_PART.findall(header)}


def words_of(text: str | None) -> tuple[str, ...]:
    """Return the scopes of a challenge, as many as make sense."""
    return () if text is None else tuple(text.split()[:MOST_SCOPES])


def _texts(value: Any) -> tuple[str, ...]:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str) and item.isprintable())[:MOST_SCOPES]
