"""Short secrets in the keyring of a desktop: GNOME Keyring, KWallet, or what else speaks the Secret Service.

Owns how an entry is found and written, so that Codex finds the same one, and that nobody waits for ever for a keyring.
Does not own what is kept. All of it blocks.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from secretstorage import Collection

SECONDS = 5.0
"""How long an answer is waited for."""

PROMPT_SECONDS = 60.0
"""How long the desktop may ask its user for the keyring's password."""


class KeyringFailure(Exception):
    """There is no keyring, or it cannot be used; the text says why."""


class Keyring:
    """The entries of one service.

    Entry attributes as observed of Codex 0.171.0: `service`, `username`, and `target` with the value `default`. All
    methods raise KeyringFailure.
    """

    def __init__(self, service: str, *, seconds: float = SECONDS) -> None:
        self._service = service
        self._seconds = seconds

    def find(self, user: str) -> str | None:
        """Return the secret of a user; None where there is none."""
        with self._open() as collection:
            found = next(collection.search_items(self._attributes(user)), None)
            return None if found is None else found.get_secret().decode(errors="replace")

    def keep(self, user: str, secret: str) -> None:
        """Keep a secret in place of any other of that user."""
        with self._open() as collection:
            label = f"{user}@{self._service}"
            collection.create_item(label, self._attributes(user), secret.encode(), replace=True)

    def forget(self, user: str) -> bool:
        """Forget the secret of a user; whether there was one."""
        with self._open() as collection:
            found = list(collection.search_items(self._attributes(user)))
            for item in found:
                item.delete()
            return bool(found)

    def _attributes(self, user: str) -> dict[str, str]:
        return {"service": self._service, "username": user, "target": "default"}

    @contextmanager
    def _open(self) -> Generator[Collection]:
        if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
            # Where there is no desktop nothing needs to be imported to know it.
            raise KeyringFailure("there is no keyring here: no D-Bus session is running")
        try:
            from jeepney import DBusErrorResponse
            from jeepney.io.blocking import open_dbus_connection
            from secretstorage import SecretStorageException, get_default_collection
            from secretstorage.util import add_match_rules
        except ModuleNotFoundError:
            raise KeyringFailure("keyrings need more packages: pip install 'codex-trio[keyring]'") from None

        try:
            with open_dbus_connection(auth_timeout=self._seconds) as opened:
                connection: Any = _Bounded(opened, self._seconds)
                add_match_rules(connection)
                collection = get_default_collection(connection)
                if collection.is_locked() and collection.unlock():
                    raise KeyringFailure("the keyring is locked, and was not unlocked")
                yield collection
        except TimeoutError:
            raise KeyringFailure(f"the keyring did not answer in {self._seconds:g} seconds") from None
        except (SecretStorageException, DBusErrorResponse, OSError, ValueError, RuntimeError) as error:
            raise KeyringFailure(f"there is no keyring here: {error}") from error


class _Bounded:
    """A connection that waits for no answer for longer than that: `secretstorage` gives no time itself."""

    def __init__(self, connection: Any, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self.filter = connection.filter

    def send_and_get_reply(self, message: Any) -> Any:
        return self._connection.send_and_get_reply(message, timeout=self._seconds)

    def recv_until_filtered(self, queue: Any, *, timeout: float | None = None) -> Any:
        return self._connection.recv_until_filtered(queue, timeout=timeout or PROMPT_SECONDS)
