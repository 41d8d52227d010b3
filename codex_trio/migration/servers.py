"""MCP servers of the other program as `[mcp_servers]` tables.

Owns what of a server's table has a counterpart. A server that would be another one without the rest is not taken over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec

from codex_trio.config.edit import Edit
from codex_trio.extensions.mcp.settings import Unusable, configured_servers
from codex_trio.migration.reading import MAX_STATE, read_object, read_target_table
from codex_trio.migration.settings import settings_of
from codex_trio.migration.values import MigrationPlace, MigrationPlan, MigrationProblem, MigrationStep, NoCounterpart
from codex_trio.migration.writing import check_target
from codex_trio.util.loose_json import table_of

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}")
_BEARER = re.compile(r"Bearer \$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_STATE = ".claude.json"
_DISABLED = "the other program has it switched off, or never asked about it"


def plan_servers(place: MigrationPlace, home: Path | None) -> MigrationPlan | None:
    """Return what is to be done for MCP_SERVER_CONFIG; `home` has what the user said of projects.

    Raises MigrationProblem.
    """
    given, refused = _of_user(place) if place.cwd is None else _of_project(place, home)
    return servers_plan(place, place.root, given, refused)


def servers_plan(
    place: MigrationPlace, source: Path, given: Mapping[str, Any], refused: list[NoCounterpart]
) -> MigrationPlan | None:
    """Return what is to be done with these servers' tables. Raises MigrationProblem."""
    if not given and not refused:
        return None
    existing = table_of(read_target_table(place.config).get("mcp_servers"))
    steps: list[MigrationStep] = []
    for name in sorted(given):
        if name in existing:
            continue
        try:
            table = _converted(name, given[name])
        except MigrationProblem as problem:
            refused.append(NoCounterpart(name, str(problem)))
        else:
            steps.append(MigrationStep(source=name, target=name, do=partial(_write, place, name, table)))
    return MigrationPlan(
        kind="MCP_SERVER_CONFIG",
        place=place,
        description=f"Migrate MCP servers from {source} into {place.config}",
        steps=tuple(steps),
        refused=tuple(sorted(refused, key=lambda one: one.source)),
    )


def _of_user(place: MigrationPlace) -> tuple[dict[str, Any], list[NoCounterpart]]:
    return dict(servers_in(read_object(place, place.root / _STATE, limit=MAX_STATE) or {}, f"~/{_STATE}")), []


def _of_project(place: MigrationPlace, home: Path | None) -> tuple[dict[str, Any], list[NoCounterpart]]:
    state, refused = None, list[NoCounterpart]()
    if home is not None:
        try:
            # Links in their home are the user's own.
            of_user = msgspec.structs.replace(place, root=home, cwd=None)
            state = read_object(of_user, home / _STATE, limit=MAX_STATE)
        except MigrationProblem as problem:
            refused.append(NoCounterpart(f"~/{_STATE}", str(problem)))
    entry = table_of(table_of((state or {}).get("projects")).get(str(place.root)))
    own = dict(servers_in(entry, f"~/{_STATE}"))
    shared = dict(servers_in(read_object(place, place.root / ".mcp.json") or {}, ".mcp.json"))
    says = [*settings_of(place), entry]
    off, chosen = _names(says, "disabledMcpjsonServers"), _names(says, "enabledMcpjsonServers")
    everything = any(one.get("enableAllProjectMcpServers") is True for one in says)
    left_out = {name for name in shared if name in off or (chosen and not everything and name not in chosen)}
    refused += [NoCounterpart(name, _DISABLED) for name in left_out if name not in own]
    return {name: table for name, table in shared.items() if name not in left_out} | own, refused


def servers_in(table: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """Yield the servers of a document by their names. Raises MigrationProblem."""
    servers = table.get("mcpServers", {})
    if not isinstance(servers, dict):
        raise MigrationProblem(f"`mcpServers` in {where} is no object")
    yield from cast("dict[str, Any]", servers).items()


def _names(tables: list[dict[str, Any]], key: str) -> set[str]:
    found: set[str] = set()
    for table in tables:
        names = table.get(key)
        if isinstance(names, list):
            found.update(name for name in cast("list[Any]", names) if isinstance(name, str))
    return found


def _write(place: MigrationPlace, name: str, table: dict[str, Any]) -> None:
    check_target(place, place.config)
    place.edit([Edit(path=("mcp_servers", name), value=table, merge=False)])


def _converted(name: str, given: Any) -> dict[str, Any]:
    """Return a server's table. Raises MigrationProblem."""
    if not isinstance(given, dict):
        raise MigrationProblem("it is no object")
    server = table_of(given)
    if server.get("disabled") is True:
        raise MigrationProblem(_DISABLED)
    kind = server.get("type", "stdio" if "command" in server else "http")
    if kind == "stdio":
        table = _process(server)
    elif kind in ("http", "streamable-http", "streamableHttp"):
        table = _address(server)
    else:
        raise MigrationProblem(f"servers of the type {kind!r} are not supported; there are stdio and http")
    usable = configured_servers({"mcp_servers": {name: table}})[name].transport
    if isinstance(usable, Unusable):
        raise MigrationProblem(usable.problem)
    return table


def _process(server: dict[str, Any]) -> dict[str, Any]:
    args = server.get("args", [])
    command = _literal("command", server.get("command"))
    if not isinstance(args, list):
        raise MigrationProblem("`args` is no list")
    table: dict[str, Any] = {"command": command}
    if args:
        table["args"] = [_literal(f"args[{place}]", arg) for place, arg in enumerate(cast("list[Any]", args))]
    own: dict[str, str] = {}
    passed: list[str] = []
    for variable, value in table_of(server.get("env")).items():
        named = _VARIABLE.fullmatch(value) if isinstance(value, str) else None
        if named is not None and named.group(1) == variable:
            passed.append(variable)
        else:
            own[variable] = _literal(f"env.{variable}", value)
    if passed:
        table["env_vars"] = passed
    if own:
        table["env"] = own
    return table


def _address(server: dict[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = {"url": _literal("url", server.get("url"))}
    if "headersHelper" in server:
        raise MigrationProblem("its headers come from a program (`headersHelper`), which is not supported")
    fixed: dict[str, str] = {}
    named: dict[str, str] = {}
    for header, value in table_of(server.get("headers")).items():
        bearer = _BEARER.fullmatch(value) if isinstance(value, str) else None
        variable = _VARIABLE.fullmatch(value) if isinstance(value, str) else None
        if bearer is not None and header.lower() == "authorization":
            table["bearer_token_env_var"] = bearer.group(1)
        elif variable is not None:
            named[header] = variable.group(1)
        else:
            fixed[header] = _literal(f"headers.{header}", value)
    if fixed:
        table["http_headers"] = fixed
    if named:
        table["env_http_headers"] = named
    client_id = table_of(server.get("oauth")).get("clientId")
    if isinstance(client_id, str):
        table["oauth"] = {"client_id": client_id}
    return table


def _literal(key: str, value: Any) -> str:
    """Return a text that means itself. Raises MigrationProblem."""
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if not isinstance(value, str) or "\0" in value:
        raise MigrationProblem(f"`{key}` is no text")
    if _VARIABLE.search(value):
        raise MigrationProblem(f"`{key}` has a variable in it, which would not be replaced: {value[:200]}")
    return value
