"""The few Linux calls that a confined process makes on itself, through ctypes.

Owns: system call numbers, structures and flags of prctl, capset, unshare, mount, mount_setattr, Landlock and seccomp.
Does not own: the order in which they make a sandbox (`namespaces`, `landlock`). Imports little, because a helper starts
for every command: no `signal`, `typing` or `contextlib`, which together would take longer than all of its own work.

Every function raises `OSError` when the kernel refuses.
"""

import ctypes
import os
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4

_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_CAPBSET_READ = 23
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2
_LINUX_CAPABILITY_VERSION_3 = 0x20080522

_RLIMIT_NPROC = 6

_AT_FDCWD = -100
_AT_SYMLINK_NOFOLLOW = 0x100
_AT_RECURSIVE = 0x8000
_OPEN_TREE_CLONE = 1
_MOVE_MOUNT_F_EMPTY_PATH = 4
_MNT_DETACH = 2

# The same on every machine: these calls are younger than the common numbering.
_SYS_OPEN_TREE = 428
_SYS_MOVE_MOUNT = 429
_SYS_MOUNT_SETATTR = 442
_SYS_LANDLOCK_CREATE_RULESET = 444
_SYS_LANDLOCK_ADD_RULE = 445
_SYS_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_CREATE_RULESET_VERSION = 1
_LANDLOCK_RULE_PATH_BENEATH = 1

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)


_SIGKILL = 9
_SIGHUP, _SIGINT, _SIGQUIT, _SIGPIPE, _SIGTSTP, _SIGXFSZ = 1, 2, 3, 13, 20, 25
_TYPED_SIGNALS = (_SIGHUP, _SIGINT, _SIGQUIT, _SIGTSTP)
_SIG_DFL, _SIG_IGN = 0, 1


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that forked it ends."""
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def ignore_terminal_signals() -> None:
    """Survive what a terminal sends to its foreground processes."""
    for number in _TYPED_SIGNALS:
        _libc.signal(number, ctypes.c_void_p(_SIG_IGN))


def restore_signals() -> None:
    """Undo `ignore_terminal_signals`, and what the interpreter has changed at its start."""
    for number in (*_TYPED_SIGNALS, _SIGPIPE, _SIGXFSZ):
        _libc.signal(number, ctypes.c_void_p(_SIG_DFL))


def limit_processes(most: int) -> None:
    """Let this user namespace have no more processes and threads; for root that means nothing."""
    before = ctypes.create_string_buffer(16)
    _check(_libc.prlimit(0, _RLIMIT_NPROC, None, before), "prlimit")
    highest = struct.unpack("=QQ", before.raw)[1]
    limit = struct.pack("=QQ", min(most, highest), min(most, highest))
    _check(_libc.prlimit(0, _RLIMIT_NPROC, limit, None), "prlimit")


def forbid_new_privileges() -> None:
    """Let no later exec gain privileges; a precondition of Landlock and seccomp for ordinary users."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up every capability, and the right to regain one by running a program as root."""
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_READ, capability, 0, 0, 0) == 1:
            # Without CAP_SETPCAP this fails; no_new_privs then keeps an ordinary user from regaining any.
            _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("=Ii", _LINUX_CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, bytes(24)), "capset")


def load_seccomp(program: bytes) -> None:
    """Filter this process's system calls from now on; `program` is an array of `struct sock_filter`."""
    descriptor = _FilterProgram(len(program) // 8, program)
    _check(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(descriptor), 0, 0), "seccomp")


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` (CLONE_NEW*)."""
    _check(_libc.unshare(flags), "unshare")


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Call mount(2)."""
    result = _libc.mount(
        None if source is None else os.fsencode(source),
        os.fsencode(target),
        None if kind is None else kind.encode(),
        flags,
        None if data is None else data.encode(),
    )
    _check(result, f"mount {target}")


def set_mount_attributes(path: str, *, add: int = 0, remove: int = 0, recursive: bool) -> None:
    """Call mount_setattr(2), Linux 5.12; `add` and `remove` are MOUNT_ATTR_* bits."""
    attributes = struct.pack("=QQQQ", add, remove, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    number = ctypes.c_long(_SYS_MOUNT_SETATTR)
    result = _libc.syscall(
        number, _AT_FDCWD, os.fsencode(path), ctypes.c_uint(flags), attributes, ctypes.c_size_t(len(attributes))
    )
    _check(result, f"mount_setattr {path}")


def mount_link_on_itself(path: str) -> None:
    """Make a symbolic link a mount point, which nobody can remove or replace; it leads where it did. Linux 5.2."""
    place = ctypes.c_int(_AT_FDCWD), os.fsencode(path)
    flags = ctypes.c_uint(_OPEN_TREE_CLONE | _AT_SYMLINK_NOFOLLOW | os.O_CLOEXEC)
    tree = _check(_libc.syscall(ctypes.c_long(_SYS_OPEN_TREE), *place, flags), f"open_tree {path}")
    try:
        to = ctypes.c_uint(_MOVE_MOUNT_F_EMPTY_PATH)
        _check(_libc.syscall(ctypes.c_long(_SYS_MOVE_MOUNT), ctypes.c_int(tree), b"", *place, to), f"move_mount {path}")
    finally:
        os.close(tree)


def clone_tree(path: str) -> int:
    """Return a descriptor of all that is mounted from `path` on, to be put elsewhere. Linux 5.2."""
    place = ctypes.c_int(_AT_FDCWD), os.fsencode(path)
    flags = ctypes.c_uint(_OPEN_TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC)
    return _check(_libc.syscall(ctypes.c_long(_SYS_OPEN_TREE), *place, flags), f"open_tree {path}")


def put_tree(tree: int, path: str) -> None:
    """Mount what `clone_tree` returned, once."""
    place = ctypes.c_int(_AT_FDCWD), os.fsencode(path)
    to = ctypes.c_uint(_MOVE_MOUNT_F_EMPTY_PATH)
    _check(_libc.syscall(ctypes.c_long(_SYS_MOVE_MOUNT), ctypes.c_int(tree), b"", *place, to), f"move_mount {path}")
    os.close(tree)


def make_root(path: str) -> None:
    """Have the folder of a mount be the root, and nothing of the old root be left."""
    os.chdir(path)
    _check(_libc.pivot_root(b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", _MNT_DETACH), "umount")
    os.chdir("/")


def landlock_abi() -> int:
    """Return the Landlock version of this kernel; raises `OSError` when it has none or Landlock is switched off."""
    version = ctypes.c_uint(_LANDLOCK_CREATE_RULESET_VERSION)
    return _check(
        _libc.syscall(ctypes.c_long(_SYS_LANDLOCK_CREATE_RULESET), None, ctypes.c_size_t(0), version), "landlock"
    )


def landlock_create_ruleset(*, filesystem: int, scoped: int) -> int:
    """Return a descriptor of a new rule set that handles these accesses; `scoped` needs ABI 6 when it is not 0."""
    attributes = struct.pack("=QQQ", filesystem, 0, scoped) if scoped else struct.pack("=Q", filesystem)
    return _check(
        _libc.syscall(
            ctypes.c_long(_SYS_LANDLOCK_CREATE_RULESET),
            attributes,
            ctypes.c_size_t(len(attributes)),
            ctypes.c_uint(0),
        ),
        "landlock_create_ruleset",
    )


def landlock_allow(ruleset: int, path: str, rights: int) -> None:
    """Grant `rights` on `path` and all below it."""
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, parent)
        _check(
            _libc.syscall(
                ctypes.c_long(_SYS_LANDLOCK_ADD_RULE), ruleset, _LANDLOCK_RULE_PATH_BENEATH, rule, ctypes.c_uint(0)
            ),
            f"landlock_add_rule {path}",
        )
    finally:
        os.close(parent)


def landlock_restrict_self(ruleset: int) -> None:
    """Apply the rule set to this process and its future children."""
    _check(
        _libc.syscall(ctypes.c_long(_SYS_LANDLOCK_RESTRICT_SELF), ruleset, ctypes.c_uint(0)), "landlock_restrict_self"
    )


def _prctl(option: int, value: int) -> None:
    _check(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), "prctl")


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
