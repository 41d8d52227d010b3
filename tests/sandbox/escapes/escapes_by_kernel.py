"""Ways through the kernel: powers, mounts, namespaces in the sandbox, devices, calls that no policy foresees.

Calls that would change the machine have an argument that makes them fail after the question whether they are permitted.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import stat
import struct

from escape_kinds import AT_FDCWD, Absent, Probe, Target, call, first_that_works, reaches, write

_NOWHERE = b"/codex-trio/nowhere"
_NEWNS, _NEWUSER = 0x00020000, 0x10000000
_MS_REMOUNT, _MS_BIND, _MS_REC = 0x20, 0x1000, 0x4000
_CLONE, _RECURSIVE, _EMPTY_PATH = 1, 0x8000, 0x1000
_WRITABLE = struct.pack("=QQQQ", 0, 1, 0, 0)  # clears MOUNT_ATTR_RDONLY
_DETACH = 2


def _quietly(name: str, *arguments: int | bytes | None) -> int:
    try:
        return call(name, *arguments)
    except OSError:
        return -1


def _enter_namespace() -> None:
    uid = os.getuid()
    call("unshare", _NEWUSER | _NEWNS)
    try:
        write_text("/proc/self/setgroups", "deny")
        write_text("/proc/self/uid_map", f"0 {uid} 1")
    except OSError:
        pass  # It has all powers in there also without.


def write_text(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _nested_remount(t: Target) -> None:
    _enter_namespace()
    for path in (b"/", os.fsencode(t.folder)):
        for flags in (0, _RECURSIVE):
            _quietly("mount_setattr", AT_FDCWD, path, flags, _WRITABLE, len(_WRITABLE))
        _quietly("mount", None, path, None, _MS_REMOUNT | _MS_BIND, None)
    write(f"{t.folder}/kept")


def _nested_bind(t: Target) -> None:
    _enter_namespace()
    for source in (os.fsencode(t.folder), b"/"):
        for flags in (_MS_BIND, _MS_BIND | _MS_REC):
            _quietly("mount", source, b"/mnt", None, flags, None)
            _quietly("mount", None, b"/mnt", None, _MS_REMOUNT | _MS_BIND, None)
            _quietly("mount_setattr", AT_FDCWD, b"/mnt", _RECURSIVE, _WRITABLE, len(_WRITABLE))
    first_that_works([lambda: write("/mnt/kept"), lambda: write(f"/mnt{t.folder}/kept")])


def _nested_tree(t: Target) -> None:
    _enter_namespace()
    tree = call("open_tree", AT_FDCWD, os.fsencode(t.folder), _CLONE | _RECURSIVE)
    _quietly("mount_setattr", tree, b"", _EMPTY_PATH | _RECURSIVE, _WRITABLE, len(_WRITABLE))
    os.close(os.open("kept", os.O_WRONLY, dir_fd=tree))


def _nested_unmount(t: Target) -> None:
    _enter_namespace()
    for path in (t.folder, os.path.dirname(t.folder), t.scratch, "/proc", "/dev", "/"):
        _quietly("umount2", os.fsencode(path), _DETACH)
    write(f"{t.folder}/kept")


def _nested_chroot(t: Target) -> None:
    _enter_namespace()
    outer = os.open("/", os.O_RDONLY)
    os.chroot(t.scratch)
    os.fchdir(outer)
    os.chdir("../../../../../../..")
    os.chroot(".")
    write(f"{t.folder}/kept")


def _nested_pivot(t: Target) -> None:
    _enter_namespace()
    call("mount", b"none", b"/mnt", b"tmpfs", 0, None)
    os.mkdir("/mnt/old")
    call("pivot_root", b"/mnt", b"/mnt/old")
    write(f"/old{t.folder}/kept")


def _covered(t: Target, *calls: tuple[str, tuple[int | bytes | None, ...]]) -> None:
    """Read what is denied after these calls in a namespace."""
    _enter_namespace()
    for name, arguments in calls:
        _quietly(name, *arguments)
    name = os.path.basename(t.denied)
    _find("denied", t.denied, f"/mnt/{name}")


def _find(word: str, *paths: str) -> None:
    for path in paths:
        try:
            with open(path) as file:
                if word in file.read():
                    return
        except OSError:
            continue
    raise PermissionError("not found")


def _denied_unmount(t: Target) -> None:
    _covered(t, ("umount2", (os.fsencode(t.denied), _DETACH)), ("umount2", (os.fsencode(t.denied), _DETACH)))


def _denied_bind(t: Target) -> None:
    folder = os.fsencode(os.path.dirname(t.denied))
    _covered(t, ("mount", (folder, b"/mnt", None, _MS_BIND, None)))


def _denied_overlay(t: Target) -> None:
    lower = os.fsencode(os.path.dirname(t.denied))
    _covered(t, ("mount", (b"overlay", b"/mnt", b"overlay", 1, b"lowerdir=" + lower + b":/usr")))


def _denied_tree(t: Target) -> None:
    _enter_namespace()
    tree = call("open_tree", AT_FDCWD, os.fsencode(os.path.dirname(t.denied)), _CLONE)
    handle = os.open(os.path.basename(t.denied), os.O_RDONLY, dir_fd=tree)
    if b"denied" not in os.read(handle, 64):
        raise PermissionError("nothing in it")


def _all_powers(_t: Target) -> None:
    call(
        "capset", struct.pack("=Ii", 0x20080522, 0), b"\xff\xff\xff\xff" * 2 + bytes(4) + b"\xff\x01\0\0" * 2 + bytes(4)
    )


def _has_powers(_t: Target) -> None:
    with open("/proc/self/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    if (
        not any(int(fields[name], 16) for name in ("CapPrm", "CapEff", "CapAmb"))
        and fields["NoNewPrivs"].strip() == "1"
    ):
        raise PermissionError("no capabilities, and none to gain")


def _foreign_calls(_t: Target) -> None:
    if os.uname().machine != "x86_64":
        raise Absent("there are no 32-bit calls")
    code = mmap.mmap(-1, 4096, prot=7)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid); int 0x80; ret
    number = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
    if number != os.getpid():
        raise PermissionError("no answer")


def _devices(kinds: int, flags: int) -> None:
    found = [
        entry.path
        for entry in os.scandir("/dev")
        if stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode) == kinds
        and entry.name not in ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "console")
        and not entry.name.startswith(("tty", "vcs", "hpet", "watchdog"))
    ]
    first_that_works([lambda path=path: os.close(os.open(path, flags | os.O_NONBLOCK)) for path in found])


def _node(t: Target, kind: int, device: int) -> None:
    path = f"{t.scratch}/node{os.getpid()}"
    os.mknod(path, kind | 0o600, device)
    os.unlink(path)


def _open_to_write(*paths: str) -> None:
    first_that_works([lambda path=path: os.close(os.open(path, os.O_WRONLY)) for path in paths])


PROBES = (
    Probe("powers", "have a capability", _has_powers, plain=False),
    Probe("capset", "regain capabilities", _all_powers, plain=False),
    Probe(
        "mount",
        "mount something",
        lambda _t: reaches((errno.ENODEV, errno.ENOENT), "mount", b"x", b"/", b"codex-trio-none", 0, None),
        plain=False,
    ),
    Probe(
        "umount",
        "unmount something",
        lambda t: reaches((errno.EINVAL,), "umount2", os.fsencode(t.folder), 0),
        plain=False,
    ),
    Probe(
        "mount-setattr",
        "make a mount writable",
        lambda t: reaches(
            (errno.EINVAL,), "mount_setattr", AT_FDCWD, os.fsencode(t.folder), 0, _WRITABLE, len(_WRITABLE)
        ),
        plain=False,
    ),
    Probe("fsopen", "prepare a mount", lambda _t: call("fsopen", b"tmpfs", 0), plain=False),
    Probe("open-tree", "copy a mount", lambda _t: call("open_tree", AT_FDCWD, b"/", _CLONE), plain=False),
    Probe(
        "move-mount",
        "move a mount",
        lambda _t: reaches((errno.ENOENT,), "move_mount", AT_FDCWD, _NOWHERE, AT_FDCWD, _NOWHERE, 0),
        plain=False,
    ),
    Probe(
        "pivot-root",
        "change the root",
        lambda _t: reaches((errno.ENOENT,), "pivot_root", _NOWHERE, _NOWHERE),
        plain=False,
    ),
    Probe("chroot", "use chroot", lambda t: os.chroot(t.scratch), plain=False),
    Probe("nested-remount", "remount writable in a namespace of one's own", _nested_remount, plain=False),
    Probe("nested-bind", "mount the folder elsewhere in one", _nested_bind, plain=False),
    Probe("nested-tree", "write through a copied mount in one", _nested_tree, plain=False),
    Probe("nested-unmount", "unmount what covers the folder in one", _nested_unmount, plain=False),
    Probe("nested-chroot", "climb out of a chroot in one", _nested_chroot, plain=False),
    Probe("nested-pivot", "change the root in one", _nested_pivot, plain=False),
    Probe("denied-unmount", "unmount what covers a denied file in one", _denied_unmount, "denied", plain=False),
    Probe("denied-bind", "mount a denied file's folder elsewhere in one", _denied_bind, "denied", plain=False),
    Probe("denied-overlay", "lay an overlay over it in one", _denied_overlay, "denied", plain=False),
    Probe("denied-tree", "read it through a copied mount in one", _denied_tree, "denied", plain=False),
    Probe("io-uring", "set up io_uring", lambda _t: os.close(call("io_uring_setup", 1, bytes(120))), plain=False),
    Probe("keyctl", "ask for the session's keys", lambda _t: call("keyctl", 0, -3, 0), plain=False),
    Probe("add-key", "add a key", lambda _t: call("add_key", b"user", b"codex-trio", b"x", 1, -2), plain=False),
    Probe(
        "request-key",
        "ask for a key",
        lambda _t: reaches((errno.ENOKEY,), "request_key", b"user", b"codex-trio-none", None, 0),
        plain=False,
    ),
    Probe(
        "userfaultfd", "handle page faults with userfaultfd", lambda _t: os.close(call("userfaultfd", 1)), plain=False
    ),
    Probe(
        "bpf",
        "load a BPF map",
        lambda _t: os.close(call("bpf", 0, struct.pack("=IIII", 2, 4, 4, 1) + bytes(112), 128)),
        plain=False,
    ),
    Probe("fanotify", "watch all files", lambda _t: os.close(call("fanotify_init", 4, 0)), plain=False),
    Probe(
        "module-load",
        "load a kernel module",
        lambda _t: reaches((errno.EFAULT, errno.ENOEXEC, errno.EINVAL), "init_module", None, 0, None),
        plain=False,
    ),
    Probe(
        "module-unload",
        "unload a kernel module",
        lambda _t: reaches((errno.ENOENT, errno.EFAULT), "delete_module", b"codex_trio_none", 0x800),
        plain=False,
    ),
    Probe(
        "kexec",
        "load another kernel",
        lambda _t: reaches((errno.EINVAL,), "kexec_load", 0, 0, None, 0xFFFF),
        plain=False,
    ),
    Probe("reboot", "restart the machine", lambda _t: reaches((errno.EINVAL,), "reboot", 0, 0, 0, None), plain=False),
    Probe("swap", "add swap space", lambda _t: reaches((errno.ENOENT,), "swapon", _NOWHERE, 0), plain=False),
    Probe(
        "accounting", "switch process accounting on", lambda _t: reaches((errno.ENOENT,), "acct", _NOWHERE), plain=False
    ),
    Probe("hostname", "rename the machine", lambda _t: reaches((errno.EINVAL,), "sethostname", None, -1), plain=False),
    Probe("foreign-calls", "make 32-bit calls, which a filter may not know", _foreign_calls, plain=False),
    Probe("disk", "open a disk", lambda _t: _devices(stat.S_IFBLK, os.O_RDONLY), plain=False),
    Probe("disk-write", "open a disk for writing", lambda _t: _devices(stat.S_IFBLK, os.O_WRONLY), plain=False),
    Probe(
        "device-write", "open another device for writing", lambda _t: _devices(stat.S_IFCHR, os.O_WRONLY), plain=False
    ),
    Probe("device-node", "make a device file", lambda t: _node(t, stat.S_IFBLK, os.makedev(1, 0)), plain=False),
    Probe(
        "kernel-settings",
        "write `/proc/sys`",
        lambda _t: _open_to_write("/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches"),
        plain=False,
    ),
    Probe("sysrq", "write `/proc/sysrq-trigger`", lambda _t: _open_to_write("/proc/sysrq-trigger"), plain=False),
    Probe(
        "sys",
        "write `/sys`",
        lambda _t: _open_to_write(
            "/sys/kernel/uevent_helper", "/sys/power/state", "/sys/kernel/mm/transparent_hugepage/enabled"
        ),
        plain=False,
    ),
    Probe(
        "cgroup",
        "write into the control groups",
        lambda _t: _open_to_write("/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/cgroup.subtree_control"),
        plain=False,
    ),
    Probe(
        "kernel-memory",
        "read the kernel's memory",
        lambda _t: first_that_works(
            [lambda: os.close(os.open("/proc/kcore", os.O_RDONLY)), lambda: os.close(os.open("/dev/mem", os.O_RDONLY))]
        ),
        plain=False,
    ),
)
