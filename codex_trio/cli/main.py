"""The `codex-trio` command: options that every subcommand takes, and the choice of the subcommand.

Owns the argument parser. Does not own what subcommands do: each is a module of this package, imported when chosen.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from codex_trio.cli.quick_imports import quick_imports
from codex_trio.version import PROTOCOL_RELEASE, __version__

SUBCOMMANDS = {
    "app-server": ("codex_trio.cli.app_server", "serve editors and orchestrators over the app-server protocol"),
    "exec": ("codex_trio.cli.exec", "run one turn without interaction"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; the exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    with quick_imports():
        from codex_trio.cli.options import InvalidValue, UsageError

        parser = build_parser(_chosen(arguments))
    try:
        options = parser.parse_args(arguments)
    except InvalidValue as invalid:
        print(f"error: {invalid}\n\nFor more information, try '--help'.", file=sys.stderr)
        return 2
    if options.run is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        return options.run(options, os.environ)
    except UsageError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """The parser; only the chosen subcommand's module is imported, so that the others cost nothing."""
    from codex_trio.cli.options import add_common_options

    parser = argparse.ArgumentParser(
        prog="codex-trio", description="An independent Codex app-server in Python, built on Trio."
    )
    parser.set_defaults(run=None)
    parser.add_argument(
        "-V",
        "--version",
        action="version",
        version=f"codex-trio {__version__} (app-server protocol {PROTOCOL_RELEASE})",
    )
    add_common_options(parser)
    subcommands = parser.add_subparsers(title="subcommands", metavar="COMMAND")
    for name, (module, summary) in SUBCOMMANDS.items():
        subparser = subcommands.add_parser(name, help=summary, description=summary)
        if name == chosen:
            add_common_options(subparser)
            import_module(module).configure(subparser)
    return parser


def _chosen(arguments: Sequence[str]) -> str | None:
    return next((argument for argument in arguments if argument in SUBCOMMANDS), None)
