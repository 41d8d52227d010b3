"""The system call filter of sandboxed commands, as a classic BPF program.

Owns: which calls are refused when the network is off, and their numbers per machine. Pure: builds bytes.
Does not own: loading it; bubblewrap reads it from a descriptor, our own helper passes it to `prctl`.
Called by: `command` (in the server) and `helper` (in the sandboxed process, before anything heavy is imported), and
`testing/system_calls` for a filter of its own.

With the network off a command can create no socket but AF_UNIX ones and can connect none, because a unix socket may
lead to a daemon that acts on the command's behalf. `socketpair`, `sendmsg`, `recvmsg` and `recvfrom` stay usable:
build tools talk to their children that way.
"""

import struct

_AF_UNIX = 1
_EPERM = 1

# struct seccomp_data { int nr; __u32 arch; __u64 instruction_pointer; __u64 args[6]; }, little endian
_NR, _ARCH, _ARG0 = 0, 4, 16

_LOAD, _JUMP_EQ, _JUMP_GE, _RETURN = 0x20, 0x15, 0x35, 0x06
_KILL = 0x80000000
_REFUSE = 0x00050000 | _EPERM
_ALLOW = 0x7FFF0000
_NOTIFY = 0x7FC00000

_X32_BIT = 0x40000000

_SOCKET_CALLS = {
    "x86_64": (41, 53),
    "aarch64": (198, 199),
}
"""`socket` and `socketpair`: refused for every family but AF_UNIX."""

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_REFUSED_CALLS = {
    # connect accept sendto shutdown bind listen getsockname getpeername setsockopt getsockopt ptrace
    # accept4 recvmmsg sendmmsg io_uring_{setup,enter,register}
    "x86_64": (42, 43, 44, 48, 49, 50, 51, 52, 54, 55, 101, 288, 299, 307, 425, 426, 427),
    "aarch64": (203, 202, 206, 210, 200, 201, 204, 205, 208, 209, 117, 242, 243, 269, 425, 426, 427),
}


def is_supported(machine: str) -> bool:
    """Whether a filter can be built for `machine`, a name as in `os.uname().machine`."""
    return machine in _AUDIT_ARCH


def network_filter(machine: str) -> bytes:
    """The filter that keeps a command off the network: an array of `struct sock_filter`.

    Raises `KeyError` for a machine that `is_supported` denies.
    """
    program = [
        _step(_LOAD, _ARCH),
        # A foreign calling convention would dodge the numbers below.
        _step(_JUMP_EQ, _AUDIT_ARCH[machine], if_true=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NR),
    ]
    if machine == "x86_64":
        program += [_step(_JUMP_GE, _X32_BIT, if_false=1), _step(_RETURN, _KILL)]
    for number in _REFUSED_CALLS[machine]:
        program += [_step(_JUMP_EQ, number, if_false=1), _step(_RETURN, _REFUSE)]
    for number in _SOCKET_CALLS[machine]:
        program += [
            _step(_JUMP_EQ, number, if_false=4),
            _step(_LOAD, _ARG0),
            _step(_JUMP_EQ, _AF_UNIX, if_false=1),
            _step(_RETURN, _ALLOW),
            _step(_RETURN, _REFUSE),
        ]
    program.append(_step(_RETURN, _ALLOW))
    return b"".join(program)


def notifying_filter(machine: str, numbers: list[int]) -> bytes:
    """A filter that leaves the calls with these numbers to be decided by whoever holds its listener.

    For tests of what programs do when the kernel fails them. Raises `KeyError` for a machine that is not supported.
    """
    program = [
        _step(_LOAD, _ARCH),
        _step(_JUMP_EQ, _AUDIT_ARCH[machine], if_true=1),
        _step(_RETURN, _ALLOW),
        _step(_LOAD, _NR),
    ]
    for number in numbers:
        program += [_step(_JUMP_EQ, number, if_false=1), _step(_RETURN, _NOTIFY)]
    program.append(_step(_RETURN, _ALLOW))
    return b"".join(program)


def _step(code: int, value: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
