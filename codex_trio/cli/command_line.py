"""The command line of `codex-trio`: options that every subcommand takes, and the choice of the subcommand.

Owns the argument parser. Does not own what subcommands do: each is a module of this package, imported when chosen.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

from codex_trio.cli.options import InvalidValue, UsageError, add_common_options, add_profile_option
from codex_trio.cli.parser import Parser, suggestion
from codex_trio.cli.quick_imports import quick_imports_of_trio
from codex_trio.cli.surroundings import complain, is_text
from codex_trio.version import PROTOCOL_RELEASE, __version__

SUBCOMMANDS = {
    "app-server": ("codex_trio.cli.app_server", "serve editors and orchestrators over the app-server protocol"),
    "exec": ("codex_trio.cli.exec", "run one turn without interaction"),
    "doctor": ("codex_trio.cli.doctor", "tell whether this installation can work"),
    "mcp": ("codex_trio.cli.mcp", "list, add, remove and log in to MCP servers"),
    "plugin": ("codex_trio.cli.plugin", "list, add and remove plugins and their marketplaces"),
    "execpolicy": ("codex_trio.cli.execpolicy", "tell what files of command rules say of a command"),
    "features": ("codex_trio.cli.features", "list feature switches, and set them in the user's configuration"),
    "sandbox": ("codex_trio.cli.sandbox", "run a command of yours in the sandbox that commands of the agent have"),
    "exec-server": ("codex_trio.cli.exec_server", "run commands here for an app-server elsewhere"),
}

ALIASES = {"e": "exec"}
SHORTER = {"review": ("exec", "review")}
"""Words that stand for a subcommand of a subcommand."""

_WITH_PROFILE = "exec"

_CODEX_SUBCOMMANDS = """
agents apply archive cloud completion debug delete fork login logout mcp-server
migrate-nfs-db migrate-rollouts queue remote-control resume unarchive update
"""
NOT_SUPPORTED = frozenset(_CODEX_SUBCOMMANDS.split())
"""Subcommands of Codex that are none here."""

_ADVICE = {
    "login": "set OPENAI_API_KEY, or name a provider in config.toml",
    "resume": "`codex-trio exec resume` continues a thread",
    "fork": "`codex-trio exec fork` continues a copy of a thread",
    "debug": "`python -m codex_trio.testing.model_server SCRIPT --requests FILE` writes what a model is asked; the "
    "request `model/list` tells which models there are",
}

_WITH_VALUE = ("-c", "--config", "--enable", "--disable", "-p", "--profile")
_FLAGS = ("--strict-config", "-h", "--help", "-V", "--version")
"""What may stand before a subcommand."""

_HELP = "help"


def run(arguments: Sequence[str], *, system_dir: Path | None = None) -> int:
    """Run a command line and return the exit code.

    No option says where an administrator's settings are: they hold for whoever writes the command line. `system_dir`
    is for programs that have a machine of their own making, such as tests.
    """
    try:
        _refuse_other_encodings(arguments)
        chosen, rest = _choose(arguments)
        with quick_imports_of_trio() if chosen else nullcontext():
            parser = build_parser(chosen)
        options = parser.parse_args(rest)
        options.system_dir = _usual_system_dir() if system_dir is None else system_dir
        _refuse_profile_elsewhere(chosen, options)
    except InvalidValue as invalid:
        complain(f"error: {invalid}\n\nFor more information, try '--help'.")
        return 2
    if options.run is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        return options.run(options, os.environ)
    except UsageError as error:
        complain(f"Error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _usual_system_dir() -> Path:
    # Nothing of the configuration is needed to parse a command line.
    from codex_trio.config.sources import SYSTEM_DIR

    return SYSTEM_DIR


def build_parser(chosen: str | None) -> Parser:
    """Return the parser; only the chosen subcommand's module is imported, so that the others cost nothing."""
    parser = Parser(
        prog="codex-trio",
        description="An independent Codex app-server in Python, built on Trio.",
        epilog='For one task: codex-trio exec "what to do"; for a review: codex-trio review --uncommitted',
    )
    parser.set_defaults(run=None)
    parser.add_argument(
        "-V",
        "--version",
        action="version",
        version=f"codex-trio {__version__} (app-server protocol {PROTOCOL_RELEASE})",
    )
    add_common_options(parser)
    add_profile_option(parser)
    parser.subcommand_words = frozenset([*SUBCOMMANDS, *ALIASES])
    subcommands = parser.add_subparsers(title="subcommands", metavar="COMMAND", prog=parser.prog)
    for name, (module, summary) in SUBCOMMANDS.items():
        aliases = [alias for alias, meant in ALIASES.items() if meant == name]
        subparser = subcommands.add_parser(name, aliases=aliases, help=summary, description=summary)
        if name == chosen:
            add_common_options(subparser)
            import_module(module).configure(subparser)
    return parser


def _refuse_other_encodings(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if not is_text(argument):
            shown = os.fsencode(argument).decode(errors="replace")
            raise InvalidValue(f"the argument '{shown}' is not UTF-8 text")


def _refuse_profile_elsewhere(chosen: str | None, options: argparse.Namespace) -> None:
    if chosen not in (None, _WITH_PROFILE) and hasattr(options, "profile"):
        raise InvalidValue(
            f"--profile only applies to `codex-trio {_WITH_PROFILE}`; give its settings by -c KEY=VALUE instead"
        )


def _choose(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the subcommand that is meant, and the command line with `help` put as an option. Raises InvalidValue."""
    place = 0
    while place < len(arguments) and arguments[place].startswith("-"):
        option = arguments[place]
        if not _is_known(option):
            raise InvalidValue(_unknown_option(option, arguments[place + 1 :]))
        place += 2 if option in _WITH_VALUE else 1
    if place >= len(arguments):
        return None, list(arguments)
    word, behind = arguments[place], arguments[place + 1 :]
    if word == _HELP:
        return _choose([*arguments[:place], *behind, "--help"])
    if word in SHORTER:
        return _choose([*arguments[:place], *SHORTER[word], *behind])
    chosen = ALIASES.get(word, word)
    if chosen not in SUBCOMMANDS:
        raise InvalidValue(_no_subcommand(word))
    return chosen, list(arguments)


def _is_known(option: str) -> bool:
    name = option.partition("=")[0]
    return name in _WITH_VALUE or name in _FLAGS or option.startswith(("-c", "-p"))


def _unknown_option(option: str, behind: Sequence[str]) -> str:
    words = (ALIASES.get(word, word) for word in behind)
    chosen = next((word for word in words if word in SUBCOMMANDS or word in SHORTER), None)
    if chosen is None:
        return f"unexpected argument '{option}'" + suggestion(option, [*_WITH_VALUE, *_FLAGS], "argument")
    # argparse would take the option's value for a subcommand.
    return (
        f"unexpected argument '{option}' before '{chosen}'\n\n"
        f"  tip: options of a subcommand stand behind it: codex-trio {chosen} {option} ..."
    )


def _no_subcommand(word: str) -> str:
    if word in NOT_SUPPORTED:
        advice = f"\n\n  tip: {_ADVICE[word]}" if word in _ADVICE else ""
        return f"the subcommand '{word}' is not supported{advice}"
    tip = suggestion(word, [*SUBCOMMANDS, *SHORTER], "subcommand")
    return f"unrecognized subcommand '{word}'" + (tip or '\n\n  tip: to run a prompt: codex-trio exec "PROMPT"')
