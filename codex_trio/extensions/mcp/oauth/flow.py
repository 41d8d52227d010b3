"""The steps of a login: making ourselves known, the page to open, and what its code is exchanged for.

Owns PKCE, the state, and what counts as tokens. Does not own who is asked (`discovery`), the way back from the browser
(`callback`), or where tokens are kept (`store`).

Protocol source: OAuth 2.1 draft, RFC 7591, RFC 8707.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit, urlunsplit

import msgspec

from codex_trio.extensions.mcp.oauth.discovery import LoginServer, words_of
from codex_trio.extensions.mcp.oauth.web import OAuthFailure, OAuthWeb, WebAnswer
from codex_trio.util.addresses import HIDDEN
from codex_trio.util.clock import now_ms
from codex_trio.util.visible import with_unseen

CLIENT_NAME = "codex-trio"
_BASIC, _POST = "client_secret_basic", "client_secret_post"
_MAX_TOKEN = 16 << 10
_MAX_SAID = 700
_MAX_SECONDS = 10 * 365 * 24 * 3600


class OAuthClient(msgspec.Struct, frozen=True, kw_only=True):
    """How we are known to a login server."""

    client_id: str
    client_secret: str | None = None


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What lets us in. `expires_at` is in milliseconds since 1970."""

    access_token: str
    refresh_token: str | None = None
    expires_at: int | None = None
    scopes: tuple[str, ...] = ()


class AnotherLogin(OAuthFailure):
    """What came is no answer to this login, which goes on: the page of an earlier one, or somebody who guesses."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One login: what only this one knows. `resources` are what the tokens are for."""

    server: LoginServer
    client: OAuthClient
    redirect_uri: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    state: str = msgspec.field(default_factory=lambda: secrets.token_urlsafe(24))
    verifier: str = msgspec.field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def url(self) -> str:
        """The page that the user has to open."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = [
            ("response_type", "code"),
            ("client_id", self.client.client_id),
            ("state", self.state),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
            ("redirect_uri", self.redirect_uri),
            *([("scope", " ".join(self.scopes))] if self.scopes else []),
            *(("resource", resource) for resource in self.resources),
        ]
        parts = urlsplit(self.server.authorization_endpoint)
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *asked])
        return urlunsplit(parts._replace(query=query, fragment=""))

    def code_in(self, returned: Mapping[str, str]) -> str:
        """Return the code that the browser came back with. Raises OAuthFailure, AnotherLogin too."""
        if not secrets.compare_digest(returned.get("state", "").encode(), self.state.encode()):
            raise AnotherLogin("the answer is of another login: its state is not the one that was sent")
        if "iss" in returned and returned["iss"] != self.server.issuer:
            raise OAuthFailure(f"the answer is of another login server: {returned['iss'][:200]!r}")
        if "iss" not in returned and self.server.names_itself:
            raise OAuthFailure("the answer does not say whose it is, as those of this login server do")
        if "error" in returned:
            described = returned.get("error_description", "")
            said = with_unseen(f"{returned['error'][:200]} {described[:500]}".rstrip())
            raise OAuthFailure(f"the login server refused: {said}")
        if not returned.get("code"):
            raise OAuthFailure("the answer has no code")
        return returned["code"]


async def register(web: OAuthWeb, server: LoginServer, *, redirect_uri: str, scopes: Sequence[str]) -> OAuthClient:
    """Make ourselves known to a login server. Raises OAuthFailure."""
    if server.registration_endpoint is None:
        raise OAuthFailure(
            "the login server takes no unknown clients: register one there, and name it as `oauth.client_id`"
        )
    asked: dict[str, Any] = {
        "client_name": CLIENT_NAME,
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": _method_to_ask_for(server),
        "response_types": ["code"],
        "application_type": "native",
    }
    if scopes:
        asked["scope"] = " ".join(scopes)
    answer = await web.post_json(server.registration_endpoint, "the registration_endpoint", asked)
    table = answer.table or {}
    client_id = _word(table.get("client_id"))
    if answer.status not in (200, 201) or client_id is None:
        raise OAuthFailure(f"the login server did not register this client: {_refusal(answer)}")
    has_none = table.get("token_endpoint_auth_method") == "none"
    return OAuthClient(client_id=client_id, client_secret=None if has_none else _word(table.get("client_secret")))


def _method_to_ask_for(server: LoginServer) -> str:
    """Return how we are to say who we are: by a secret only where there is no other way. Raises OAuthFailure."""
    found = next((method for method in ("none", _BASIC, _POST) if method in server.auth_methods), None)
    if found is None and server.auth_methods:
        raise OAuthFailure(
            f"the login server lets clients in by {', '.join(server.auth_methods)} alone, which is not supported"
        )
    return found or "none"


async def redeem(web: OAuthWeb, attempt: Attempt, code: str) -> Tokens:
    """Exchange the code of a login for tokens. Raises OAuthFailure."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": attempt.verifier,
        "redirect_uri": attempt.redirect_uri,
        **({"resource": attempt.resources[0]} if attempt.resources else {}),
    }
    answer = await _ask_for_tokens(web, attempt.server, attempt.client, fields)
    sent = (code, attempt.verifier, attempt.client.client_secret)
    return _tokens(answer, scopes=attempt.scopes, refresh_token=None, sent=sent)


async def renew(
    web: OAuthWeb, server: LoginServer, client: OAuthClient, tokens: Tokens, *, resource: str
) -> Tokens | None:
    """Return fresh tokens; None where the login server says that the old ones do not count any more.

    Raises OAuthFailure where it says nothing of the kind.
    """
    assert tokens.refresh_token is not None
    fields = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token, "resource": resource}
    answer = await _ask_for_tokens(web, server, client, fields)
    if answer.status in (400, 401) and (answer.table or {}).get("error") in ("invalid_grant", "invalid_client"):
        return None
    sent = (tokens.refresh_token, client.client_secret)
    return _tokens(answer, scopes=tokens.scopes, refresh_token=tokens.refresh_token, sent=sent)


async def _ask_for_tokens(
    web: OAuthWeb, server: LoginServer, client: OAuthClient, fields: Mapping[str, str]
) -> WebAnswer:
    """Return the answer to a request that says who we are, in the way that the login server takes (RFC 6749, 2.3.1)."""
    fields, headers = dict(fields), dict[str, str]()
    if client.client_secret is not None and _BASIC in server.auth_methods:
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        fields["client_id"] = client.client_id
        if client.client_secret is not None:
            fields["client_secret"] = client.client_secret
    return await web.post_form(server.token_endpoint, "the token_endpoint", fields, headers=headers)


def _tokens(
    answer: WebAnswer, *, scopes: tuple[str, ...], refresh_token: str | None, sent: Sequence[str | None]
) -> Tokens:
    """Return the tokens in an answer; secrets that were `sent` are not in what is said of others."""
    table = answer.table or {}
    access = _word(table.get("access_token"))
    if answer.status != 200 or access is None:
        raise OAuthFailure(f"the login server gave no token: {_refusal(answer, sent)}")
    if str(table.get("token_type", "bearer")).lower() != "bearer":
        raise OAuthFailure(f"the login server gave a token of another type: {str(table['token_type'])[:50]!r}")
    scope = table.get("scope")
    return Tokens(
        access_token=access,
        refresh_token=_word(table.get("refresh_token")) or refresh_token,
        expires_at=_expiry(table.get("expires_in")),
        scopes=words_of(scope) if isinstance(scope, str) else scopes,
    )


def _expiry(seconds: Any) -> int | None:
    known = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < _MAX_SECONDS
    return now_ms() + int(seconds * 1000) if known else None


def _word(value: Any) -> str | None:
    """Return what can stand in a header or a form, lest what others send breaks either; None for anything else."""
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TOKEN:
        return None
    return value if value.isascii() and value.isprintable() else None


def _refusal(answer: WebAnswer, sent: Sequence[str | None] = ()) -> str:
    table = answer.table or {}
    said = " ".join(str(table[key]) for key in ("error", "error_description") if key in table)
    for secret in sent:
        if secret:
            said = said.replace(secret, HIDDEN)
    return f"HTTP status {answer.status} {with_unseen(said[:_MAX_SAID])}".rstrip()
