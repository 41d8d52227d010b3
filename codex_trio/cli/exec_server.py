"""`codex-trio exec-server`: runs commands and changes files here for an app-server elsewhere.

Owns where it listens, and that it says so on standard output. Does not own what it does for clients
(`codex_trio.exec_server`).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import AsyncIterator, Mapping

import trio

from codex_trio.cli import process_settings
from codex_trio.cli.ending import ending_signals, parent_gone
from codex_trio.cli.listen_options import add_authentication_options, authentication
from codex_trio.cli.options import UsageError, value_of
from codex_trio.cli.parser import Parser
from codex_trio.cli.surroundings import codex_home, current_folder
from codex_trio.telemetry import logs
from codex_trio.transport.listen import (
    ListenRefused,
    ListenUrlError,
    StdioAddress,
    WebsocketAddress,
    parse_listen_url,
)

_ANY_PORT = "ws://127.0.0.1:0"


def configure(parser: Parser) -> None:
    """Add the options of this subcommand."""
    parser.add_argument(
        "--listen",
        metavar="URL",
        type=value_of("--listen <URL>", _address),
        default=parse_listen_url(_ANY_PORT),
        help="where to listen: ws://IP:PORT (default: any free port of this machine), stdio or stdio://",
    )
    add_authentication_options(parser)
    parser.set_defaults(run=serve)


def _address(url: str) -> StdioAddress | WebsocketAddress:
    address = parse_listen_url("stdio://" if url == "stdio" else url)
    if not isinstance(address, StdioAddress | WebsocketAddress):
        raise ListenUrlError(f"unsupported --listen URL `{url}`; expected `ws://IP:PORT`, `stdio` or `stdio://`")
    return address


def serve(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Serve until a signal, or the end of stdio's client; then all that clients have started is killed."""
    if isinstance(options.listen, StdioAddress) and (sys.stdin is None or sys.stdout is None):
        raise UsageError("standard input or output is closed, so there is no client to serve; see --listen")
    end_logs = logs.configure(environ, sys.stderr)
    process_settings.share_the_interpreter()
    try:
        return trio.run(_serve, options, environ)
    finally:
        end_logs()


async def _serve(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from codex_trio.exec_server.server import ExecServer, open_exec_server
    from codex_trio.server.guarded import guarded_paths
    from codex_trio.state.db.initializer import state_db_path
    from codex_trio.transport.stdio import open_process_stdio
    from codex_trio.transport.websocket import bind_websocket

    home = codex_home(environ)
    guarded = guarded_paths(home, database=state_db_path(home), sockets=())
    authenticate = authentication(options)

    async def clients(server: ExecServer) -> None:
        if isinstance(options.listen, StdioAddress):
            async with open_process_stdio() as transport, trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_when_orphaned, nursery.cancel_scope)
                await server.serve(transport)
                nursery.cancel_scope.cancel()
            return
        try:
            listener = await bind_websocket(options.listen, authenticate)
        except ListenRefused as refused:
            raise UsageError(str(refused)) from refused
        try:
            sys.stdout.write(f"ws://{listener.address}\n")
            sys.stdout.flush()
            await listener.run(server.serve)
        finally:
            await listener.aclose()

    with ending_signals() as signals:
        async with (
            open_exec_server(environ, cwd=current_folder(), guarded=guarded) as server,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(_cancel_on_signal, signals, nursery.cancel_scope)
            await clients(server)
            nursery.cancel_scope.cancel()
    return os.EX_OK


async def _cancel_on_signal(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    await anext(signals)
    scope.cancel()


async def _cancel_when_orphaned(scope: trio.CancelScope) -> None:
    await parent_gone()
    scope.cancel()
