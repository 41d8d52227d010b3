"""Where logins to MCP servers are kept: in the desktop's keyring, or `$CODEX_HOME/.credentials.json`, as Codex does.

Owns which of them it is, and the file, under a lock that other processes of this product take too, and readable for its
owner only. Does not own what tokens are good for, or the keyring (`util.keyring`). All of it blocks.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, cast

import msgspec

from codex_trio.extensions.mcp.oauth.flow import OAuthClient, Tokens
from codex_trio.extensions.mcp.oauth.web import OAuthFailure
from codex_trio.util.decoding import convert, json_decoder
from codex_trio.util.keyring import Keyring, KeyringFailure
from codex_trio.util.regular_file import read_whole
from codex_trio.util.replacing import replace_file
from codex_trio.util.timed_lock import lock_within

FILE_NAME = ".credentials.json"
_LOCK_NAME = ".credentials.lock"
_RENEWAL_LOCK_NAME = ".credentials.renewal.lock"
_MOST_BYTES = 4 << 20
_LOCK_SECONDS = 5.0

StoreKind = Literal["auto", "file", "keyring"]
"""Where logins are kept: `auto` is the keyring where there is one, else the file."""

_KEYRING_SERVICE = "Codex MCP Credentials"


class NoKeyring(OAuthFailure):
    """Logins are to be kept in a keyring, and there is none that can be used."""


class StoredLogin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A login as it is kept. `expires_at` is in milliseconds since 1970.

    `issuer` is who gave the tokens, `resource` what the MCP server calls itself there, where it does.
    """

    server_name: str
    server_url: str
    client_id: str
    access_token: str
    issuer: str | None = None
    resource: str | None = None
    client_secret: str | None = None
    expires_at: int | None = None
    refresh_token: str | None = None
    scopes: tuple[str, ...] = ()

    @property
    def client(self) -> OAuthClient:
        """How we are known to the login server."""
        return OAuthClient(client_id=self.client_id, client_secret=self.client_secret)

    @property
    def tokens(self) -> Tokens:
        """What lets us in."""
        return Tokens(
            access_token=self.access_token,
            refresh_token=self.refresh_token,
            expires_at=self.expires_at,
            scopes=self.scopes,
        )

    def renewed(self, tokens: Tokens) -> StoredLogin:
        """Return the same login with other tokens."""
        return msgspec.structs.replace(
            self,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expires_at=tokens.expires_at,
            scopes=tokens.scopes,
        )


class LoginStore:
    """The logins of one `$CODEX_HOME`. All methods raise OAuthFailure. `kind` is asked whenever one is called."""

    def __init__(
        self, codex_home: Path, *, kind: Callable[[], StoreKind] = lambda: "file", keyring: Keyring | None = None
    ) -> None:
        self._kind = kind
        self._keyring = Keyring(_KEYRING_SERVICE) if keyring is None else keyring
        self._path = codex_home / FILE_NAME
        self._lock = codex_home / _LOCK_NAME
        self._renewal_lock = codex_home / _RENEWAL_LOCK_NAME

    def find(self, name: str, url: str) -> StoredLogin | None:
        """Return the login to a server; None where there is none that can be read. Raises NoKeyring too."""
        kind = self._kind()
        with self._keyring_for(kind) as keyring:
            secret = None if keyring is None else keyring.find(_key(name, url))
            found = None if secret is None else _login_in(secret)
            if found is not None or kind == "keyring":
                return found
        return self._find_in_file(name, url)

    def keep(self, login: StoredLogin) -> None:
        """Keep a login in place of any other to the same server. Raises NoKeyring too."""
        key = _key(login.server_name, login.server_url)
        with self._keyring_for(self._kind()) as keyring:
            if keyring is not None:
                keyring.keep(key, _secret_of(login))
                self._forget_in_file(key)
                return
        with self._locked():
            entries = self._read()
            entries[key] = msgspec.to_builtins(login)
            self._write(entries)

    def forget(self, name: str, url: str) -> bool:
        """Forget the login to a server; whether there was one. Raises NoKeyring too."""
        key, was_there = _key(name, url), False
        with self._keyring_for(self._kind()) as keyring:
            was_there = keyring is not None and keyring.forget(key)
        return self._forget_in_file(key) or was_there

    @contextmanager
    def _keyring_for(self, kind: StoreKind) -> Generator[Keyring | None]:
        """Provide the keyring where it comes before the file; what fails in it is no failure where the file can do."""
        try:
            yield None if kind == "file" else self._keyring
        except KeyringFailure as failure:
            if kind == "keyring":
                way_out = 'have logins kept by mcp_oauth_credentials_store = "file"'
                raise NoKeyring(f"{failure}; {way_out}") from failure

    def _find_in_file(self, name: str, url: str) -> StoredLogin | None:
        entry = self._read().get(_key(name, url))
        try:
            return None if entry is None else convert(entry, StoredLogin)
        except msgspec.ValidationError:
            return None

    def _forget_in_file(self, key: str) -> bool:
        if not self._path.exists():
            return False
        with self._locked():
            entries = self._read()
            if entries.pop(key, None) is None:
                return False
            self._write(entries)
        return True

    def begin_renewal(self) -> IO[str] | None:
        """Return the right to renew a login, to be closed at the end of that; None while another process has it."""
        file = os.fdopen(_opened(self._renewal_lock))
        if lock_within(file.fileno(), seconds=0):
            return file
        file.close()
        return None

    def _read(self) -> dict[str, Any]:
        try:
            decoded: Any = msgspec.json.decode(read_whole(self._path, limit=_MOST_BYTES))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise OAuthFailure(f"{self._path} cannot be read: {error.strerror}") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # Never the decoder's own text: it could hold a secret.
            decoded = None
        if not isinstance(decoded, dict):
            raise OAuthFailure(f"{self._path} is no JSON object; remove it, and log in again")
        return cast("dict[str, Any]", decoded)

    def _write(self, entries: dict[str, Any]) -> None:
        try:
            if not entries:
                self._path.unlink(missing_ok=True)
                return
            replace_file(self._path, msgspec.json.encode(entries), is_lasting=True)
        except OSError as error:
            raise OAuthFailure(f"{self._path} cannot be written: {error.strerror}") from error

    @contextmanager
    def _locked(self) -> Generator[None]:
        descriptor = _opened(self._lock)
        try:
            if not lock_within(descriptor, seconds=_LOCK_SECONDS):
                raise OAuthFailure(f"{self._lock} is held by another process")
            yield
        finally:
            os.close(descriptor)


def _opened(lock: Path) -> int:
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise OAuthFailure(f"{lock} cannot be opened: {error.strerror}") from error


def _key(name: str, url: str) -> str:
    """Return the name under which Codex keeps the login to a server."""
    address = msgspec.json.encode({"type": "http", "url": url, "headers": {}})
    return f"{name}|{hashlib.sha256(address).hexdigest()[:16]}"


class _KeptTokens(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    access_token: str
    token_type: str = ""
    refresh_token: str | None = None
    scope: str | None = None


class _KeptLogin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A login as an entry of a keyring has it (0.171.0)."""

    server_name: str
    url: str
    client_id: str
    token_response: _KeptTokens
    issuer: str | None = None
    client_secret: str | None = None
    expires_at: int | None = None


def _secret_of(login: StoredLogin) -> str:
    tokens = _KeptTokens(
        access_token=login.access_token,
        token_type="bearer",
        refresh_token=login.refresh_token,
        scope=" ".join(login.scopes) or None,
    )
    kept = _KeptLogin(
        server_name=login.server_name,
        url=login.server_url,
        client_id=login.client_id,
        token_response=tokens,
        issuer=login.issuer,
        client_secret=login.client_secret,
        expires_at=login.expires_at,
    )
    return msgspec.json.encode(kept).decode()


def _login_in(secret: str) -> StoredLogin | None:
    try:
        kept = json_decoder(_KeptLogin).decode(secret)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return StoredLogin(
        server_name=kept.server_name,
        server_url=kept.url,
        client_id=kept.client_id,
        access_token=kept.token_response.access_token,
        issuer=kept.issuer,
        client_secret=kept.client_secret,
        expires_at=kept.expires_at,
        refresh_token=kept.token_response.refresh_token,
        scopes=tuple((kept.token_response.scope or "").split()),
    )
