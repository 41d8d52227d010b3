"""`codex-trio exec-server`: runs commands and changes files here for an app-server elsewhere.

Owns where it listens, and that it says so on standard output. Does not own what it does for clients
(`codex_trio.exec_server`).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import trio

from codex_trio.cli import process_settings
from codex_trio.cli.ending import ending_signals, parent_gone
from codex_trio.cli.listen_options import add_authentication_options, authentication
from codex_trio.cli.options import UsageError, value_of
from codex_trio.cli.parser import Parser, refuse_options
from codex_trio.cli.surroundings import codex_home, current_folder
from codex_trio.telemetry import logs
from codex_trio.transport.listen import (
    ListenRefused,
    ListenUrlError,
    StdioAddress,
    WebsocketAddress,
    parse_listen_url,
)

if TYPE_CHECKING:
    from codex_trio.exec_server.server import ExecServer
    from codex_trio.transport.base import MessageTransport

_ANY_PORT = "ws://127.0.0.1:0"
_COUNT_DIGITS = 6
_NO_REGISTRATION = "this server is not registered anywhere; give clients its address, see --listen"
_NO_PROXY_HERE = "the hosts that commands may reach, and the proxy on their way, are settings of the app-server"
_REFUSED = {
    "--remote": _NO_REGISTRATION,
    "--remote-transport": _NO_REGISTRATION,
    "--environment-id": _NO_REGISTRATION,
    "--name": _NO_REGISTRATION,
    "--use-agent-identity-auth": _NO_REGISTRATION,
    "--registration-bearer-stdin": _NO_REGISTRATION,
    "--executor-credential-stdin": _NO_REGISTRATION,
    "--chatgpt-token-stdin": _NO_REGISTRATION,
    "--chatgpt-account-id": _NO_REGISTRATION,
    "--aws-sigv4": _NO_REGISTRATION,
    "--aws-profile": _NO_REGISTRATION,
    "--aws-region": _NO_REGISTRATION,
    "--aws-service": _NO_REGISTRATION,
    "--exit-on-stdin-close": "with --listen stdio the server ends with its input; elsewhere end it by a signal",
    "--linux-sandbox-transparent-tcp": _NO_PROXY_HERE,
    "--tcp-upstream-proxy": _NO_PROXY_HERE,
    "--proxy-private-ips-via-upstream": _NO_PROXY_HERE,
}


def configure(parser: Parser) -> None:
    """Add the options of this subcommand."""
    parser.add_argument(
        "--listen",
        metavar="URL",
        type=value_of("--listen <URL>", _address),
        default=parse_listen_url(_ANY_PORT),
        help="where to listen: ws://IP:PORT (default: any free port of this machine), stdio or stdio://",
    )
    parser.add_argument(
        "--concurrent-requests",
        metavar="COUNT",
        type=value_of("--concurrent-requests <COUNT>", _count),
        help="how many requests of a connection are worked on at once (default: 64)",
    )
    parser.add_argument(
        "--linux-sandbox-pid-namespace",
        metavar="MODE",
        type=value_of("--linux-sandbox-pid-namespace <MODE>", _pid_namespace),
        help="which processes sandboxed commands see: isolate (their own)",
    )
    add_authentication_options(parser)
    refuse_options(parser, _REFUSED)
    parser.set_defaults(run=serve)


def _address(url: str) -> StdioAddress | WebsocketAddress:
    if url in ("stdio", "stdio://"):
        return StdioAddress()
    if not url.startswith("ws://"):
        raise ListenUrlError(f"unsupported --listen URL `{url}`; expected `ws://IP:PORT`, `stdio` or `stdio://`")
    address = parse_listen_url(url)
    assert isinstance(address, WebsocketAddress)
    return address


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _COUNT_DIGITS) or int(text) == 0:
        raise ValueError("a number from 1 to 999999 is needed")
    return int(text)


def _pid_namespace(mode: str) -> str:
    if mode == "inherit":
        raise ValueError("sandboxed commands always have a namespace of their own; expected 'isolate'")
    if mode != "isolate":
        raise ValueError("expected 'isolate'")
    return mode


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
    from codex_trio.exec_server.server import open_exec_server
    from codex_trio.server.guarded import guarded_paths
    from codex_trio.state.db.initializer import state_db_path

    home = codex_home(environ)
    guarded = guarded_paths(home, database=state_db_path(home), sockets=())
    with ending_signals() as signals:
        async with (
            _open_clients(options) as clients,
            open_exec_server(
                environ,
                cwd=current_folder(),
                home=home.absolute(),
                guarded=guarded,
                system_dir=options.system_dir,
                max_at_once=options.concurrent_requests,
            ) as server,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(_cancel_on_signal, signals, nursery.cancel_scope)
            await clients(server)
            nursery.cancel_scope.cancel()
    return os.EX_OK


@contextlib.asynccontextmanager
async def _open_clients(options: argparse.Namespace) -> AsyncGenerator[Callable[[ExecServer], Awaitable[None]]]:
    """Take the place where clients come from, until the block ends.

    Raises:
        UsageError: the server cannot listen there.
    """
    from codex_trio.transport.stdio import open_process_stdio
    from codex_trio.transport.websocket import bind_websocket

    authenticate = authentication(options)
    if isinstance(options.listen, StdioAddress):
        async with open_process_stdio() as transport:
            yield lambda server: _serve_stdio(server, transport)
        return
    try:
        listener = await bind_websocket(options.listen, authenticate)
    except ListenRefused as refused:
        raise UsageError(str(refused)) from refused

    async def serve_websockets(server: ExecServer) -> None:
        _announce(f"ws://{listener.address}")
        await listener.run(server.serve)

    try:
        yield serve_websockets
    finally:
        await listener.aclose()


async def _serve_stdio(server: ExecServer, transport: MessageTransport) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_cancel_when_orphaned, nursery.cancel_scope)
        await server.serve(transport)
        nursery.cancel_scope.cancel()


def _announce(url: str) -> None:
    # Whoever closed standard output knows where to connect, or does not want to.
    with contextlib.suppress(OSError):
        print(url, flush=True)


async def _cancel_on_signal(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    await anext(signals)
    scope.cancel()


async def _cancel_when_orphaned(scope: trio.CancelScope) -> None:
    await parent_gone()
    scope.cancel()
