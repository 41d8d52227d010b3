"""posix_spawn(3) with the two things that the standard library's lacks: a working directory and a controlling terminal.

Owns: the C call. Does not own: pipes, terminals, waiting (`processes`).

Why not `subprocess`: there, a controlling terminal takes `preexec_fn`, which forks the whole server (slow with a large
heap, and deadlock-prone with threads), or one more program in between. posix_spawn shares memory until the exec, takes
about 0.3 ms whatever the server's size, and opening the terminal in a fresh session makes it the controlling one.
"""

import ctypes
import os
from collections.abc import Iterable, Mapping, Sequence

import msgspec

_SETSIGDEF, _SETSIGMASK, _SETSID = 0x04, 0x08, 0x80
_SIGNAL_SET_SIZE = 128
_OPAQUE_SIZE = 1024  # glibc needs 336 bytes for the attributes and 80 for the actions, musl no more.

_libc = ctypes.CDLL(None)


class ChildSetup(msgspec.Struct, frozen=True, kw_only=True):
    """How the child differs from us. Descriptors that are not named here are closed in it."""

    cwd: str
    descriptors: Mapping[int, int]
    """Ours by their number in the child: 0, 1, 2 and so on without a gap; ours must be above all of those."""
    terminal: str | None
    """A terminal's path: opened as 0, 1 and 2 (which `descriptors` then must not name) and made the controlling one."""


def spawn(program: str, argv: Sequence[str], env: Mapping[str, str], setup: ChildSetup) -> int:
    """Start `program` in a new session with default signal handling; returns its pid.

    Raises `OSError` when the working directory, the terminal or the program cannot be used, `ValueError` for a NUL.
    """
    actions = ctypes.create_string_buffer(_OPAQUE_SIZE)
    attributes = ctypes.create_string_buffer(_OPAQUE_SIZE)
    pid = ctypes.c_int()
    _check(_libc.posix_spawn_file_actions_init(actions))
    try:
        _check(_libc.posix_spawnattr_init(attributes))
        try:
            _add_actions(actions, setup)
            _set_attributes(attributes)
            _check(
                _libc.posix_spawn(
                    ctypes.byref(pid),
                    _encode(program),
                    actions,
                    attributes,
                    _string_array(argv),
                    _string_array(f"{name}={value}" for name, value in env.items()),
                )
            )
        finally:
            _libc.posix_spawnattr_destroy(attributes)
    finally:
        _libc.posix_spawn_file_actions_destroy(actions)
    return pid.value


def find_program(name: str, env: Mapping[str, str]) -> str:
    """Return the path to execute for `name`, by the PATH of `env`; a name with a slash is left to the kernel.

    Raises `FileNotFoundError` (or `PermissionError` when only unusable files were found).
    """
    if "/" in name:
        return name
    unusable: str | None = None
    for folder in os.get_exec_path(env):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            if os.access(path, os.X_OK):
                return path
            unusable = path
    if unusable is not None:
        raise PermissionError(13, os.strerror(13), unusable)
    raise FileNotFoundError(2, os.strerror(2), name)


def _add_actions(actions: ctypes.Array[ctypes.c_char], setup: ChildSetup) -> None:
    first_unused = 0
    if setup.terminal is not None:
        # The child leads a new session without a terminal by now, so opening one makes it the controlling one.
        _check(_libc.posix_spawn_file_actions_addopen(actions, 0, _encode(setup.terminal), os.O_RDWR, 0))
        _check(_libc.posix_spawn_file_actions_adddup2(actions, 0, 1))
        _check(_libc.posix_spawn_file_actions_adddup2(actions, 0, 2))
        first_unused = 3
    for target, source in sorted(setup.descriptors.items()):
        _check(_libc.posix_spawn_file_actions_adddup2(actions, source, target))
        first_unused = target + 1
    if hasattr(_libc, "posix_spawn_file_actions_addclosefrom_np"):
        _check(_libc.posix_spawn_file_actions_addclosefrom_np(actions, first_unused))
    else:
        for descriptor in _inheritable_descriptors(first_unused):
            _check(_libc.posix_spawn_file_actions_addclose(actions, descriptor))
    _check(_libc.posix_spawn_file_actions_addchdir_np(actions, _encode(setup.cwd)))


def _set_attributes(attributes: ctypes.Array[ctypes.c_char]) -> None:
    _check(_libc.posix_spawnattr_setsigmask(attributes, bytes(_SIGNAL_SET_SIZE)))
    # Python ignores SIGPIPE, nohup SIGHUP; programs expect the defaults. Not sigfillset(3): that leaves out the C
    # library's own two signals, which the child would then ignore.
    _check(_libc.posix_spawnattr_setsigdefault(attributes, b"\xff" * _SIGNAL_SET_SIZE))
    _check(_libc.posix_spawnattr_setflags(attributes, ctypes.c_short(_SETSIGDEF | _SETSIGMASK | _SETSID)))


def _inheritable_descriptors(first: int) -> Iterable[int]:
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        try:
            if descriptor >= first and os.get_inheritable(descriptor):
                yield descriptor
        except OSError:
            pass  # The listing's own descriptor, closed meanwhile.


def _string_array(items: Iterable[str]) -> ctypes.Array[ctypes.c_char_p]:
    encoded = [_encode(item) for item in items]
    return (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)


def _encode(text: str) -> bytes:
    encoded = os.fsencode(text)
    if b"\0" in encoded:
        raise ValueError("embedded null byte")
    return encoded


def _check(error: int) -> None:
    if error:
        raise OSError(error, os.strerror(error))
