"""Options that every subcommand takes, before or after its name, and the errors of a command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any, TypeVar

from codex_trio.config.features import known_names
from codex_trio.config.overrides import Override, OverrideError, feature_override, parse_override
from codex_trio.util.spelling import did_you_mean

T = TypeVar("T")


class UsageError(Exception):
    """The command line or the environment asks for something impossible; the text says what."""


class InvalidValue(Exception):
    """The value of an option is none that it takes; the text says which option and why."""


def value_of(option: str, read: Callable[[str], T]) -> Callable[[str], T]:
    """Return a reader of an option's values for argparse, whose own refusals leave out what was typed.

    Args:
        option: as help shows it, such as `--listen <URL>`.
        read: raises ValueError with a text for people.
    """

    def checked(value: str) -> T:
        try:
            return read(value)
        except ValueError as error:
            raise InvalidValue(f"invalid value '{value}' for '{option}': {error}") from None

    return checked


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Configuration overrides. Given on both sides of the subcommand they add up."""
    options = parser.add_argument_group("configuration")
    options.add_argument(
        "-c",
        "--config",
        action=_Collect,
        metavar="KEY=VALUE",
        help="override a configuration value; the value is TOML, or text if it is no TOML",
    )
    options.add_argument("--enable", action=_Collect, metavar="FEATURE", help="same as -c features.FEATURE=true")
    options.add_argument("--disable", action=_Collect, metavar="FEATURE", help="same as -c features.FEATURE=false")
    options.add_argument(
        "--strict-config",
        action="store_true",
        default=argparse.SUPPRESS,
        help="refuse to start with configuration keys that nobody reads",
    )


_PROFILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
"""What can be part of a file's name anywhere."""


def add_profile_option(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a file on top of the user's own. Behind the subcommand it beats the one before it."""
    parser.add_argument(
        "-p",
        "--profile",
        metavar="NAME",
        type=value_of("--profile <NAME>", _profile_name),
        default=argparse.SUPPRESS,
        help="put $CODEX_HOME/NAME.config.toml on top of config.toml",
    )


def _profile_name(text: str) -> str:
    if _PROFILE_NAME.fullmatch(text) is None:
        raise ValueError(f"invalid --profile value `{text}`; pass a plain name such as `work`")
    return text


_SETTINGS = "settings of "


class _Collect(argparse.Action):
    """Keeps settings of all kinds in order, each parser's by themselves: a subparser's values replace its parent's."""

    def __init__(self, option_strings: list[str], dest: str, **kwargs: Any) -> None:
        super().__init__(option_strings, _SETTINGS, default=argparse.SUPPRESS, **kwargs)
        self._kind = dest

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        name = _SETTINGS + parser.prog
        setattr(namespace, name, [*getattr(namespace, name, []), (self._kind, values)])


def config_overrides(options: argparse.Namespace) -> tuple[Override, ...]:
    """Return the overrides on a command line, in order. Raises UsageError."""
    collected = (values for name, values in vars(options).items() if name.startswith(_SETTINGS))
    return tuple(_override(kind, value) for values in collected for kind, value in values)


def _override(kind: str, value: str) -> Override:
    if kind == "config":
        try:
            return parse_override(value)
        except OverrideError as error:
            raise UsageError(f"error parsing -c overrides: {error}") from error
    return feature_override(known_feature(value), enabled=kind == "enable")


def known_feature(name: str) -> str:
    """Return the name of a feature switch. Raises UsageError for one that there is not."""
    if name not in known_names():
        question = did_you_mean(name, known_names())
        raise UsageError(f"Unknown feature flag: {name}{question and '.'}{question}")
    return name
