"""The place of a unix socket in the file system: taking it, leaving it, and reaching it.

Owns the default place, the folder's and the socket's modes, what happens to what is there already, and paths that are
longer than a socket address. Does not own the clients that connect.

A path that fits into a socket address gets the socket itself. A longer one gets a symbolic link to a socket under a
short path, which 0.169's clients follow too; that release links always, which leaves a second thing behind when a
server is killed, and asks for a shared place in /tmp where none is needed.
"""

import errno
import fcntl
import hashlib
import os
import socket
import stat
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import trio

from codex_trio.transport.listen import ListenRefused

MAX_ADDRESS_BYTES = 107
"""Linux's `sun_path` without its final zero byte."""

BACKLOG = 1024
"""Clients that may wait to be accepted: an orchestrator's thousand connect at once."""

LOCK_SECONDS = 10.0
"""How long another server may take to start in the same folder: it needs a few milliseconds."""

_LOCK_RETRY_SECONDS = 0.02


def default_socket_path(codex_home: Path) -> Path:
    """Return where a server listens, and where its clients look for it, when no path is given."""
    return codex_home / "app-server-control" / "app-server-control.sock"


def default_places(codex_home: Path) -> tuple[Path, ...]:
    """Return the folders in which servers of this user, others than codex-trio too, have their sockets by default."""
    return (
        default_socket_path(codex_home.absolute()).parent,
        _short_folder(),
        Path(f"/tmp/codex-daemon-{os.getuid()}"),
    )


def address_of(path: Path) -> str:
    """Return what to connect to for a socket path: the path, or what it links to when it is too long for an address.

    Raises:
        OSError: the path is too long, and is not a link to a shorter one.
    """
    if _fits(path):
        return str(path)
    resolved = Path(os.path.realpath(path, strict=True))
    if not _fits(resolved):
        raise OSError(errno.ENAMETOOLONG, f"longer than {MAX_ADDRESS_BYTES} bytes, and no link to a shorter path")
    return str(resolved)


@asynccontextmanager
async def bound_socket(path: Path) -> AsyncGenerator[socket.socket]:
    """Provide a listening socket at an absolute path, to which only this user can connect; removed when the block ends.

    A socket that nobody listens to any more is replaced. The folder is created if it alone is missing. Of two servers
    that start at the same moment one is refused.

    Raises:
        ListenRefused: another server listens there, something else is there, or the file system does not allow it.
    """
    with ExitStack() as stack:
        try:
            _make_folder(path.parent)
            async with _starting_alone(path.parent):
                listening = _take(path, stack)
        except OSError as error:
            raise ListenRefused(f"cannot listen on the unix socket {path}: {_described(error)}") from error
        yield listening


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ListenRefused(f"socket directory path exists and is not a directory: {folder}")
    folder.mkdir(mode=0o700, exist_ok=True)


@asynccontextmanager
async def _starting_alone(folder: Path) -> AsyncGenerator[None]:
    """Hold the folder while a server looks whether another one is there and take the place.

    The lock is on the folder itself, so that no lock file stays behind.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with trio.move_on_after(LOCK_SECONDS) as waiting:
            while not _lock(descriptor):  # noqa: ASYNC110  # another process lets go of it
                await trio.sleep(_LOCK_RETRY_SECONDS)
        if waiting.cancelled_caught:
            raise ListenRefused(f"another server is starting in {folder} and does not get ready")
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A network file system without locks: the check for a live server still holds.
        return True
    return True


def _take(path: Path, stack: ExitStack) -> socket.socket:
    """Bind the socket; `stack` removes it."""
    _clear(path, name=path)
    if _fits(path):
        return stack.enter_context(_listening(path))
    short = _private_folder() / hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    _clear(short, name=path)
    listening = stack.enter_context(_listening(short))
    stack.enter_context(_linked(path, short))
    return listening


def _clear(path: Path, *, name: Path) -> None:
    """Remove what a server that was killed left behind. `name` is what refusals call the place."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        # Nothing, or a link to nothing: the short path of a long one, gone with the temporary files.
        path.unlink(missing_ok=True)
        return
    if not stat.S_ISSOCK(mode):
        raise ListenRefused(f"app-server control socket path exists and is not a socket: {name}")
    if _is_live(path):
        raise ListenRefused(f"app-server control socket is already in use at {name}")
    path.unlink()


def _is_live(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(0)
        try:
            client.connect(address_of(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            # It is somebody else's, or has no room for one more client just now.
            return True
    return True


@contextmanager
def _listening(path: Path) -> Generator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bound:
        bound.bind(str(path))
        identity = _identity(path)
        try:
            # Nobody can connect before the mode is right: it does not listen yet.
            path.chmod(stat.S_IRUSR | stat.S_IWUSR)
            bound.listen(BACKLOG)
            yield bound
        finally:
            # While it is open nobody else takes the place, nor gets the same inode number.
            if _identity(path) == identity:
                path.unlink()


@contextmanager
def _linked(path: Path, short: Path) -> Generator[None]:
    path.symlink_to(short)
    try:
        yield
    finally:
        with suppress(OSError):
            if path.readlink() == short:
                path.unlink()


def _private_folder() -> Path:
    """Return where short paths are: a folder in /tmp that is this user's alone.

    Paths below $TMPDIR can be too long too.
    """
    folder = _short_folder()
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise ListenRefused(f"{folder} is needed for a socket path of this length, but is open to other users")
    return folder


def _short_folder() -> Path:
    return Path(f"/tmp/codex-trio-{os.getuid()}")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= MAX_ADDRESS_BYTES


def _described(error: OSError) -> str:
    return f"{error.strerror} (os error {error.errno})" if error.errno else str(error)
