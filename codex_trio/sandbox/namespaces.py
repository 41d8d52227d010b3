"""Confinement by namespaces of our own: the view that bubblewrap would build, where bubblewrap is missing.

Owns: the user, mount, pid, ipc and network namespaces of one command, its mounts and its init process. Does not own:
the network filter and the exec that follow (`helper`).

Three processes: this one waits and hands on the exit code; its child is the init of the new pid namespace, which
builds the mounts, drops all capabilities and reaps; the command is init's child. When any of the first two dies, the
kernel ends everything inside.
"""

from __future__ import annotations

import os

from codex_trio.sandbox import kernel, leftovers

TYPE_CHECKING = False  # Importing `typing` would take a third of the helper's start.
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEV_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
Mount = tuple[str, str]
"""A kind and a path, as in `view`; later ones cover earlier ones."""

_POWERFUL_PROC = ("sys", "sysrq-trigger", "irq", "bus")
"""Parts of /proc that change the whole machine when root writes them."""

_FIRST_WITH_OWN_PIDS = (6, 14)
_RESERVED_PIDS = 300
"""What is below is given out once and then never again."""


def run(
    become_command: Callable[[], NoReturn],
    *,
    mounts: Sequence[Mount],
    network: bool,
    processes: int | None,
    to_itself: bool = False,
    is_closed: bool = False,
) -> int:
    """Run `become_command` confined, in a process of its own; returns its exit code (128+n for a signal).

    It may have as many `processes`, those of the sandbox itself among them; `to_itself` when the network that it has in
    place of the machine's can be used within; `is_closed` when there is to be nothing but what is mounted.

    Raises `OSError` when the kernel refuses the namespaces; after that failures end the child with a message.
    """
    uid, gid = os.getuid(), os.getgid()
    flags = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWIPC
    kernel.unshare(kernel.CLONE_NEWUSER | flags | (0 if network else kernel.CLONE_NEWNET))
    kernel.die_with_parent()  # The new user namespace has undone an earlier wish.
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")
    init = os.fork()
    if init == 0:
        _in_child(
            lambda: _run_init(
                become_command, mounts=mounts, processes=processes, to_itself=to_itself, is_closed=is_closed
            )
        )
    return _wait(init)


def _run_init(
    become_command: Callable[[], NoReturn],
    *,
    mounts: Sequence[Mount],
    processes: int | None,
    to_itself: bool,
    is_closed: bool,
) -> int:
    kernel.die_with_parent()
    if to_itself:
        from codex_trio.sandbox import loopback

        loopback.bring_up()
    cwd = os.getcwd()
    if processes is not None:
        kernel.limit_processes(processes)
    _build_view(mounts, processes=processes)
    if is_closed:
        _leave_the_rest(mounts)
    # The old working directory still refers to the read-only mount below a root's own mount.
    os.chdir(cwd)
    kernel.forbid_new_privileges()
    kernel.drop_capabilities()
    command = os.fork()
    if command == 0:
        _in_child(become_command)
    code = _wait(command)
    leftovers.tell()
    return code


def _build_view(mounts: Sequence[Mount], *, processes: int | None) -> None:
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    closed = kernel.MOUNT_ATTR_NODEV | kernel.MOUNT_ATTR_NOSUID
    if ("write", "/") not in mounts:
        closed |= kernel.MOUNT_ATTR_RDONLY
    kernel.set_mount_attributes("/", add=closed, recursive=True)
    _mount_dev()
    _mount_proc(processes)
    for kind, path in mounts:
        # A path whose placeholder could not be made is one that the command cannot make either.
        if path != "/" and os.path.lexists(path):
            _change(kind, path)


def _leave_the_rest(mounts: Sequence[Mount]) -> None:
    """Have a root that is empty but for what is mounted. Nothing can be imported from then on."""
    shown = ["/dev", "/proc"]
    for kind, path in mounts:
        if kind in ("read", "write") and not any(path.startswith(f"{above}/") for above in shown):
            shown.append(path)
    trees = [(path, os.path.isdir(path), kernel.clone_tree(path)) for path in shown if os.path.lexists(path)]
    links = [(path, os.readlink(path)) for kind, path in mounts if kind == "alias"]
    stage = "/proc"  # What was there is kept with the trees.
    kernel.mount("tmpfs", stage, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755")
    for path, is_folder, tree in trees:
        os.makedirs(stage + (path if is_folder else os.path.dirname(path)), exist_ok=True)
        if not is_folder:
            os.close(os.open(stage + path, os.O_CREAT | os.O_WRONLY, 0o444))
        kernel.put_tree(tree, stage + path)
    for path, target in links:
        os.makedirs(stage + os.path.dirname(path), exist_ok=True)
        os.symlink(target, stage + path)
    kernel.set_mount_attributes(stage, add=kernel.MOUNT_ATTR_RDONLY, recursive=False)
    kernel.make_root(stage)


def _change(kind: str, path: str) -> None:
    if kind in ("read", "alias"):
        return  # It is there as it is to be.
    if kind == "link":
        kernel.mount_link_on_itself(path)
    elif kind == "hide":
        _hide(path)
    else:
        _rebind(path)
        if kind == "write":
            _make_writable(path)
        elif kind == "protect":
            _make_read_only(path)


def _hide(path: str) -> None:
    if os.path.isdir(path):
        flags = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
        kernel.mount("tmpfs", path, "tmpfs", flags, "mode=0555")
    else:
        kernel.mount("/dev/null", path, None, kernel.MS_BIND)


def _mount_dev() -> None:
    nodes = [f"/dev/{name}" for name in _DEVICES if os.path.exists(f"/dev/{name}")]
    handles = {node: os.open(node, os.O_PATH) for node in nodes}
    if os.isatty(0):
        # Its own name leads nowhere any more; programs that look for it find it here.
        handles["/dev/console"] = os.open(os.ttyname(0), os.O_PATH)
    kernel.mount("tmpfs", "/dev", "tmpfs", kernel.MS_NOSUID | kernel.MS_NOEXEC, "mode=0755")
    for node, handle in handles.items():
        os.close(os.open(node, os.O_CREAT | os.O_WRONLY, 0o666))
        kernel.mount(f"/proc/self/fd/{handle}", node, None, kernel.MS_BIND)
        kernel.set_mount_attributes(node, remove=kernel.MOUNT_ATTR_NODEV | kernel.MOUNT_ATTR_RDONLY, recursive=False)
        os.close(handle)
    os.mkdir("/dev/pts")
    kernel.mount("devpts", "/dev/pts", "devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC, "newinstance,ptmxmode=0666")
    os.mkdir("/dev/shm")
    kernel.mount("tmpfs", "/dev/shm", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=1777")
    for name, target in _DEV_LINKS.items():
        os.symlink(target, f"/dev/{name}")


def _mount_proc(processes: int | None) -> None:
    try:
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    except OSError:
        # Containers that mask parts of /proc forbid a fresh one; the read-only old one stays.
        return
    if processes is not None and os.getuid() == 0 and counts_pids():
        # Root is held to no other limit.
        _write("/proc/sys/kernel/pid_max", str(processes + _RESERVED_PIDS))
    for name in _POWERFUL_PROC:
        path = f"/proc/{name}"
        if os.path.exists(path):
            _rebind(path)
            _make_read_only(path)


def counts_pids() -> bool:
    """Return whether the highest pid is a namespace's own, so that it bounds how many processes there are: Linux 6.14.

    Before, it is the machine's, which root could change from here.
    """
    release = os.uname().release.split(".")
    return (int(release[0]), int(release[1])) >= _FIRST_WITH_OWN_PIDS


def _rebind(path: str) -> None:
    kernel.mount(path, path, None, kernel.MS_BIND | kernel.MS_REC)


def _make_writable(path: str) -> None:
    try:
        kernel.set_mount_attributes(path, remove=kernel.MOUNT_ATTR_RDONLY, recursive=True)
    except PermissionError:
        # Something mounted below was read-only before us and must stay so.
        kernel.set_mount_attributes(path, remove=kernel.MOUNT_ATTR_RDONLY, recursive=False)


def _make_read_only(path: str) -> None:
    kernel.set_mount_attributes(path, add=kernel.MOUNT_ATTR_RDONLY, recursive=True)


def _in_child(body: Callable[[], int]) -> NoReturn:
    code = 125
    try:
        code = body()
    except OSError as error:
        os.write(2, f"sandbox: {error.strerror or error}\n".encode(errors="replace"))
    except Exception as error:
        os.write(2, f"sandbox: {type(error).__name__}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(code)


def _wait(child: int) -> int:
    # Init adopts whatever the command leaves behind, hence the loop.
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
