"""`codex-trio app-server proxy`: connects standard input and output to a running server's unix socket."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

import trio

from codex_trio.cli.options import UsageError
from codex_trio.cli.surroundings import codex_home


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    parser.add_argument(
        "--sock",
        metavar="PATH",
        type=Path,
        help="the server's socket (default: $CODEX_HOME/app-server-control/app-server-control.sock)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Copy bytes until the client or the server ends; both are ordinary ends.

    Raises:
        UsageError: no server answers at the socket.
    """
    from codex_trio.transport.socket_path import default_socket_path

    path: Path = options.sock or default_socket_path(codex_home(environ))
    trio.run(_proxy, path.absolute())
    return os.EX_OK


async def _proxy(path: Path) -> None:
    from codex_trio.transport.descriptors import open_sink, open_source
    from codex_trio.transport.proxy import pump
    from codex_trio.transport.socket_path import address_of

    try:
        server = await trio.open_unix_socket(address_of(path))
    except OSError as error:
        reason = f"{error.strerror} (os error {error.errno})"
        raise UsageError(f"failed to connect to socket at {path}\n\nCaused by:\n    {reason}") from error
    async with server:
        await pump(open_source(0), open_sink(1), server)
