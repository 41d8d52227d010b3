"""Ways to change files outside of what may be written, or to read what is denied."""

from __future__ import annotations

import ctypes
import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Callable

from escape_kinds import AT_FDCWD, Absent, Probe, Target, call, first_that_works, write

_EXCHANGE = 2


def _rename_in(t: Target) -> None:
    source = f"{t.scratch}/in"
    write(source, os.O_CREAT)
    os.rename(source, f"{t.folder}/kept")


def _exchange(t: Target) -> None:
    source = f"{t.scratch}/exchanged"
    write(source, os.O_CREAT)
    call("renameat2", AT_FDCWD, os.fsencode(source), AT_FDCWD, os.fsencode(f"{t.folder}/kept"), _EXCHANGE)


def _hard_link(t: Target) -> None:
    name = f"{t.scratch}/hard{os.getpid()}"
    os.link(f"{t.folder}/kept", name)
    write(name)


def _link(t: Target, target: str, below: str = "") -> None:
    name = f"{t.scratch}/soft{os.getpid()}"
    os.symlink(target, name)
    write(name + below, os.O_CREAT)


def _reopened(t: Target, flags: int) -> None:
    handle = os.open(f"{t.folder}/kept", flags)
    write(f"/proc/self/fd/{handle}")


def _of_folder(t: Target) -> None:
    folder = os.open(t.folder, os.O_RDONLY)
    os.close(os.open("kept", os.O_WRONLY | os.O_APPEND, dir_fd=folder))


def _unnamed(t: Target) -> None:
    handle = os.open(t.folder, os.O_TMPFILE | os.O_WRONLY, 0o600)
    os.write(handle, b"new\n")
    os.link(f"/proc/self/fd/{handle}", f"{t.folder}/unnamed{os.getpid()}", follow_symlinks=True)


def _by_handle(t: Target) -> None:
    handle = ctypes.create_string_buffer(256)
    handle[0:4] = (128).to_bytes(4, sys.byteorder)
    mount = ctypes.create_string_buffer(8)
    path = os.fsencode(f"{t.folder}/kept")
    call("name_to_handle_at", AT_FDCWD, path, handle, mount, 0)
    folder = os.open(t.folder, os.O_RDONLY)
    os.close(call("open_by_handle_at", folder, handle, os.O_WRONLY))


def _roots(t: Target, name: str) -> None:
    processes = [pid for pid in os.listdir("/proc") if pid.isdigit() and pid != str(os.getpid())]
    first_that_works([lambda pid=pid: write(f"/proc/{pid}/{name}{t.folder}/kept") for pid in processes])


def _descriptors(_t: Target) -> None:
    found: list[str] = []
    for pid in os.listdir("/proc"):
        try:
            names = os.listdir(f"/proc/{pid}/fd") if pid.isdigit() else []
            found += [
                f"/proc/{pid}/fd/{name}" for name in names if os.readlink(f"/proc/{pid}/fd/{name}")[-5:] == "/held"
            ]
        except OSError:
            continue
    first_that_works([lambda path=path: write(path) for path in found])


def _inherited(t: Target) -> None:
    if not t.inherited:
        raise PermissionError("none was handed on")


def _attributes(t: Target, request: int) -> None:
    """Set the flag that keeps a file out of dumps."""
    handle = os.open(f"{t.folder}/kept", os.O_RDONLY)
    fcntl.ioctl(handle, request, (0x40).to_bytes(8, sys.byteorder) + bytes(20))


def _touch(t: Target) -> None:
    os.utime(f"{t.folder}/kept", (1, 1))


def _owner(t: Target) -> None:
    os.chown(f"{t.folder}/kept", os.getuid(), os.getgid())


def _set_id(t: Target) -> None:
    program = f"{os.path.dirname(t.own)}/set-id"
    if not os.path.exists(program):
        raise Absent("only root can make the program")
    shown = subprocess.run([program, "-u"], capture_output=True, check=False, text=True).stdout
    if shown.strip() != "65534":
        raise PermissionError(shown)


def _leave_set_id(t: Target) -> None:
    name = f"{t.scratch}/set-id"
    write(name, os.O_CREAT)
    os.chmod(name, 0o4700)
    if not os.stat(name).st_mode & stat.S_ISUID:
        raise PermissionError("the bit was dropped")


def _lock(t: Target) -> None:
    fcntl.flock(os.open(f"{t.folder}/kept", os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read(path: str) -> None:
    with open(path) as file:
        if "denied" not in file.read():
            raise PermissionError("nothing in it")


def _read_by_link(t: Target) -> None:
    os.symlink(t.denied, f"{t.scratch}/denied{os.getpid()}")
    _read(f"{t.scratch}/denied{os.getpid()}")


def _read_by_hard_link(t: Target) -> None:
    os.link(t.denied, f"{t.scratch}/hard-denied{os.getpid()}")
    _read(f"{t.scratch}/hard-denied{os.getpid()}")


def _read_moved(t: Target) -> None:
    folder = os.path.dirname(t.denied)
    os.rename(folder, f"{folder}.away")
    try:
        _read(f"{folder}.away/{os.path.basename(t.denied)}")
    finally:
        os.rename(f"{folder}.away", folder)


def _read_later(t: Target) -> None:
    later = os.path.join(os.path.dirname(t.denied), "later")
    with open(os.path.realpath(later), "w") as file:
        file.write("denied")
    _read(later)


def _read_through_others(t: Target) -> None:
    processes = [pid for pid in os.listdir("/proc") if pid.isdigit() and pid != str(os.getpid())]
    first_that_works([lambda pid=pid: _read(f"/proc/{pid}/root{t.denied}") for pid in processes])


def _anywhere(name: str, what: str, attempt: Callable[[Target], object], *, plain: bool = True) -> Probe:
    return Probe(name, what, attempt, plain=plain, everywhere=True)


PROBES = (
    _anywhere("overwrite", "write a file", lambda t: write(f"{t.folder}/kept")),
    _anywhere("append", "append to a file", lambda t: write(f"{t.folder}/kept", os.O_APPEND)),
    _anywhere("truncate", "truncate a file", lambda t: os.truncate(f"{t.folder}/kept", 1)),
    _anywhere("create", "create a file", lambda t: write(f"{t.folder}/new", os.O_CREAT)),
    _anywhere("unlink", "remove a file", lambda t: os.unlink(f"{t.folder}/spare")),
    _anywhere("rmdir", "remove a folder", lambda t: os.rmdir(f"{t.folder}/empty")),
    _anywhere("mkdir", "create a folder", lambda t: os.mkdir(f"{t.folder}/folder")),
    _anywhere("mkfifo", "create a pipe", lambda t: os.mkfifo(f"{t.folder}/pipe")),
    _anywhere("symlink", "create a link", lambda t: os.symlink("kept", f"{t.folder}/link")),
    _anywhere("unnamed", "give a name to a file that was made without one", _unnamed, plain=False),
    _anywhere("rename", "rename a file", lambda t: os.rename(f"{t.folder}/second", f"{t.folder}/renamed")),
    _anywhere(
        "rename-out",
        "move a file into a writable folder",
        lambda t: os.rename(f"{t.folder}/third", f"{t.scratch}/out{os.getpid()}"),
    ),
    _anywhere("rename-in", "move a file over one", _rename_in),
    _anywhere("exchange", "exchange a file with one of a writable folder", _exchange),
    _anywhere("hard-link", "write through a hard link", _hard_link, plain=False),
    _anywhere("hard-link-beside", "make a hard link", lambda t: os.link(f"{t.folder}/kept", f"{t.folder}/hard")),
    _anywhere("link", "write through a link", lambda t: _link(t, f"{t.folder}/kept")),
    _anywhere("link-to-folder", "write through a link to the folder", lambda t: _link(t, t.folder, "/kept")),
    _anywhere(
        "dot-dot",
        "write through `..`",
        lambda t: write(f"{t.scratch}/../{os.path.relpath(t.folder, os.path.dirname(t.scratch))}/kept"),
    ),
    _anywhere("proc-self-root", "write through `/proc/self/root`", lambda t: write(f"/proc/self/root{t.folder}/kept")),
    _anywhere(
        "proc-self-cwd",
        "write through `/proc/self/cwd`",
        lambda t: write(f"/proc/self/cwd/{os.path.relpath(t.folder)}/kept"),
    ),
    _anywhere("proc-root", "write through `/proc/*/root` of others", lambda t: _roots(t, "root"), plain=False),
    _anywhere(
        "proc-cwd",
        "write through `/proc/*/cwd` of others",
        lambda t: _roots(t, "cwd/../../../../../../../../.."),
        plain=False,
    ),
    _anywhere("reopen", "reopen a descriptor for reading through `/proc/self/fd`", lambda t: _reopened(t, os.O_RDONLY)),
    _anywhere("reopen-path", "reopen an `O_PATH` descriptor", lambda t: _reopened(t, os.O_PATH)),
    _anywhere("openat", "open relative to a descriptor of the folder", _of_folder),
    _anywhere("handle", "open by file handle", _by_handle, plain=False),
    _anywhere("chmod", "change a file's mode", lambda t: os.chmod(f"{t.folder}/kept", 0o640)),
    _anywhere("chown", "change a file's owner", _owner),
    _anywhere("utimes", "change a file's times", _touch),
    _anywhere(
        "setxattr",
        "change a file's extended attributes",
        lambda t: os.setxattr(f"{t.folder}/kept", "user.x", b"x"),
        plain=False,
    ),
    _anywhere(
        "setflags",
        "change a file's attributes with `FS_IOC_SETFLAGS`",
        lambda t: _attributes(t, 0x40086602),
        plain=False,
    ),
    _anywhere(
        "fssetxattr",
        "change a file's attributes with `FS_IOC_FSSETXATTR`",
        lambda t: _attributes(t, 0x401C5820),
        plain=False,
    ),
    Probe("proc-fd", "write through `/proc/*/fd` of others", _descriptors, plain=False),
    Probe("inherited", "use a descriptor that was handed on by mistake", _inherited, plain=False),
    Probe("set-id", "gain rights from a set-id program", _set_id, plain=False),
    Probe("leave-set-id", "leave a set-id program of one's own user in a writable folder", _leave_set_id, "writes"),
    Probe("lock", "lock a file that can be read", _lock),
    Probe("denied", "read a denied file", lambda t: _read(t.denied), "denied"),
    Probe("denied-root", "read it through `/proc/self/root`", lambda t: _read(f"/proc/self/root{t.denied}"), "denied"),
    Probe("denied-others", "read it through `/proc/*/root`", _read_through_others, "denied", plain=False),
    Probe("denied-link", "read it through a link", _read_by_link, "denied"),
    Probe("denied-hard-link", "read it through a new hard link", _read_by_hard_link, "denied", plain=False),
    Probe("denied-moved", "read it after moving its folder", _read_moved, "denied"),
    Probe(
        "denied-alias",
        "read it under a hard link that was there before",
        lambda t: _read(f"{t.denied}.alias"),
        "denied",
    ),
    Probe("denied-later", "read what appears where a denied link leads", _read_later, "denied-writes"),
)
