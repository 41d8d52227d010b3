"""`codex-trio execpolicy check`: tells which rules of some files apply to a command, and what follows.

Owns the command line and the report. Does not own the rules (`execpolicy.rules`) or their language
(`execpolicy.rule_files`). Scripts are not looked into: `bash -lc "git push"` is a command that starts with `bash`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import trio

from codex_trio.cli.options import UsageError, add_common_options, config_overrides, value_of
from codex_trio.cli.parser import Parser
from codex_trio.cli.surroundings import current_folder
from codex_trio.client.render import visible
from codex_trio.execpolicy.rule_loading import MAX_FILE_BYTES, load_rules
from codex_trio.execpolicy.rules import PolicyRules, RuleFile, RuleMatch, RulesError, strictest
from codex_trio.util.regular_file import read_given

_CAUSE = "\n\nCaused by:\n"


def configure(parser: Parser) -> None:
    """Add the commands of this subcommand."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    summary = "tell which rules apply to a command, as JSON"
    check = commands.add_parser("check", help=summary, description=summary)
    add_common_options(check)
    check.usage = "%(prog)s [OPTIONS] --rules PATH [--] COMMAND..."
    check.epilog = "The first word that is no option begins the command; what follows is all part of it."
    check.add_argument(
        "-r",
        "--rules",
        metavar="PATH",
        action="append",
        required=True,
        type=value_of("--rules <PATH>", _path),
        help="a file of rules; given several times, they all count",
    )
    check.add_argument("--pretty", action="store_true", help="in several lines")
    check.add_argument(
        "--resolve-host-executables",
        action="store_true",
        help="let rules for a bare name count for paths to it, as far as host_executable() in the files lets them",
    )
    check.ends_in_command = True
    check.set_defaults(run=_check)
    parser.subcommand_words = frozenset(commands.choices)


def _path(text: str) -> str:
    if not text:
        raise ValueError("it names no file")
    return text


def _check(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    """Print the report. Raises UsageError."""
    config_overrides(options)
    matches = _rules(options.rules).check(
        options.command, resolve_host_executables=options.resolve_host_executables, folder=str(current_folder())
    )
    report = msgspec.json.encode(_report(matches))
    print((msgspec.json.format(report) if options.pretty else report).decode())
    return os.EX_OK


def _rules(paths: Sequence[str]) -> PolicyRules:
    files = [RuleFile(path, _read(path)) for path in paths]
    try:
        return trio.run(load_rules, files)
    except RulesError as error:
        path = error.problem.path
        cause = error.problem.details.removeprefix(f"failed to parse rules file {path}: ")
        raise _failed("parse", path, cause) from None


def _read(path: str) -> str:
    try:
        return read_given(path, limit=MAX_FILE_BYTES).decode()
    except OSError as error:
        raise _failed("read", path, f"{error.strerror} (os error {error.errno})") from None
    except UnicodeDecodeError:
        raise _failed("read", path, "it is not UTF-8 text") from None


def _failed(what: str, path: str, cause: str) -> UsageError:
    lines = [f"    {visible(line)}".rstrip() for line in cause.rstrip().splitlines()]
    return UsageError(f"failed to {what} policy at {visible(path)}{_CAUSE}" + "\n".join(lines))


def _report(matches: Sequence[RuleMatch]) -> dict[str, Any]:
    decision = strictest(match.decision for match in matches)
    listed = [{"prefixRuleMatch": match} for match in matches]
    return {"matchedRules": listed, **({} if decision is None else {"decision": decision})}
