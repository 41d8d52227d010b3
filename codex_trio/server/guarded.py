"""What of the server itself is out of the reach of the commands that it runs.

Owns the list. Does not own how commands are kept from it (`codex_trio.sandbox`).
"""

import glob
from collections.abc import Iterable
from pathlib import Path

from codex_trio.config.command_writes import FOLDER as WRITES_FOLDER
from codex_trio.identity.installation import FILE_NAME as INSTALLATION_FILE
from codex_trio.sandbox.own_files import own_files
from codex_trio.sandbox.roots import GuardedPaths
from codex_trio.state.local.writers import FOLDER as LOCK_FOLDER
from codex_trio.transport.socket_path import default_places


def guarded_paths(codex_home: Path, *, database: Path, sockets: Iterable[Path]) -> GuardedPaths:
    """Return it for a server with this home, `database` and further `sockets` of its own."""
    home, database = codex_home.absolute(), database.absolute()
    # Whoever can read a file can lock it, and hold up a server that waits for the lock.
    paths = (*default_places(home), *sockets, home / LOCK_FOLDER, home / INSTALLATION_FILE, home / WRITES_FOLDER)
    # Logins to MCP servers, and their lock.
    logins = f"{_literally(home)}/.credentials.*"
    databases = (
        f"{_literally(home)}/*.sqlite*",
        f"{_literally(database)}*",
        f"{_literally(database.with_name(f'.{database.name}'))}*",
    )
    return GuardedPaths(read_only=(str(home), *own_files()), hidden=(*map(_literally, paths), logins, *databases))


def _literally(path: Path) -> str:
    return glob.escape(str(path))
