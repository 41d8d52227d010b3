"""Who may open a websocket: the bearer token of the handshake. Sans-io but for reading the secret once.

Owns the combination of the `--ws-*` settings, the secrets, and the verdict on an `Authorization` header. Does not own
the rest of the handshake (transport.handshake). Secrets are kept in plain objects without a telling repr, and no error
of this module repeats what a client or a file said.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeAlias, cast

import msgspec

from codex_trio.transport.listen import ListenRefused
from codex_trio.util import decoding
from codex_trio.util.regular_file import read_given

CAPABILITY_TOKEN = "capability-token"
SIGNED_BEARER_TOKEN = "signed-bearer-token"
AuthMode: TypeAlias = Literal["capability-token", "signed-bearer-token"]

DEFAULT_CLOCK_SKEW_SECONDS = 30
MIN_SHARED_SECRET_BYTES = 32
_MAX_SECRET_BYTES = 1 << 20

_MAX_I64 = 2**63 - 1
_SHA256_HEX_DIGITS = 64


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says of websocket authentication; None is a setting that was not given."""

    mode: AuthMode | None = None
    token_file: Path | None = None
    token_sha256: str | None = None
    shared_secret_file: Path | None = None
    issuer: str | None = None
    audience: str | None = None
    max_clock_skew_seconds: int | None = None


class HandshakeRejected(Exception):
    """The client may not connect; the text is all that it is told."""


class Authenticator(Protocol):
    """Decides on handshakes."""

    def check(self, authorization: bytes | None) -> None:
        """Pass a client that may connect.

        Args:
            authorization: the first `Authorization` header, without outer blanks; None when there is none.

        Raises:
            HandshakeRejected: it may not.
        """
        ...


AuthenticatorLoader: TypeAlias = Callable[[], Authenticator]
"""Reads the secret. Raises ListenRefused."""


def plan_authentication(settings: AuthSettings) -> AuthenticatorLoader | None:
    """Check that the settings fit one another, without reading files; None when no authentication is asked for.

    Raises:
        ListenRefused: they do not.
    """
    if settings.mode is None:
        if settings != AuthSettings():
            raise ListenRefused(
                "websocket auth flags require `--ws-auth capability-token` or `--ws-auth signed-bearer-token`"
            )
        return None
    if settings.mode == CAPABILITY_TOKEN:
        return _plan_capability_token(settings)
    return _plan_signed_bearer_token(settings)


def _plan_capability_token(settings: AuthSettings) -> AuthenticatorLoader:
    of_other_mode = (
        settings.shared_secret_file,
        settings.issuer,
        settings.audience,
        settings.max_clock_skew_seconds,
    )
    if any(setting is not None for setting in of_other_mode):
        raise ListenRefused(
            "`--ws-shared-secret-file`, `--ws-issuer`, `--ws-audience`, and `--ws-max-clock-skew-seconds` "
            "require `--ws-auth signed-bearer-token`"
        )
    path, hex_digest = settings.token_file, settings.token_sha256
    if path is not None and hex_digest is not None:
        raise ListenRefused("`--ws-token-file` and `--ws-token-sha256` are mutually exclusive")
    if hex_digest is not None:
        digest = _sha256_digest(hex_digest)
        return lambda: CapabilityToken(digest)
    if path is not None:
        return lambda: CapabilityToken(hashlib.sha256(_read_secret(path)).digest())
    raise ListenRefused("`--ws-token-file` or `--ws-token-sha256` is required when `--ws-auth capability-token` is set")


def _plan_signed_bearer_token(settings: AuthSettings) -> AuthenticatorLoader:
    if settings.token_file is not None or settings.token_sha256 is not None:
        raise ListenRefused(
            "`--ws-token-file` and `--ws-token-sha256` require `--ws-auth capability-token`, not `signed-bearer-token`"
        )
    path = settings.shared_secret_file
    if path is None:
        raise ListenRefused("`--ws-shared-secret-file` is required when `--ws-auth signed-bearer-token` is set")
    skew = settings.max_clock_skew_seconds
    if skew is None:
        skew = DEFAULT_CLOCK_SKEW_SECONDS
    if skew > _MAX_I64:
        raise ListenRefused("websocket auth clock skew must fit in a signed 64-bit integer")
    return lambda: SignedBearerToken(
        _read_shared_secret(path),
        issuer=(settings.issuer or "").strip() or None,
        audience=(settings.audience or "").strip() or None,
        max_clock_skew_seconds=skew,
    )


class CapabilityToken:
    """One token for everybody, known by its SHA-256 digest."""

    def __init__(self, digest: bytes) -> None:
        self._digest = digest

    def check(self, authorization: bytes | None) -> None:
        offered = hashlib.sha256(bearer_token(authorization)).digest()
        if not hmac.compare_digest(offered, self._digest):
            raise HandshakeRejected("invalid websocket bearer token")


class SignedBearerToken:
    """JSON Web Tokens of whoever shares a secret with this server, signed with HS256.

    Args:
        secret: the key, at least `MIN_SHARED_SECRET_BYTES` long.
        issuer: what `iss` must be; None to accept any.
        audience: what `aud` must be or contain; None to accept any.
        max_clock_skew_seconds: how far the clocks may be apart in judging `exp` and `nbf`.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        secret: bytes,
        *,
        issuer: str | None,
        audience: str | None,
        max_clock_skew_seconds: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        # Imported where it is needed, but before the first client waits for it.
        import jwt

        self._tokens = cast("_SignedTokens", jwt.PyJWS(algorithms=[_ALGORITHM]))
        self._unacceptable = jwt.PyJWTError
        self._secret = secret
        self._issuer = issuer
        self._audience = audience
        self._skew = max_clock_skew_seconds
        self._now = now
        try:
            self._tokens.encode(b"", secret, _ALGORITHM)
        except jwt.InvalidKeyError:
            # The library rightly fears tokens that are signed with a public key.
            raise ListenRefused(
                "the signed websocket bearer secret is a PEM or SSH key; it must be a random value that both sides know"
            ) from None

    def check(self, authorization: bytes | None) -> None:
        claims = self._claims(bearer_token(authorization))
        now = int(self._now())
        if now > claims.exp + self._skew:
            raise HandshakeRejected("expired websocket jwt")
        if claims.nbf is not None and now < claims.nbf - self._skew:
            raise HandshakeRejected("websocket jwt is not valid yet")
        if self._issuer is not None and claims.iss != self._issuer:
            raise HandshakeRejected("websocket jwt issuer mismatch")
        audiences = claims.aud if isinstance(claims.aud, list) else [claims.aud]
        if self._audience is not None and self._audience not in audiences:
            raise HandshakeRejected("websocket jwt audience mismatch")

    def _claims(self, token: bytes) -> _Claims:
        try:
            return decoding.json_decoder(_Claims).decode(self._tokens.decode(token, self._secret, [_ALGORITHM]))
        except (self._unacceptable, msgspec.MsgspecError, ValueError, RecursionError):
            # Without a cause: it would say what the token is.
            raise HandshakeRejected("invalid websocket jwt") from None


_ALGORITHM = "HS256"
_Timestamp = Annotated[int, msgspec.Meta(ge=-_MAX_I64 - 1, le=_MAX_I64)]


class _SignedTokens(Protocol):
    """What is used of the JWT library, whose own annotations depend on what else is installed."""

    def encode(self, payload: bytes, key: bytes, algorithm: str, /) -> str: ...
    def decode(self, jwt: bytes, key: bytes, algorithms: list[str], /) -> bytes: ...


class _Claims(msgspec.Struct):
    """Those that are looked at, seconds since the epoch among them; tokens may have more."""

    exp: _Timestamp
    nbf: _Timestamp | None = None
    iss: str | None = None
    aud: str | list[str] | None = None


def bearer_token(authorization: bytes | None) -> bytes:
    """Return the token of an `Authorization` header.

    Raises:
        HandshakeRejected: there is none.
    """
    if authorization is None:
        raise HandshakeRejected("missing websocket bearer token")
    scheme, _, token = authorization.partition(b" ")
    token = token.strip()
    if scheme.lower() != b"bearer" or not token or not authorization.isascii():
        raise HandshakeRejected("invalid authorization header")
    return token


def _sha256_digest(text: str) -> bytes:
    text = text.strip()
    digits = set("0123456789abcdefABCDEF")
    if len(text) != _SHA256_HEX_DIGITS or not digits.issuperset(text):
        raise ListenRefused("--ws-token-sha256 must be a 64-character hex SHA-256 digest")
    return bytes.fromhex(text)


def _read_shared_secret(path: Path) -> bytes:
    secret = _read_secret(path)
    if len(secret) < MIN_SHARED_SECRET_BYTES:
        raise ListenRefused(
            f"signed websocket bearer secret {path.absolute()} must be at least {MIN_SHARED_SECRET_BYTES} bytes"
        )
    return secret


def _read_secret(path: Path) -> bytes:
    shown = os.path.abspath(path)
    try:
        secret = read_given(path, limit=_MAX_SECRET_BYTES).decode().strip()
    except OSError as error:
        raise ListenRefused(
            f"failed to read websocket auth secret {shown}: {error.strerror} (os error {error.errno})"
        ) from None
    except UnicodeDecodeError:
        raise ListenRefused(
            f"failed to read websocket auth secret {shown}: stream did not contain valid UTF-8"
        ) from None
    if not secret:
        raise ListenRefused(f"websocket auth secret {shown} must not be empty")
    return secret.encode()
