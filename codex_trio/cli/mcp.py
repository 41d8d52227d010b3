"""`codex-trio mcp`: the MCP servers that the user's configuration names, and logging in to them.

Owns the command line. Does not own settings of servers (`extensions.mcp.settings`), how they are shown (`mcp_show`) and
written (`config.write`), or logging in (`extensions.mcp.oauth`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from codex_trio.cli.mcp_show import ShownServer, as_json, listed_as_json, print_server, print_servers, shown_servers
from codex_trio.cli.options import UsageError, add_common_options
from codex_trio.cli.parser import Parser
from codex_trio.cli.user_config import config_service, loaded
from codex_trio.config.edit import Edit
from codex_trio.config.errors import ConfigWriteError
from codex_trio.config.service import ConfigService
from codex_trio.config.write import effective_stack, write_edits
from codex_trio.extensions.mcp.settings import (
    HttpAddress,
    McpServerSettings,
    Unusable,
    configured_servers,
    oauth_settings,
)
from codex_trio.util.addresses import is_web_address, shown_address

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def configure(parser: Parser) -> None:
    """Add the commands of this subcommand."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_CommandParser)
    add = _command(commands, "add", "name a server in the user's configuration", _add)
    add.add_argument("name", metavar="NAME")
    add.add_argument("--url", metavar="URL", help="the address of a server behind HTTP")
    add.add_argument("--env", metavar="KEY=VALUE", action="append", default=[], help="a variable for the command")
    add.add_argument("--bearer-token-env-var", metavar="ENV_VAR", help="the variable that holds a token for --url")
    add.add_argument("--oauth-client-id", metavar="CLIENT_ID", help="how the login server of --url knows this client")
    add.add_argument("--oauth-client-secret", metavar="SECRET", help="the secret that goes with --oauth-client-id")
    add.add_argument("--oauth-resource", metavar="RESOURCE", help="what else tokens of --url are to be for")
    _add_registration(add)
    add.takes_command = True
    add.usage = "%(prog)s [OPTIONS] NAME (--url URL | -- COMMAND...)"
    remove = _command(commands, "remove", "take a server out of the user's configuration", _remove)
    remove.add_argument("name", metavar="NAME")
    for name, what, run in (("list", "show all servers", _list), ("get", "show one server", _get)):
        shown = _command(commands, name, what, run)
        shown.add_argument("--json", action="store_true", help="as JSON")
        if name == "get":
            shown.add_argument("name", metavar="NAME")
    login = _command(commands, "login", "log in to a server", _log_in)
    login.add_argument("name", metavar="NAME")
    login.add_argument("--scopes", metavar="SCOPE,SCOPE", help="what to ask for")
    login.add_argument("--no-browser", action="store_true", help="only print the page, and take the address it ends at")
    _add_registration(login)
    logout = _command(commands, "logout", "forget the login to a server", _log_out)
    logout.add_argument("name", metavar="NAME")
    parser.subcommand_words = frozenset(commands.choices)


class _CommandParser(Parser):
    """Keeps what stands behind `--` apart: argparse would have it directly behind the name."""

    takes_command = False

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> tuple[Any, list[str]]:
        given = [] if args is None else list(args)
        end = given.index("--") if "--" in given else len(given)
        if given[end:] and not self.takes_command:
            self.error("unexpected argument '--'")
        options, unknown = super().parse_known_args(given[:end], namespace)
        options.command = given[end + 1 :]
        return options, unknown


def _command(commands: Any, name: str, what: str, run: Any) -> _CommandParser:
    parser = commands.add_parser(name, help=what, description=what)
    add_common_options(parser)
    parser.set_defaults(run=run)
    return parser


def _add_registration(parser: Parser) -> None:
    parser.add_argument(
        "--oauth-client-registration",
        choices=["auto", "cimd", "dcr"],
        help="how a login server gets to know this client that has no CLIENT_ID there: it is registered (dcr, auto); "
        "cimd is not supported",
    )


def _check_registration(options: argparse.Namespace, client_id: str | None) -> None:
    if options.oauth_client_registration == "cimd" and client_id is None:
        raise UsageError(
            "invalid value 'cimd' for '--oauth-client-registration': this client has no document on the web; leave the "
            "option out, or name a client that is known there by `codex-trio mcp add --oauth-client-id`"
        )


def _add(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    table = _http_table(options) if options.url is not None else _stdio_table(options)
    _check_registration(options, options.oauth_client_id)
    config = config_service(options, environ)
    checked = configured_servers({"mcp_servers": {options.name: table}})[options.name]
    if isinstance(checked.transport, Unusable):
        raise UsageError(checked.transport.problem)
    _check_that_it_holds_servers(config)
    _write(config, Edit(path=("mcp_servers", options.name), value=table, merge=False))
    print(f"Added global MCP server '{options.name}'.")
    if isinstance(checked.transport, HttpAddress) and not checked.transport.has_own_authorization:
        _tell_how_to_log_in(options.name, checked.transport, config)
    return os.EX_OK


def _tell_how_to_log_in(name: str, address: HttpAddress, config: ConfigService) -> None:
    if address.client_id is not None:
        from codex_trio.extensions.mcp.oauth.callback import LOOPBACK, usual_path

        everywhere = oauth_settings(effective_stack(config).merged).callback_url
        print(f"OAuth callback URL: {everywhere or LOOPBACK + usual_path(name, address.url)}")
    print(f"Where that server asks for a login, run `codex-trio mcp login {name}`.")


def _check_that_it_holds_servers(config: ConfigService) -> None:
    """Raise UsageError where something else stands in the place of the servers, which would be lost.

    A server whose own table cannot be used is no hindrance: it may be the one that is put right.
    """
    try:
        user = effective_stack(config).layer("user")
    except ConfigWriteError as error:
        raise UsageError(error.message) from error
    if user is not None and not isinstance(user.table.get("mcp_servers", {}), dict):
        raise UsageError(f"{config.paths.written_config}: mcp_servers is no table; take that line out first")


def _stdio_table(options: argparse.Namespace) -> dict[str, Any]:
    for name in (
        "bearer_token_env_var",
        "oauth_client_id",
        "oauth_client_secret",
        "oauth_client_registration",
        "oauth_resource",
    ):
        if getattr(options, name) is not None:
            raise UsageError(f"'--{name.replace('_', '-')}' is for servers with --url only")
    if not options.command:
        raise UsageError("what to add is missing: --url URL, or a command behind --")
    table: dict[str, Any] = {"command": options.command[0]}
    if options.command[1:]:
        table["args"] = options.command[1:]
    if options.env:
        table["env"] = dict(_variable(given) for given in options.env)
    return table


def _http_table(options: argparse.Namespace) -> dict[str, Any]:
    if options.command:
        raise UsageError("a server has either --url or a command")
    if options.env:
        raise UsageError("'--env' is for servers with a command only")
    if not is_web_address(options.url):
        shown = shown_address(options.url)
        raise UsageError(f"invalid value '{shown}' for '--url <URL>': it is no http:// or https:// address")
    table: dict[str, Any] = {"url": options.url}
    if options.bearer_token_env_var is not None:
        if not _VARIABLE.fullmatch(options.bearer_token_env_var):
            raise UsageError(
                f"invalid value '{options.bearer_token_env_var}' for '--bearer-token-env-var <ENV_VAR>': "
                "it is no name of a variable"
            )
        table["bearer_token_env_var"] = options.bearer_token_env_var
    if options.oauth_client_id is not None:
        table["oauth"] = {"client_id": options.oauth_client_id}
        if options.oauth_client_secret is not None:
            table["oauth"]["client_secret"] = options.oauth_client_secret
    elif options.oauth_client_secret is not None:
        raise UsageError("'--oauth-client-secret' goes with '--oauth-client-id'")
    if options.oauth_resource is not None:
        table["oauth_resource"] = options.oauth_resource
    return table


def _variable(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not name or not equals:
        raise UsageError(f"invalid value '{given}' for '--env <KEY=VALUE>': there is no name and value")
    return name, value


def _remove(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    config = config_service(options, environ)
    user = loaded(config).stack.layer("user")
    if user is None or options.name not in (user.table.get("mcp_servers") or {}):
        print(f"No MCP server named '{options.name}' found.")
        return os.EX_OK
    _write(config, Edit(path=("mcp_servers", options.name), value=None, merge=False))
    print(f"Removed global MCP server '{options.name}'.")
    return os.EX_OK


def _list(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    # Imported here: only what shows logins, and logging in, need connections.
    from codex_trio.cli.mcp_login import login_states

    config = config_service(options, environ)
    servers = _shown_servers(config)
    states = login_states([server.settings for server in servers.values() if server.is_enabled], config, environ)
    if options.json:
        print(json.dumps([listed_as_json(server, states) for server in servers.values()], indent=2))
    elif servers:
        print_servers(servers.values(), states)
    else:
        print("No MCP servers configured yet. Try `codex-trio mcp add my-tool -- my-command`.")
    return os.EX_OK


def _get(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    server = _shown_servers(config_service(options, environ)).get(options.name)
    if server is None:
        raise UsageError(_no_server(options.name))
    if options.json:
        print(json.dumps(as_json(server), indent=2))
    else:
        print_server(server)
    return os.EX_OK


def _log_in(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from codex_trio.cli.mcp_login import log_in

    scopes = None if options.scopes is None else [scope for scope in options.scopes.split(",") if scope]
    address = _address(options, environ, "login")
    _check_registration(options, address.client_id)
    config = config_service(options, environ)
    log_in(options.name, address, config, environ, scopes=scopes, browser=not options.no_browser)
    print(f"Successfully logged in to MCP server '{options.name}'.")
    return os.EX_OK


def _log_out(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from codex_trio.cli.mcp_login import log_out

    address = _address(options, environ, "logout")
    if log_out(options.name, address, config_service(options, environ), environ):
        print(f"Removed OAuth credentials for '{options.name}'.")
    else:
        print(f"No OAuth credentials stored for '{options.name}'.")
    return os.EX_OK


def _write(config: ConfigService, edit: Edit) -> None:
    try:
        write_edits(config, [edit])
    except ConfigWriteError as error:
        raise UsageError(error.message) from error


def _shown_servers(config: ConfigService) -> dict[str, ShownServer]:
    effective = loaded(config)
    merged = effective.stack.merged
    return shown_servers(configured_servers(merged), merged, effective.requirements)


def _server(options: argparse.Namespace, environ: Mapping[str, str]) -> McpServerSettings:
    servers = configured_servers(loaded(config_service(options, environ)).stack.merged)
    settings = servers.get(options.name)
    if settings is None:
        raise UsageError(_no_server(options.name))
    return settings


def _no_server(name: str) -> str:
    return f"No MCP server named '{name}' found."


def _address(options: argparse.Namespace, environ: Mapping[str, str], what: str) -> HttpAddress:
    transport = _server(options, environ).transport
    if isinstance(transport, Unusable):
        raise UsageError(transport.problem)
    if not isinstance(transport, HttpAddress):
        raise UsageError(f"OAuth {what} is only supported for streamable HTTP servers.")
    if transport.has_own_authorization:
        raise UsageError(f"MCP server '{options.name}' is let in by what its settings say; nobody logs in to it.")
    return transport
