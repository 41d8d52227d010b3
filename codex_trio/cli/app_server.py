"""`codex-trio app-server`: serves clients where `--listen` says, or writes the protocol's schema."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path

import trio

from codex_trio.cli import process_settings, proxy
from codex_trio.cli.ending import ServerEnding, ending_signals
from codex_trio.cli.garbage import collect_when_quiet
from codex_trio.cli.listen_options import add_listen_options, authentication
from codex_trio.cli.listeners import open_listener, own_sockets
from codex_trio.cli.options import UsageError, config_overrides
from codex_trio.cli.parser import Parser
from codex_trio.cli.surroundings import codex_home, current_folder, first_of
from codex_trio.config.errors import StartupRefused
from codex_trio.telemetry import logs
from codex_trio.transport.listen import StdioAddress
from codex_trio.util.importing import without_collections

_LONGEST_SOURCE = 64


def configure(parser: Parser) -> None:
    """Add the options of this subcommand."""
    add_listen_options(parser)
    parser.add_argument(
        "--analytics-default-enabled",
        action="store_true",
        help="accepted because editors give it; this server sends no analytics",
    )
    parser.add_argument(
        "--session-source",
        metavar="SOURCE",
        default="vscode",
        help="where threads say they come from, and so which product plugins and skills are for (default: vscode)",
    )
    parser.set_defaults(run=serve)
    commands = parser.add_subparsers(title="subcommands", metavar="COMMAND", prog=parser.prog)
    for name, summary, run in (
        ("generate-json-schema", "write the protocol's JSON Schemas", _generate_json_schema),
        ("generate-ts", "write the protocol's TypeScript types", _generate_typescript),
    ):
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("-o", "--out", metavar="DIR", type=Path, required=True, help="folder to write into")
        command.add_argument(
            "--experimental", action="store_true", help="include methods and fields that are not stable yet"
        )
        command.set_defaults(run=run)
    parser.subcommand_words = frozenset(["generate-json-schema", "generate-ts", "help", "proxy"])
    commands.add_parser("help", help="print this help").set_defaults(run=partial(_help, parser))
    summary = "connect standard input and output to a running server's unix socket"
    proxy.configure(commands.add_parser("proxy", help=summary, description=summary))


def _help(parser: Parser, _options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    parser.print_help()
    return os.EX_OK


def serve(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Serve until SIGTERM, SIGINT or the end of stdio's client; then turns are interrupted, and rollouts say so."""
    if isinstance(options.listen, StdioAddress) and (sys.stdin is None or sys.stdout is None):
        raise UsageError("standard input or output is closed, so there is no client to serve; see --listen")
    end_logs = logs.configure(environ, sys.stderr)
    process_settings.share_the_interpreter()
    try:
        return trio.run(_serve, options, environ)
    except* StartupRefused as group:
        raise UsageError(first_of(group).message) from group
    finally:
        end_logs()


async def _serve(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    with without_collections():
        from codex_trio.server.app import AppSettings, open_app

    process_settings.keep_what_is_loaded()
    settings = AppSettings(
        codex_home=codex_home(environ),
        environ=environ,
        cwd=current_folder(),
        overrides=config_overrides(options),
        strict_config=getattr(options, "strict_config", False),
        system_dir=options.system_dir,
        own_sockets=own_sockets(options.listen),
        source=_source(options.session_source),
    )
    with ending_signals() as signals:
        ending = ServerEnding(signals, drains=not isinstance(options.listen, StdioAddress))
        async with (
            open_listener(
                options.listen, authentication=authentication(options), home=settings.codex_home
            ) as serve_clients,
            open_app(settings) as app,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(process_settings.keep_small)
            nursery.start_soon(collect_when_quiet, app.quiet)
            await ending.serve(app, serve_clients)
            nursery.cancel_scope.cancel()
    return ending.exit_code


def _source(given: str) -> str:
    if not given.strip() or len(given) > _LONGEST_SOURCE or not given.isprintable():
        raise UsageError(f"invalid value for '--session-source': expected 1 to {_LONGEST_SOURCE} printable characters")
    return given.strip()


def _generate_json_schema(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    from codex_trio_protocol.export import json_schema

    with _refusing(options.out):
        json_schema.write(options.out, experimental=options.experimental)
    return os.EX_OK


def _generate_typescript(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    from codex_trio_protocol.export import typescript

    with _refusing(options.out):
        typescript.write(options.out, experimental=options.experimental)
    return os.EX_OK


@contextlib.contextmanager
def _refusing(out: Path) -> Generator[None]:
    """Refuse a folder that cannot be written to, and say why."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write to {out}: {error.strerror} ({error.filename})") from error
