"""Who the user is to a model provider: the credentials kept in `auth.json`, and what they say about the account.

Owns: the credential values, their file form, and the claims in their tokens. Does not own: files (`store`), or which
credential a provider wants (`keys`).

No value here shows a secret in its `repr`.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Literal, cast

import msgspec

from codex_trio.util import decoding

AuthMode = Literal["apikey", "chatgpt"]

_AUTH_CLAIMS = "https://api.openai.com/auth"
_PROFILE_CLAIMS = "https://api.openai.com/profile"
_PLAN_TYPES = (
    "free",
    "go",
    "plus",
    "pro",
    "prolite",
    "team",
    "self_serve_business_usage_based",
    "business",
    "enterprise_cbp_usage_based",
    "enterprise",
    "edu",
)


class AuthFileError(Exception):
    """`auth.json` is there but cannot be used; the message names the file and the reason, and no content."""


class ChatGptTokens(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a ChatGPT login. `id_token` and `access_token` are JWTs whose signature nobody here checks."""

    id_token: str
    access_token: str
    refresh_token: str = ""
    account_id: str | None = None

    def __repr__(self) -> str:
        return "ChatGptTokens(...)"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What clients are shown of a login. Protocol source: `Account`, `GetAuthStatusResponse`.

    An API key has no e-mail and no plan. `plan_type` is `unknown` for a plan nobody here knows.
    """

    mode: AuthMode
    email: str | None = None
    plan_type: str | None = None
    user_id: str | None = None


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What `auth.json` holds; `mode` tells which part of it is in use."""

    mode: AuthMode
    api_key: str | None = None
    tokens: ChatGptTokens | None = None

    def __repr__(self) -> str:
        return f"Credentials(mode={self.mode!r}, ...)"

    @property
    def bearer(self) -> str | None:
        """The secret that a request carries."""
        if self.mode == "apikey":
            return self.api_key
        return self.tokens.access_token if self.tokens else None

    @property
    def chatgpt_account_id(self) -> str | None:
        """The account that a ChatGPT request names; None for an API key."""
        if self.mode == "apikey" or self.tokens is None:
            return None
        return self.tokens.account_id or _text(_claims(self.tokens.id_token, _AUTH_CLAIMS), "chatgpt_account_id")

    def account(self) -> Account:
        """Return what clients are shown."""
        if self.mode == "apikey" or self.tokens is None:
            return Account(mode=self.mode)
        payload = jwt_payload(self.tokens.id_token)
        claims = _claims(self.tokens.id_token, _AUTH_CLAIMS)
        plan = _text(claims, "chatgpt_plan_type")
        return Account(
            mode=self.mode,
            email=_text(payload, "email") or _text(_claims(self.tokens.id_token, _PROFILE_CLAIMS), "email"),
            plan_type=plan if plan in _PLAN_TYPES else "unknown",
            user_id=_text(claims, "chatgpt_user_id") or _text(claims, "user_id"),
        )


def jwt_payload(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, unverified; empty for anything else."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload: Any = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}


def parse_auth_file(text: str) -> Credentials | None:
    """Return the credentials in the text of an `auth.json`; None when it holds none.

    Raises `ValueError` for a text that has another form. Without `auth_mode`, an API key wins over tokens.
    """
    value: Any = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    fields = cast("dict[str, Any]", value)
    api_key = _text(fields, "OPENAI_API_KEY")
    tokens = None if fields.get("tokens") is None else _parse_tokens(fields["tokens"])
    mode = fields.get("auth_mode") or ("apikey" if api_key is not None else "chatgpt")
    if mode == "apikey" and api_key is not None:
        return Credentials(mode="apikey", api_key=api_key, tokens=tokens)
    if mode == "chatgpt" and tokens is not None:
        return Credentials(mode="chatgpt", api_key=api_key, tokens=tokens)
    return None


def api_key_file_text(api_key: str) -> str:
    """Return the `auth.json` of an API key login."""
    return json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": api_key}, indent=2, ensure_ascii=False)


def _parse_tokens(value: Any) -> ChatGptTokens:
    try:
        return decoding.convert(value, ChatGptTokens)
    except msgspec.ValidationError as error:
        # The library's message names the field and the kind that was expected, never a value.
        raise ValueError(f"unusable tokens: {error}") from None


def _claims(token: str, name: str) -> Mapping[str, Any]:
    claims = jwt_payload(token).get(name)
    return cast("dict[str, Any]", claims) if isinstance(claims, dict) else {}


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None
