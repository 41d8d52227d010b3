"""What a client's sandbox lets be read and changed of the files of this machine.

Owns nothing but the question. Does not own the policies (sandbox) or how a profile is read
(`environments.exec_permissions`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial

import trio

from codex_trio.environments import exec_protocol as wire
from codex_trio.environments.exec_permissions import UnknownPermissions, place_of
from codex_trio.environments.place import WorkPlace
from codex_trio.exec_server.errors import invalid_params
from codex_trio.exec_server.session import ServedSession
from codex_trio.sandbox.policy import is_enforced_here
from codex_trio.sandbox.roots import may_read


class ChangeGate:
    """Admits what a command under the policy of a place could read or write."""

    def __init__(self, place: WorkPlace, session: ServedSession) -> None:
        self._place = place
        self._session = session

    @staticmethod
    def of(context: wire.SandboxContext | None, path: str, session: ServedSession) -> ChangeGate | None:
        """Return the gate; None where everything may be written. Raises RequestRefused."""
        try:
            place = place_of(context, os.path.dirname(path), tmpdir=session.tmpdir)
        except UnknownPermissions as error:
            raise invalid_params(f"sandbox: {error}") from error
        return ChangeGate(place, session) if is_enforced_here(place.policy) else None

    def admits(self, place: str) -> bool:
        """Return whether the file may be written, made or removed. Blocking."""
        session = self._session
        return session.anchors.may_write(place, self._place.policy, cwd=self._place.cwd, tmpdir=session.tmpdir)

    def admits_beside(self, place: str) -> bool:
        """Return whether other files may be made in its folder for a while."""
        return self.admits(os.path.join(os.path.dirname(place), ".new"))

    def reading(self) -> Callable[[str], bool]:
        """Return what says of paths whether a command could read them. Blocking, as what it returns is."""
        session, policy, cwd = self._session, self._place.policy, self._place.cwd
        roots = session.anchors.roots(policy, cwd=cwd, tmpdir=session.tmpdir)
        return partial(may_read, policy=policy, cwd=cwd, writable=[root.path for root in roots])

    def lets_read(self, path: str) -> bool:
        """Return whether a command could read a path. Blocking."""
        return self.reading()(path)


async def check_read(context: wire.SandboxContext | None, session: ServedSession, path: str) -> None:
    """Raise OSError for what a sandbox does not let be read."""
    gate = ChangeGate.of(context, path, session)
    if gate is not None and not await trio.to_thread.run_sync(partial(gate.lets_read, path), abandon_on_cancel=True):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


async def check_change(context: wire.SandboxContext | None, session: ServedSession, path: str) -> None:
    """Raise OSError for what a sandbox does not let be changed."""
    gate = ChangeGate.of(context, path, session)
    if gate is not None and not await trio.to_thread.run_sync(partial(gate.admits, path), abandon_on_cancel=True):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
