"""Parsers of command lines that name what they do not know, and what may have been meant.

Owns the form of errors and suggestions. Does not own any option.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NoReturn

_USAGE_ERROR = 2


class Parser(argparse.ArgumentParser):
    """Takes no abbreviations: `--da` must not become the most dangerous option that begins so."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)
        self.subcommand_words: frozenset[str] = frozenset()
        """Behind these stands what another parser knows."""
        self.ends_in_command = False
        """Whether the first word that is no option begins a command, whose own options are none of ours."""

    def error(self, message: str) -> NoReturn:
        """Print the error, and where help is to be had; not the whole usage. Exit with 2."""
        self.exit(_USAGE_ERROR, f"error: {message}\n\nFor more information, try '{self.prog} --help'.\n")

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]  # one of argparse's own overloads
        self, args: Iterable[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse, and let nothing unknown through: argparse has the outermost parser complain of a subcommand's."""
        args = sys.argv[1:] if args is None else list(args)
        args, command = self._without_command(args)
        misspelt = self._unknown_option(args)
        if misspelt is not None:
            self._refuse(misspelt)
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse(unknown[0])
        if self.ends_in_command:
            if not command:
                self.error("the following arguments are required: COMMAND")
            options.command = command
        return options, unknown

    def _without_command(self, given: list[str]) -> tuple[list[str], list[str]]:
        if not self.ends_in_command:
            return given, []
        at = 0
        while at < len(given) and given[at] not in ("-", "--") and given[at].startswith("-"):
            option = self._option_string_actions.get(given[at])
            at += 1 if option is None or option.nargs == 0 else 2
        return given[:at], given[at + 1 :] if given[at : at + 1] == ["--"] else given[at:]

    def _unknown_option(self, arguments: Sequence[str]) -> str | None:
        """Return the first option that is none. argparse would rather complain of what was meant to be its value."""
        for argument in arguments:
            if argument == "--" or argument in self.subcommand_words:
                break
            # What holds a blank is taken for a positional word.
            if argument.startswith("--") and " " not in argument and argument.partition("=")[0] not in self._names():
                return argument
        return None

    def _refuse(self, argument: str) -> NoReturn:
        known = [name for name in self._names() if name.startswith("--")]
        tip = suggestion(argument.partition("=")[0], known, "argument") if argument.startswith("-") else ""
        self.error(f"unexpected argument '{argument}'{tip}")

    def _names(self) -> Collection[str]:
        return self._option_string_actions.keys()


def suggestion(word: str, known: Iterable[str], kind: str) -> str:
    """Return a line that names what is spelt alike, to be put behind an error; empty when nothing is."""
    # Imported here: most command lines hold no mistake.
    from difflib import get_close_matches

    similar = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"\n\n  tip: a similar {kind} exists: '{similar[0]}'" if similar else ""


class NotSupported(argparse.Action):
    """An option that other programs of this kind take: refused with the way out instead of as unknown."""

    def __init__(self, option_strings: Sequence[str], dest: str, *, advice: str) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs="?", help=argparse.SUPPRESS)
        self._advice = advice

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        parser.error(f"'{option}' is not supported{self._advice and f': {self._advice}'}")


def refuse_options(parser: argparse.ArgumentParser, advice: Mapping[str, str]) -> None:
    """Have options refused. The keys are their spellings, separated by blanks; the values say what to do instead."""
    for spellings, text in advice.items():
        parser.add_argument(*spellings.split(), action=NotSupported, advice=text)
