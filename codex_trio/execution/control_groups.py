"""A control group (v2) for each command, where the server may make some.

Owns: where they are made, their limits, and that none is left. Does not own: what the limits are (`bounds`).

The server may when its own group was delegated to it, as `Delegate=yes` of a systemd unit does, and nobody else is in
it: a group with limits for those below holds no processes itself, so that the server moves into one below, too.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from codex_trio.execution.bounds import CommandBounds

_MOUNTS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
_OWN = Path("/proc/self/cgroup")
_DELEGATED = ("user.delegate", "trusted.delegate")
_SERVER = "codex-trio"
_WANTED = ("pids", "memory")


class NoControlGroups(Exception):
    """The server cannot make any; says why."""


class ControlGroups:
    """Makes groups below `base`, which has `controllers` for them."""

    def __init__(self, base: Path, controllers: tuple[str, ...], bounds: CommandBounds) -> None:
        self.base = base
        self.controllers = controllers
        self._limits = {
            f"{controller}.max": str(value)
            for controller, value in (("pids", bounds.processes), ("memory", bounds.memory_bytes))
            if controller in controllers and value is not None
        }
        self._count = 0
        self._left: list[Path] = []

    def make(self) -> Path | None:
        """Return a new group; None where it cannot be made, so that other limits have to do."""
        self._count += 1
        group = self.base / f"command-{os.getpid()}-{self._count}"
        try:
            group.mkdir()
            for name, value in self._limits.items():
                (group / name).write_text(value)
        except OSError:
            self.remove(group)
            return None
        return group

    def remove(self, group: Path) -> None:
        """Take a group away, as soon as nobody is in it."""
        self._left.append(group)
        self.sweep()

    def sweep(self) -> None:
        """Take away those in which somebody still was."""
        self._left = [left for left in self._left if not _is_gone(left)]


def joining(group: Path) -> str:
    """Return the line of a shell that moves itself into a group."""
    return f"echo 0 2>/dev/null >{shlex.quote(str(group / 'cgroup.procs'))}\n"


def find_groups(
    bounds: CommandBounds,
    *,
    own: Path | None = None,
    is_delegated: Callable[[Path], bool] | None = None,
) -> tuple[Path, tuple[str, ...]]:
    """Return the group that those of commands would be in, with its controllers; changes nothing.

    `own` is the server's group, `is_delegated` whether somebody has said that it may make groups in one. Raises
    NoControlGroups.
    """
    if not bounds.uses_control_groups:
        raise NoControlGroups("`command_limits.control_groups` is false")
    judge = is_delegated or _is_delegated
    group = own or _own_group()
    if group.name == _SERVER and judge(group.parent):
        group = group.parent
    elif not judge(group):
        raise NoControlGroups(f"{group} was not delegated to the server, as `Delegate=yes` of a systemd unit would")
    try:
        offered = (group / "cgroup.controllers").read_text().split()
        others = set((group / "cgroup.procs").read_text().split()) - {str(os.getpid())}
    except OSError as error:
        raise NoControlGroups(f"{error.filename}: {error.strerror}") from error
    controllers = tuple(name for name in _WANTED if name in offered)
    if not controllers:
        raise NoControlGroups(f"{group} has neither of the controllers `pids` and `memory`")
    if others:
        raise NoControlGroups(f"there are other processes in {group}")
    return group, controllers


def open_control_groups(
    bounds: CommandBounds,
    *,
    own: Path | None = None,
    is_delegated: Callable[[Path], bool] | None = None,
) -> ControlGroups:
    """Return the groups for commands, with the server moved out of their way; see `find_groups`."""
    group, controllers = find_groups(bounds, own=own, is_delegated=is_delegated)
    try:
        if (group / "cgroup.procs").read_text().split():
            server = group / _SERVER
            server.mkdir(exist_ok=True)
            (server / "cgroup.procs").write_text(str(os.getpid()))
        (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))
    except OSError as error:
        raise NoControlGroups(f"{error.filename or group}: {error.strerror or error}") from error
    return ControlGroups(group, controllers, bounds)


def _own_group() -> Path:
    try:
        lines = _OWN.read_text().splitlines()
    except OSError as error:
        raise NoControlGroups(f"{_OWN}: {error.strerror}") from error
    path = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), None)
    for mount in _MOUNTS:
        if path is not None and os.path.exists(f"{mount}/cgroup.controllers"):
            return Path(mount + path)
    raise NoControlGroups("there are no control groups of version 2 here")


def _is_delegated(group: Path) -> bool:
    for name in _DELEGATED:
        with suppress(OSError):
            if os.getxattr(group, name) == b"1":
                return True
    return False


def _is_gone(group: Path) -> bool:
    try:
        group.rmdir()
    except OSError as error:
        return error.errno == errno.ENOENT
    return True
