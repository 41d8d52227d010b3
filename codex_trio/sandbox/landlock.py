"""Confinement by Landlock: no write outside the roots.

Owns: the access rights and the rules for one command.
Does not own: the network filter and the exec that follow (`helper`).
Called by: the sandbox helper, in the process that becomes the command.

Landlock only grants, it cannot take away: a protected folder inside a writable root stays writable. `probe` says so.
"""

import os

from codex_trio.sandbox import kernel

MINIMUM_ABI = 3
"""Older kernels cannot stop truncate(2) on files outside the roots."""

_SCOPES_ABI = 6

_WRITE_FILE = 1 << 1
_REMOVE_DIR = 1 << 4
_REMOVE_FILE = 1 << 5
_MAKE_ALL = 0x7F << 6  # char, dir, regular, socket, fifo, block, symlink
_REFER = 1 << 13
_TRUNCATE = 1 << 14

_ON_FILES = _WRITE_FILE | _TRUNCATE
_HANDLED = _ON_FILES | _REMOVE_DIR | _REMOVE_FILE | _MAKE_ALL | _REFER

_SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0
_SCOPE_SIGNAL = 1 << 1

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")


def confine(roots: list[str]) -> None:
    """Restrict this process and its future children to writing below `roots` and to the harmless devices.

    Raises `OSError` when the kernel has no usable Landlock.
    """
    scoped = _SCOPE_ABSTRACT_UNIX_SOCKET | _SCOPE_SIGNAL if kernel.landlock_abi() >= _SCOPES_ABI else 0
    ruleset = kernel.landlock_create_ruleset(filesystem=_HANDLED, scoped=scoped)
    for root in roots:
        kernel.landlock_allow(ruleset, root, _HANDLED if os.path.isdir(root) else _ON_FILES)
    for device in _DEVICES:
        if os.path.exists(device):
            kernel.landlock_allow(ruleset, device, _ON_FILES)
    kernel.landlock_restrict_self(ruleset)
    os.close(ruleset)
