"""Where credentials are kept between runs, and logging in and out.

Owns: `$CODEX_HOME/auth.json`, or an entry of the keyring in its place, the credentials in force, and which kinds of
login the configuration allows. Does not own: what is in either (`credentials`), the keyring (`util.keyring`), network
logins, or answering clients.
"""

import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Literal

from codex_trio.identity.credentials import AuthFileError, Credentials, api_key_file_text, parse_auth_file
from codex_trio.identity.external import ExternalTokenSource
from codex_trio.util.keyring import Keyring, KeyringFailure
from codex_trio.util.regular_file import read_whole
from codex_trio.util.replacing import replace_file

_log = logging.getLogger(__name__)

_MOST_BYTES = 1 << 20
_KEYRING_SERVICE = "Codex Auth"
_WAY_OUT = 'keep them in a file by cli_auth_credentials_store = "file"'

StoreKind = Literal["file", "keyring", "auto", "ephemeral"]


class LoginRefused(Exception):
    """The configuration forbids this kind of login; the message is for the user."""


class AuthStoreError(Exception):
    """Credentials could not be saved or removed; the message is for the user."""


class AuthStore:
    """The credentials of one `$CODEX_HOME`.

    Read on first use and kept: a file edited by somebody else counts after `load`, which may run in a worker thread.
    `ephemeral` keeps them in memory and leaves the file alone. `auto` is the keyring where there is one and it has
    credentials or takes them, else the file. What is kept stands in the keyring as in the file (0.171.0).
    """

    def __init__(
        self,
        codex_home: Path,
        *,
        kind: StoreKind = "file",
        forced_login_method: Literal["chatgpt", "api"] | None = None,
        external: ExternalTokenSource | None = None,
        keyring: Keyring | None = None,
    ) -> None:
        self._path = codex_home / "auth.json"
        self._kind: StoreKind = kind
        self._keyring = Keyring(_KEYRING_SERVICE) if keyring is None else keyring
        self._user = f"cli|{hashlib.sha256(os.fsencode(codex_home.resolve())).hexdigest()[:16]}"
        self._forced_login_method = forced_login_method
        self.external = external
        """Who is asked for fresh tokens of a login that clients manage; None where there are no clients."""
        self._loaded = False
        self._credentials: Credentials | None = None
        self._problem: AuthFileError | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def credentials(self) -> Credentials | None:
        """Return the credentials in force, None when nobody is logged in.

        Stored ones of a kind that the configuration forbids do not count. Raises `AuthFileError`.
        """
        if not self._loaded:
            self.load()
        if self._problem is not None:
            raise self._problem
        current = self._credentials
        return None if current is None or self._is_forbidden(current) else current

    def load(self) -> None:
        """Read the file, again if need be. `credentials` says what is wrong with it."""
        self._loaded = True
        if self._kind == "ephemeral":
            return
        self._credentials = self._problem = None
        try:
            self._credentials = self._read()
        except AuthFileError as error:
            self._problem = error

    def _read(self) -> Credentials | None:
        if self._kind in ("keyring", "auto"):
            try:
                text = self._keyring.find(self._user)
            except KeyringFailure as failure:
                if self._kind == "keyring":
                    # As if nobody were logged in (0.171.0): another provider may need no account.
                    _log.warning("credentials cannot be loaded: %s; %s", failure, _WAY_OUT)
                    return None
            else:
                if text is not None:
                    return _parsed(text, "the keyring's entry")
                if self._kind == "keyring":
                    return None
        return read_auth_file(self._path)

    def log_in_with_api_key(self, api_key: str) -> None:
        """Keep an API key; it is not tried out. Raises `LoginRefused` or `AuthStoreError`."""
        if self._forced_login_method == "chatgpt":
            raise LoginRefused("API key login is disabled. Use ChatGPT login instead.")
        if self._kind != "ephemeral":
            try:
                self._save(api_key_file_text(api_key))
            except OSError as error:
                raise AuthStoreError(f"failed to save api key: {self._path}: {error.strerror}") from None
            except KeyringFailure as failure:
                raise AuthStoreError(f"failed to save api key: {failure}; {_WAY_OUT}") from None
        self._credentials = Credentials(mode="apikey", api_key=api_key)
        self._problem = None
        self._loaded = True

    def _save(self, text: str) -> None:
        if self._kind != "file":
            try:
                self._keyring.keep(self._user, text)
            except KeyringFailure:
                if self._kind == "keyring":
                    raise
            else:
                self._path.unlink(missing_ok=True)
                return
        replace_file(self._path, text.encode())

    def log_out(self) -> bool:
        """Forget the credentials, wherever they are kept. True if there were any. Raises `AuthStoreError`."""
        had_any = self._credentials is not None
        if self._kind != "ephemeral":
            had_any = self._path.exists()
            try:
                self._path.unlink(missing_ok=True)
                if self._kind != "file":
                    had_any = self._keyring.forget(self._user) or had_any
            except OSError as error:
                raise AuthStoreError(f"failed to log out: {self._path}: {error.strerror}") from None
            except KeyringFailure as failure:
                if self._kind == "keyring":
                    raise AuthStoreError(f"failed to log out: {failure}; {_WAY_OUT}") from None
        self._credentials = self._problem = None
        self._loaded = True
        return had_any

    def _is_forbidden(self, credentials: Credentials) -> bool:
        allowed = {"chatgpt": "chatgpt", "api": "apikey"}
        return self._forced_login_method is not None and allowed[self._forced_login_method] != credentials.mode


def read_auth_file(path: Path) -> Credentials | None:
    """Return the credentials in a file; None when there is no file or it holds none. Raises `AuthFileError`."""
    try:
        text = read_whole(path, limit=_MOST_BYTES).decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise AuthFileError(f"{path}: not UTF-8 text") from None
    except OSError as error:
        raise AuthFileError(f"{path}: {error.strerror}") from None
    return _parsed(text, str(path))


def _parsed(text: str, source: str) -> Credentials | None:
    try:
        return parse_auth_file(text)
    except json.JSONDecodeError as error:
        # Never the decoder's own text with its excerpt: it could hold a secret.
        raise AuthFileError(f"{source}:{error.lineno}:{error.colno}: not valid JSON") from None
    except (ValueError, RecursionError) as error:
        raise AuthFileError(f"{source}: {error}") from None
