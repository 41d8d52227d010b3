"""Ways to reach other processes. Signals are number 0, and what is traced is let go of by the probe's end."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct

from escape_kinds import Absent, Probe, Target, call, reaches

_PTRACE_ATTACH, _PTRACE_SEIZE = 16, 0x4206
_PROCESS = 1


def _pidfd(t: Target) -> int:
    return call("pidfd_open", t.victim, 0)


def _memory(t: Target, name: str) -> None:
    place = struct.pack("=QQ", 0, 1)
    local = ctypes.create_string_buffer(8)
    own = struct.pack("=QQ", ctypes.addressof(local), 1)
    # Nothing is at address 0: where it may look, it finds that out.
    reaches((errno.EFAULT, errno.EIO), name, t.victim, own, 1, place, 1, 0)


def _read(path: str) -> None:
    with open(path, "rb") as file:
        if not file.read(1):
            raise PermissionError("nothing to see")


def _open_to_write(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY))


def _join(t: Target, name: str) -> None:
    handle = os.open(f"/proc/{t.victim}/ns/{name}", os.O_RDONLY)
    if os.path.samestat(os.fstat(handle), os.stat(f"/proc/self/ns/{name}")):
        raise PermissionError("it is this process's own")
    call("setns", handle, 0)


def _join_by_pidfd(t: Target) -> None:
    call("setns", _pidfd(t), 0x20000)  # CLONE_NEWNS


def _queue(t: Target) -> None:
    if t.queue < 0:
        raise Absent("there is no message queue")
    call("msgget", t.queue, 0)


def _terminal(t: Target) -> None:
    handle = os.open(t.terminal, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    if b"typed" not in os.read(handle, 64):
        raise PermissionError("nothing typed")


def _perf(t: Target) -> None:
    attributes = struct.pack("=IIQ", 1, 128, 0) + bytes(112)
    os.close(call("perf_event_open", attributes, t.victim, -1, -1, 0))


def _limits(t: Target) -> None:
    resource.prlimit(t.victim, resource.RLIMIT_CORE, resource.prlimit(t.victim, resource.RLIMIT_CORE))


def _signal_by_queue(t: Target) -> None:
    call("rt_sigqueueinfo", t.victim, 0, struct.pack("=iii", 0, 0, -1) + bytes(116))


PROBES = (
    Probe("kill", "signal a process", lambda t: os.kill(t.victim, 0)),
    Probe("tgkill", "signal a thread", lambda t: call("tgkill", t.victim, t.victim, 0)),
    Probe("sigqueue", "queue a signal with data", _signal_by_queue),
    Probe("pidfd-signal", "signal through a pidfd", lambda t: call("pidfd_send_signal", _pidfd(t), 0, None, 0)),
    Probe("killpg", "signal a process group", lambda t: os.killpg(t.victim, 0)),
    Probe("ptrace-attach", "trace a process", lambda t: call("ptrace", _PTRACE_ATTACH, t.victim, 0, 0), plain=False),
    Probe("ptrace-seize", "seize a process", lambda t: call("ptrace", _PTRACE_SEIZE, t.victim, 0, 0), plain=False),
    Probe("vm-read", "read a process's memory", lambda t: _memory(t, "process_vm_readv"), plain=False),
    Probe("vm-write", "write a process's memory", lambda t: _memory(t, "process_vm_writev"), plain=False),
    Probe(
        "proc-mem", "open `/proc/PID/mem`", lambda t: os.close(os.open(f"/proc/{t.victim}/mem", os.O_RDWR)), plain=False
    ),
    Probe("proc-environ", "read `/proc/PID/environ`", lambda t: _read(f"/proc/{t.victim}/environ"), plain=False),
    Probe("proc-maps", "read `/proc/PID/maps`", lambda t: _read(f"/proc/{t.victim}/maps"), plain=False),
    Probe("proc-cmdline", "read `/proc/PID/cmdline`", lambda t: _read(f"/proc/{t.victim}/cmdline")),
    Probe("proc-comm", "write `/proc/PID/comm`", lambda t: _open_to_write(f"/proc/{t.victim}/comm"), plain=False),
    Probe("proc-oom", "write `/proc/PID/oom_score_adj`", lambda t: _open_to_write(f"/proc/{t.victim}/oom_score_adj")),
    Probe("pidfd-getfd", "take a descriptor of a process", lambda t: call("pidfd_getfd", _pidfd(t), 0, 0), plain=False),
    Probe(
        "kcmp", "compare a process with one's own", lambda t: call("kcmp", os.getpid(), t.victim, 0, 0, 0), plain=False
    ),
    Probe("perf", "count events of a process", _perf, plain=False),
    Probe("prlimit", "change a process's limits", _limits),
    Probe("priority", "change a process's priority", lambda t: os.setpriority(os.PRIO_PROCESS, t.victim, 5)),
    Probe(
        "affinity",
        "move a process to a processor",
        lambda t: os.sched_setaffinity(t.victim, {min(os.sched_getaffinity(0))}),
    ),
    Probe("ioprio", "change a process's disk priority", lambda t: call("ioprio_set", _PROCESS, t.victim, 0x4007)),
    Probe("setns-mnt", "join a process's mounts", lambda t: _join(t, "mnt"), plain=False),
    Probe("setns-net", "join a process's network", lambda t: _join(t, "net"), "offline", plain=False),
    Probe("setns-user", "join a process's user namespace", lambda t: _join(t, "user"), plain=False),
    Probe("setns-pidfd", "join a process's mounts through a pidfd", _join_by_pidfd, plain=False),
    Probe("message-queue", "open another's System V queue", _queue),
    Probe("terminal", "read what is typed at another terminal", _terminal),
    Probe("terminal-write", "write to another terminal", lambda t: _open_to_write(t.terminal)),
)
