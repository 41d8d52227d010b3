"""A keyring in memory, for tests of what is kept in one: machines that run tests have no desktop."""

from codex_trio.util.keyring import Keyring, KeyringFailure


class MemoryKeyring(Keyring):
    """See the module. `is_there` is whether it can be used, `entries` are its secrets by user."""

    def __init__(self) -> None:
        super().__init__("service")
        self.entries: dict[str, str] = {}
        self.is_there = False

    def find(self, user: str) -> str | None:
        self._check()
        return self.entries.get(user)

    def keep(self, user: str, secret: str) -> None:
        self._check()
        self.entries[user] = secret

    def forget(self, user: str) -> bool:
        self._check()
        return self.entries.pop(user, None) is not None

    def _check(self) -> None:
        if not self.is_there:
            raise KeyringFailure("there is no keyring here")
