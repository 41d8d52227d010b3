"""Confinement by Landlock: no write outside the roots, and no read outside of what may be read.

Owns: the access rights and the rules for one command. Does not own: the network filter and the exec that follow
(`helper`).

Landlock only grants, it cannot take away: a protected folder inside a writable root stays writable. `probe` says so.
"""

import os

from codex_trio.sandbox import kernel

_SCOPES_ABI = 6
_DEVICE_CONTROLS_ABI = 5

_EXECUTE = 1 << 0
_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_REMOVE_DIR = 1 << 4
_REMOVE_FILE = 1 << 5
_MAKE_ALL = 0x7F << 6  # char, dir, regular, socket, fifo, block, symlink
_REFER = 1 << 13
# Kernels before ABI 3 know no such right and refuse the rules, as they could not stop truncate(2) outside of the roots.
_TRUNCATE = 1 << 14
_CONTROL_DEVICE = 1 << 15

_ON_FILES = _WRITE_FILE | _TRUNCATE
_READING_FILES = _EXECUTE | _READ_FILE
_READING = _READING_FILES | _READ_DIR
_HANDLED = _ON_FILES | _REMOVE_DIR | _REMOVE_FILE | _MAKE_ALL | _REFER

_SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0
_SCOPE_SIGNAL = 1 << 1

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
_SHARED_MEMORY = "/dev/shm"  # files of other programs, which may be read as elsewhere


def confine(roots: list[str], *, kept: list[str], readable: list[str] | None = None) -> None:
    """Restrict this process and its future children to writing below `roots` and to the harmless devices.

    Of other devices, as disks and the terminals of others, they read nothing; with `readable`, nothing at all but that
    and what they may write. What lies in `kept` is not written. Rights
    always count for all that is below, so the folders that lead there are left out too, but for their other entries:
    what is in those can be changed, but nothing put beside them.

    Raises `OSError` when the kernel has no usable Landlock.
    """
    abi = kernel.landlock_abi()
    scoped = _SCOPE_ABSTRACT_UNIX_SOCKET | _SCOPE_SIGNAL if abi >= _SCOPES_ABI else 0
    control = _CONTROL_DEVICE if abi >= _DEVICE_CONTROLS_ABI else 0
    reading = _READ_FILE if readable is None else _READING
    ruleset = kernel.landlock_create_ruleset(filesystem=_HANDLED | reading | control, scoped=scoped)
    devices = [*filter(os.path.exists, _DEVICES), *_own_terminals()]
    opened = [*_without("/", ["/dev"]), _SHARED_MEMORY] if readable is None else [*readable, "/proc"]
    for path in (*opened, *roots, *devices):
        if os.path.exists(path):
            kernel.landlock_allow(ruleset, path, reading if os.path.isdir(path) else reading & _READING_FILES)
    for root in roots:
        for path in _without(root, kept):
            rights = _HANDLED if os.path.isdir(path) else _ON_FILES
            kernel.landlock_allow(ruleset, path, rights | control)
    for device in devices:
        kernel.landlock_allow(ruleset, device, _ON_FILES | control)
    kernel.landlock_restrict_self(ruleset)
    os.close(ruleset)


def _own_terminals() -> set[str]:
    """Return the terminals that this process was given, under their names."""
    found: set[str] = set()
    for handle in range(3):
        try:  # noqa: SIM105  # `contextlib` would be imported for every command
            found.add(os.ttyname(handle))
        except OSError:
            pass  # It is none.
    return found


def _without(folder: str, kept: list[str]) -> list[str]:
    """Return `folder`, or in its place what is in it and neither in `kept` nor leads there."""
    if folder in kept:
        return []
    if not any(path.startswith(folder.rstrip("/") + "/") for path in kept):
        return [folder]
    found: list[str] = []
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if not os.path.islink(path):
            found += _without(path, kept)
    return found
