"""The options of `codex-trio exec` and of its `resume`, `fork` and `review`.

Owns the parsers. Does not own what the options mean (`exec_request`).

argparse knows neither a prompt that may stand before, between or after options, nor a word that is a subcommand in one
place and a prompt in another. So positional words are taken one at a time, each with all that follows it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from codex_trio.cli.options import add_common_options, add_profile_option
from codex_trio.cli.parser import Parser, refuse_options

RESUME = "resume"
FORK = "fork"
REVIEW = "review"
_HELP = "help"

_REFUSED = {
    "-a --ask-for-approval": "`exec` asks nobody; what would need an approval is refused",
    "--full-auto": "say `-s workspace-write`",
    "--approve-for-me": "`exec` has nothing reviewed; what would need an approval is refused",
    "--dangerously-bypass-hook-trust": "`codex-trio doctor` says what to put into config.toml to trust a hook",
    "--search": "say -c web_search=live",
    "--worktree": "make one by `git worktree add`, and name it by -C",
    "--remote --remote-auth-token-env": "`exec` runs a server of its own",
    "--thread-source": "",
    "--cyber-access-program": "",
}
"""Options of Codex that are none here, and what to do instead."""

_THREADS_MEANT = """\
the one with the id or name THREAD, or the latest with --last. A name and --last look at threads of the same working
folder only, unless --all is given. Takes the options of `codex-trio exec` too."""
_SUMMARIES = {
    RESUME: ("continue a stored thread", f"Continues a stored thread: {_THREADS_MEANT}"),
    FORK: ("continue a copy of a stored thread", f"Continues a copy of a stored thread: {_THREADS_MEANT}"),
    REVIEW: (
        "have code reviewed",
        (
            "Has another model, which knows nothing of how they came about, review changes in the working folder, and "
            "prints its findings. Takes the options of `codex-trio exec` too."
        ),
    ),
}


def configure(parser: Parser) -> None:
    """Add the options and words of `exec`."""
    parser.subcommand_words = frozenset([*_SUMMARIES, _HELP])
    parser.description = (
        "Runs one turn without interaction. Progress goes to stderr, the final message to stdout; nobody is asked for "
        "an approval. Exits with 0 when the turn completed, 1 when it failed."
    )
    parser.usage = (
        "codex-trio exec [OPTIONS] [PROMPT]\n       codex-trio exec [OPTIONS] resume|fork [THREAD] [PROMPT]\n"
        "       codex-trio exec [OPTIONS] review --uncommitted | --base BRANCH | --commit SHA | PROMPT"
    )
    commands = ", ".join(f"{name} ({summary})" for name, (summary, _) in _SUMMARIES.items())
    parser.epilog = f"subcommands: {commands}; see `codex-trio exec resume --help`"
    parser.set_defaults(words=[], subcommand=None, last=False, all=False)
    parser.set_defaults(uncommitted=False, base=None, commit=None, title=None)
    _add_options(parser)
    _add_words(
        parser,
        limit=1,
        subcommands={
            RESUME: partial(_thread_parser, RESUME),
            FORK: partial(_thread_parser, FORK),
            REVIEW: _review_parser,
        },
        metavar="PROMPT",
        help="what the agent shall do; without it, or with `-`, it is read from stdin. With both, what is piped into "
        "stdin is added to the prompt",
    )


def _thread_parser(name: str) -> Parser:
    parser = Parser(
        prog=f"codex-trio exec {name}",
        usage=f"codex-trio exec [OPTIONS] {name} [OPTIONS] [THREAD] [PROMPT]",
        description=_SUMMARIES[name][1],
    )
    parser.add_argument("--last", action="store_true", help="continue the latest thread")
    parser.add_argument("--all", action="store_true", help="look at the threads of every folder")
    _add_options(parser)
    add_common_options(parser)
    _add_words(parser, limit=2, subcommands={}, metavar="WORD", help="[THREAD] [PROMPT], or [PROMPT] with --last")
    return parser


def _review_parser() -> Parser:
    parser = Parser(
        prog=f"codex-trio exec {REVIEW}",
        usage=f"codex-trio exec [OPTIONS] {REVIEW} [OPTIONS] --uncommitted | --base BRANCH | --commit SHA | PROMPT",
        description=_SUMMARIES[REVIEW][1],
    )
    targets = parser.add_mutually_exclusive_group()
    targets.add_argument(
        "--uncommitted", action="store_true", help="what is not committed yet: staged, unstaged and untracked"
    )
    targets.add_argument("--base", metavar="BRANCH", help="what merging into this branch would change")
    targets.add_argument("--commit", metavar="SHA", help="what one commit changed")
    parser.add_argument("--title", help="what the commit is called, where it is shown")
    _add_options(parser)
    add_common_options(parser)
    _add_words(
        parser,
        limit=1,
        subcommands={},
        metavar="PROMPT",
        help="what to look at and for, in place of the options above; with `-` it is read from stdin",
    )
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-m", "--model", help="model to use")
    add_profile_option(parser)
    parser.add_argument(
        "-s",
        "--sandbox",
        choices=["read-only", "workspace-write", "danger-full-access"],
        metavar="MODE",
        help="what commands may do: read-only, workspace-write or danger-full-access (default: as configured, else "
        "workspace-write in projects with a trust_level and read-only elsewhere)",
    )
    parser.add_argument(
        "--dangerously-bypass-approvals-and-sandbox",
        "--yolo",
        action="store_true",
        help="run commands without a sandbox; for machines that are sandboxes themselves",
    )
    parser.add_argument("-C", "--cd", metavar="DIR", type=Path, help="working folder of the agent")
    parser.add_argument(
        "--add-dir",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="one more folder that may be written to in workspace-write",
    )
    parser.add_argument(
        "-i",
        "--image",
        metavar="FILE",
        dest="images",
        type=_comma_separated,
        action="extend",
        nargs="+",
        default=[],
        help="pictures to show along with the prompt; end the list with `--` before a prompt",
    )
    parser.add_argument("--oss", action="store_true", help="use a model that runs on this machine")
    parser.add_argument(
        "--local-provider",
        metavar="NAME",
        help="what runs it: ollama or lmstudio (default: the configured oss_provider)",
    )
    parser.add_argument("--skip-git-repo-check", action="store_true", help="also run outside of git repositories")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="let this project bring settings, command rules and MCP servers of its own from now on; saved in "
        "config.toml. A project that is marked as untrusted stays so",
    )
    parser.add_argument("--ephemeral", action="store_true", help="do not store the thread")
    parser.add_argument(
        "--ignore-user-config", action="store_true", help="do not read config.toml of CODEX_HOME, only its credentials"
    )
    parser.add_argument("--ignore-rules", action="store_true", help="do not read command rules, of users or projects")
    parser.add_argument("--output-schema", metavar="FILE", type=Path, help="JSON Schema that the answer has to fit")
    parser.add_argument(
        "-o", "--output-last-message", metavar="FILE", type=Path, help="write the final message to a file too"
    )
    parser.add_argument(
        # The second name is what the reference's SDK says.
        "--json",
        "--experimental-json",
        action="store_true",
        help="print events to stdout, one JSON object a line",
    )
    parser.add_argument("--color", choices=["auto", "always", "never"], default="auto", help="default: auto")
    refuse_options(parser, _REFUSED)


def _comma_separated(text: str) -> list[Path]:
    return [Path(part) for part in text.split(",") if part]


Subcommands = Mapping[str, Callable[[], Parser]]


def _add_words(
    parser: argparse.ArgumentParser, *, limit: int, subcommands: Subcommands, metavar: str, help: str
) -> None:
    action = parser.add_argument(
        "words",
        action=_Words,
        nargs=argparse.PARSER,
        # What the parser says; a default of the action's own would be stored after the words.
        default=argparse.SUPPRESS,
        limit=limit,
        subcommands=subcommands,
        metavar=metavar,
        help=help,
    )
    action.required = False


class _Words(argparse.Action):
    """Takes one positional word and has what follows parsed again, options and all."""

    def __init__(
        self, option_strings: Sequence[str], dest: str, *, limit: int, subcommands: Subcommands, **kwargs: Any
    ) -> None:
        super().__init__(option_strings, dest, **kwargs)
        self._limit = limit
        self._subcommands = subcommands

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        words: list[str] = list(values)
        if not namespace.words and words[0] == _HELP:
            parser.parse_args([*words[1:], "--help"], namespace)
        if not namespace.words and words[0] in self._subcommands:
            namespace.subcommand = words[0]
            self._subcommands[words[0]]().parse_args(words[1:], namespace)
            return
        taken, rest = (words[1:], []) if words[0] == "--" else (words[:1], words[1:])
        namespace.words = [*namespace.words, *taken]
        if len(namespace.words) > self._limit:
            parser.error(f"unexpected argument {namespace.words[self._limit]!r}")
        if rest:
            parser.parse_args(rest, namespace)
