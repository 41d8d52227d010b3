"""The system call filter of sandboxed commands, as a classic BPF program.

Owns: which calls are refused, and their numbers per machine. Pure: builds bytes.
Does not own: loading it; bubblewrap reads it from a descriptor, our own helper passes it to `prctl`. Imports little, as
the helper does.

Whatever the policy, foreign calling conventions, io_uring (which makes calls that no filter sees), vsock and the keys
of the user are out of reach, and so is userfaultfd, which exists to hold the kernel up in the middle of a call. With
the network off a command can create no socket but AF_UNIX ones and can connect none, because a unix socket may lead to
a daemon that acts on the command's behalf. Nor can it create one for datagrams, which reach any such daemon without
being connected. `socketpair`, messages without an address and questions about a socket stay usable: event loops, build
tools and their children talk to each other that way.

With the network limited to hosts a command has a network of its own, in which it can do as it likes with sockets of the
internet; only these and `socketpair` are left to it.

Under Landlock the filter also has to stand in for what namespaces would hide: other processes, the memory and queues
that they share, and attributes of files that Landlock does not guard.
"""

import struct

_AF_UNIX, _AF_INET, _AF_INET6, _AF_VSOCK = 1, 2, 10, 40
_SOCK_DGRAM, _SOCK_RAW, _SOCK_TYPE_MASK = 2, 3, 0xF
_EPERM, _ENOTSUP = 1, 95

# struct seccomp_data { int nr; __u32 arch; __u64 instruction_pointer; __u64 args[6]; }, little endian
_NR, _ARCH, _ARG0 = 0, 4, 16

_LOAD, _JUMP_EQ, _JUMP_GE, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_KILL = 0x80000000
_REFUSE = 0x00050000 | _EPERM
_UNSUPPORTED = 0x00050000 | _ENOTSUP
_ALLOW = 0x7FFF0000
_NOTIFY = 0x7FC00000

_X32_BIT = 0x40000000

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_SOCKET = {"x86_64": 41, "aarch64": 198}
_SOCKETPAIR = {"x86_64": 53, "aarch64": 199}
_SENDTO = {"x86_64": 44, "aarch64": 206}

_ALWAYS_REFUSED = {
    # io_uring_{setup,enter,register} add_key request_key keyctl userfaultfd
    "x86_64": (425, 426, 427, 248, 249, 250, 323),
    "aarch64": (425, 426, 427, 217, 218, 219, 282),
}

_REFUSED_OFFLINE = {
    # connect accept bind listen setsockopt ptrace accept4 recvmmsg sendmmsg
    "x86_64": (42, 43, 49, 50, 54, 101, 288, 299, 307),
    "aarch64": (203, 202, 200, 201, 208, 117, 242, 243, 269),
}

_LANDLOCK_OTHER_PROCESS = {
    # prlimit64 setpriority(1) sched_setaffinity sched_setparam sched_setscheduler sched_setattr ioprio_set(1)
    # migrate_pages move_pages: the position of the argument that names a process, of which only 0 (oneself) passes
    "x86_64": ((302, 0), (141, 1), (203, 0), (142, 0), (144, 0), (314, 0), (251, 1), (256, 0), (279, 0)),
    "aarch64": ((261, 0), (140, 1), (122, 0), (118, 0), (119, 0), (274, 0), (30, 1), (238, 0), (239, 0)),
}

_LANDLOCK_UNSUPPORTED = {
    # {,l,f}setxattr {,l,f}removexattr setxattrat removexattrat file_setattr: programs can do without
    "x86_64": (188, 189, 190, 197, 198, 199, 463, 466, 469),
    "aarch64": (5, 6, 7, 14, 15, 16, 463, 466, 469),
}

_IOCTL = {"x86_64": 16, "aarch64": 29}
_LANDLOCK_UNSUPPORTED_REQUESTS = (0x40086602, 0x401C5820, 0x40087602, 0x40806685, 0x800C6613, 0x40047211)
"""FS_IOC_{SETFLAGS,FSSETXATTR,SETVERSION,ENABLE_VERITY,SET_ENCRYPTION_POLICY} and FAT_IOCTL_SET_ATTRIBUTES: a file
that is open for reading is enough for them."""

_LANDLOCK_REFUSED = {
    # System V shared memory, semaphores and queues, and mq_{open,unlink}: all users share them where no namespace
    # divides them, and numbers that can be guessed open them.
    "x86_64": (29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 220, 240, 241),
    "aarch64": (180, 181, 186, 187, 188, 189, 190, 191, 192, 193, 194, 195, 196, 197),
}


def is_supported(machine: str) -> bool:
    """Return whether a filter can be built for `machine`, a name as in `os.uname().machine`."""
    return machine in _AUDIT_ARCH


def command_filter(machine: str, *, network: bool, landlock: bool = False, by_proxy: bool = False) -> bytes:
    """Return the filter of a command: an array of `struct sock_filter`. `landlock` when no namespaces confine it.

    `by_proxy` when the network that it has leads nowhere but to a proxy of ours.

    Raises `KeyError` for a machine that is not supported.
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
    refused = _ALWAYS_REFUSED[machine] + (() if network else _REFUSED_OFFLINE[machine])
    for number in refused + (_LANDLOCK_REFUSED[machine] if landlock else ()):
        program += _when(number, [_step(_RETURN, _REFUSE)])
    if landlock:
        for number in _LANDLOCK_UNSUPPORTED[machine]:
            program += _when(number, [_step(_RETURN, _UNSUPPORTED)])
        for number, position in _LANDLOCK_OTHER_PROCESS[machine]:
            program += _when(number, [_load(position), *_allow_only(0)])
        program += _when(_IOCTL[machine], [_load(1), *_unsupported_when(_LANDLOCK_UNSUPPORTED_REQUESTS)])
    if by_proxy:
        program += _own_network_rules(machine)
    else:
        program += _socket_rules(machine, network=network, landlock=landlock)
    program.append(_step(_RETURN, _ALLOW))
    return b"".join(program)


def _no_datagrams() -> list[bytes]:
    return [
        _load(1),
        _step(_AND, _SOCK_TYPE_MASK),
        _step(_JUMP_EQ, _SOCK_DGRAM, if_true=1),
        # The kernel takes a raw unix socket for one of datagrams.
        _step(_JUMP_EQ, _SOCK_RAW, if_false=1),
        _step(_RETURN, _REFUSE),
        _step(_RETURN, _ALLOW),
    ]


def _unix_only() -> list[bytes]:
    return [_load(0), _step(_JUMP_EQ, _AF_UNIX, if_true=1), _step(_RETURN, _REFUSE)]


def _own_network_rules(machine: str) -> list[bytes]:
    internet = [
        _load(0),
        _step(_JUMP_EQ, _AF_INET, if_true=2),
        _step(_JUMP_EQ, _AF_INET6, if_true=1),
        _step(_RETURN, _REFUSE),
        _step(_RETURN, _ALLOW),
    ]
    return [*_when(_SOCKET[machine], internet), *_when(_SOCKETPAIR[machine], [*_unix_only(), *_no_datagrams()])]


def _socket_rules(machine: str, *, network: bool, landlock: bool) -> list[bytes]:
    no_datagrams, unix_only = _no_datagrams(), _unix_only()
    if not network:
        return [
            *_when(_SOCKET[machine], [*unix_only, *([_step(_RETURN, _REFUSE)] if landlock else no_datagrams)]),
            *_when(_SOCKETPAIR[machine], [*unix_only, *no_datagrams]),
            *_when(_SENDTO[machine], [_load(4), *_refuse_unless_zero(), _load(4, high=True), *_allow_only(0)]),
        ]
    # Landlock cannot hide a socket in the file system: not the server's own either.
    families = (_AF_VSOCK, _AF_UNIX) if landlock else (_AF_VSOCK,)
    rules: list[bytes] = [_load(0)]
    for family in families:
        rules += [_step(_JUMP_EQ, family, if_false=1), _step(_RETURN, _REFUSE)]
    return _when(_SOCKET[machine], [*rules, _step(_RETURN, _ALLOW)])


def _when(number: int, steps: list[bytes]) -> list[bytes]:
    """Return `steps` for one call, which they must decide about; the number is loaded."""
    return [_step(_JUMP_EQ, number, if_false=len(steps)), *steps]


def _load(position: int, *, high: bool = False) -> bytes:
    """Return the step that loads half of an argument."""
    return _step(_LOAD, _ARG0 + 8 * position + (4 if high else 0))


def _refuse_unless_zero() -> list[bytes]:
    return [_step(_JUMP_EQ, 0, if_true=1), _step(_RETURN, _REFUSE)]


def _unsupported_when(values: tuple[int, ...]) -> list[bytes]:
    steps: list[bytes] = []
    for value in values:
        steps += [_step(_JUMP_EQ, value, if_false=1), _step(_RETURN, _UNSUPPORTED)]
    return [*steps, _step(_RETURN, _ALLOW)]


def _allow_only(value: int) -> list[bytes]:
    return [_step(_JUMP_EQ, value, if_true=1), _step(_RETURN, _REFUSE), _step(_RETURN, _ALLOW)]


def allowing_filter(machine: str, numbers: tuple[int, ...]) -> bytes:
    """Return a filter that refuses every call but those with these numbers.

    Raises `KeyError` for a machine that is not supported.
    """
    program = [
        _step(_LOAD, _ARCH),
        _step(_JUMP_EQ, _AUDIT_ARCH[machine], if_true=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NR),
    ]
    for number in numbers:
        program += _when(number, [_step(_RETURN, _ALLOW)])
    program.append(_step(_RETURN, _REFUSE))
    return b"".join(program)


def notifying_filter(machine: str, numbers: list[int]) -> bytes:
    """Return a filter that leaves the calls with these numbers to be decided by whoever holds its listener.

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
