"""The options that say where the server listens, and who may connect there.

Owns their spelling and what each of them takes. Does not own how the authentication settings go together
(`transport.ws_auth`).
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from codex_trio.cli.options import InvalidValue, UsageError, value_of
from codex_trio.transport.listen import ListenRefused, StdioAddress, parse_listen_url

if TYPE_CHECKING:
    from codex_trio.transport.ws_auth import AuthenticatorLoader

_WS_AUTH_MODES = ("capability-token", "signed-bearer-token")
_MAX_U64 = 2**64 - 1


def add_listen_options(parser: argparse.ArgumentParser) -> None:
    """Add them; `options.listen` will be the address."""
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--listen",
        metavar="URL",
        type=value_of("--listen <URL>", parse_listen_url),
        default=StdioAddress(),
        help="where to listen: stdio:// (default), ws://IP:PORT, unix:// (the default socket), unix://PATH, or off",
    )
    place.add_argument(
        "--stdio", dest="listen", action="store_const", const=StdioAddress(), help="the same as --listen stdio://"
    )
    add_authentication_options(parser)


def add_authentication_options(parser: argparse.ArgumentParser) -> None:
    """Add those that say who may connect to a websocket."""
    group = parser.add_argument_group("websocket authentication")
    group.add_argument("--ws-auth", metavar="MODE", type=_mode, help=f"how clients prove who they are: {_MODES_SHOWN}")
    for name, metavar, read, summary in (
        ("--ws-token-file", "PATH", _path, "file that holds the capability token"),
        ("--ws-token-sha256", "HEX", str, "SHA-256 digest of the capability token, instead of the file"),
        ("--ws-shared-secret-file", "PATH", _path, "file that holds the secret that signs bearer tokens (JWT, HS256)"),
        ("--ws-issuer", "ISSUER", str, "the issuer that signed tokens must name"),
        ("--ws-audience", "AUDIENCE", str, "the audience that signed tokens must name"),
        ("--ws-max-clock-skew-seconds", "SECONDS", _seconds, "how far clocks may be apart (default: 30)"),
    ):
        group.add_argument(name, metavar=metavar, type=value_of(f"{name} <{metavar}>", read), help=summary)


def authentication(options: argparse.Namespace) -> AuthenticatorLoader | None:
    """Check the authentication options, for every transport alike; None when none are given.

    Raises:
        UsageError: they do not go together.
    """
    given = {name: value for name, value in vars(options).items() if name.startswith("ws_") and value is not None}
    if not given:
        return None
    # Imported here because editors, which use none of them, wait for the start.
    from codex_trio.transport.ws_auth import AuthSettings, plan_authentication

    mode = given.pop("ws_auth", None)
    try:
        return plan_authentication(
            AuthSettings(mode=mode, **{name.removeprefix("ws_"): value for name, value in given.items()})
        )
    except ListenRefused as refused:
        raise UsageError(str(refused)) from refused


_MODES_SHOWN = ", ".join(_WS_AUTH_MODES)


def _mode(value: str) -> str:
    if value not in _WS_AUTH_MODES:
        raise InvalidValue(f"invalid value '{value}' for '--ws-auth <MODE>'\n  [possible values: {_MODES_SHOWN}]")
    return value


def _path(value: str) -> Path:
    if not value:
        raise ValueError("a path is needed")
    return Path(value)


def _seconds(value: str) -> int:
    if not value:
        raise ValueError("cannot parse integer from empty string")
    if not re.fullmatch(r"\+?[0-9]+", value):
        raise ValueError("invalid digit found in string")
    digits = value.lstrip("+0") or "0"
    if len(digits) > len(str(_MAX_U64)) or int(digits) > _MAX_U64:
        raise ValueError("number too large to fit in target type")
    return int(digits)
