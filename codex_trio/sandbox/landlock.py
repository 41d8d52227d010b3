"""Confinement by Landlock: no write outside the roots, and no read outside of what may be read.

Owns: the access rights and the rules for one command. Does not own: the network filter and the exec that follow
(`helper`).

Landlock only grants, it cannot take away: a protected folder inside a writable root stays writable. `probe` says so.
"""

import os

from codex_trio.sandbox import kernel

_SCOPES_ABI = 6

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

_ON_FILES = _WRITE_FILE | _TRUNCATE
_READING_FILES = _EXECUTE | _READ_FILE
_READING = _READING_FILES | _READ_DIR
_HANDLED = _ON_FILES | _REMOVE_DIR | _REMOVE_FILE | _MAKE_ALL | _REFER

_SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0
_SCOPE_SIGNAL = 1 << 1

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")

_OF_EVERY_COMMAND = ("/proc", *_DEVICES)


def confine(roots: list[str], *, kept: list[str], readable: list[str] | None = None) -> None:
    """Restrict this process and its future children to writing below `roots` and to the harmless devices.

    With `readable`, they read nothing but that and what they may write. What lies in `kept` is not written. Rights
    always count for all that is below, so the folders that lead there are left out too, but for their other entries:
    what is in those can be changed, but nothing put beside them.

    Raises `OSError` when the kernel has no usable Landlock.
    """
    scoped = _SCOPE_ABSTRACT_UNIX_SOCKET | _SCOPE_SIGNAL if kernel.landlock_abi() >= _SCOPES_ABI else 0
    reading = 0 if readable is None else _READING
    ruleset = kernel.landlock_create_ruleset(filesystem=_HANDLED | reading, scoped=scoped)
    if readable is not None:
        for path in (*readable, *roots, *_OF_EVERY_COMMAND):
            if os.path.exists(path):
                kernel.landlock_allow(ruleset, path, _READING if os.path.isdir(path) else _READING_FILES)
    for root in roots:
        for path in _without(root, kept):
            kernel.landlock_allow(ruleset, path, _HANDLED if os.path.isdir(path) else _ON_FILES)
    for device in _DEVICES:
        if os.path.exists(device):
            kernel.landlock_allow(ruleset, device, _ON_FILES)
    kernel.landlock_restrict_self(ruleset)
    os.close(ruleset)


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
