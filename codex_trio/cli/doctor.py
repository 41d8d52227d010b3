"""`codex-trio doctor`: tells whether this installation can work, and what stands in the way.

Owns what is looked at and how it is shown. All but the programs is asked over the protocol, of a server in this
process: what this command finds, any client can.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import trio

from codex_trio.cli.options import config_overrides
from codex_trio.cli.parser import Parser, refuse_options
from codex_trio.cli.surroundings import codex_home, current_folder, first_of
from codex_trio.client.connection import AppServerClient
from codex_trio.client.errors import AppServerError, ServerGone
from codex_trio.client.render import visible
from codex_trio.config.errors import StartupRefused
from codex_trio.in_process import open_in_process_server
from codex_trio.server.app import AppSettings
from codex_trio.telemetry import logs
from codex_trio.version import PROTOCOL_RELEASE, __version__

_PROGRAMS = {"git": "what branch a folder is on, and diffs, are not known", "sh": "commands cannot run"}
_PLAIN = "what is printed is plain text"
_WARNINGS = ("configWarning", "warning")

State = Literal["ok", "warning", "failed"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at; `details` are sentences for people."""

    name: str
    state: State
    summary: str
    details: tuple[str, ...] = ()


def configure(parser: Parser) -> None:
    """Add the options of this subcommand."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--summary", action="store_true", help="print a line for each check, without details")
    for option, nature in (("--all", "lists are never shortened"), ("--no-color", _PLAIN), ("--ascii", _PLAIN)):
        parser.add_argument(option, action="store_true", help=f"has no effect: {nature}")
    refuse_options(parser, {"--network-only": "no provider is asked; `codex-trio exec` shows whether yours answers"})
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the checks. 1 when one failed, else 0. Raises UsageError."""
    settings = AppSettings(
        codex_home=codex_home(environ),
        environ=environ,
        cwd=current_folder(),
        overrides=config_overrides(options),
        strict_config=getattr(options, "strict_config", False),
        system_dir=options.system_dir,
    )
    end_logs = logs.configure({"RUST_LOG": "error", **environ}, sys.stderr)
    try:
        checks = [_installation(), *trio.run(_ask, settings), *_programs(environ)]
    finally:
        end_logs()
    print(_as_json(checks) if options.json else _as_text(checks, details=not options.summary))
    return int(any(check.state == "failed" for check in checks))


def _installation() -> Check:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return Check(
        name="installation",
        state="ok",
        summary=f"codex-trio {__version__}, app-server protocol {PROTOCOL_RELEASE}, {python}",
        details=(sys.executable,),
    )


async def _ask(settings: AppSettings) -> list[Check]:
    """Return what a server of this configuration says of itself."""
    told: list[str] = []

    def note(_sender: str, message: Any) -> None:
        if message.get("method") in _WARNINGS:
            told.append(_words(message["params"]))

    found: list[Check] = []
    warned: tuple[str, ...] = ()
    try:
        async with open_in_process_server(settings) as server, server.connect(observer=note) as client:
            home = (await client.initialize("codex-trio-doctor", __version__, experimental=True))["codexHome"]
            # What a turn would meet: the folder's settings and the command rules among it.
            started = await client.request("thread/start", {"ephemeral": True, "config": await _no_servers(client)})
            found += [await _home(client, home), _model(started), await _account(client, started, settings.environ)]
            warned = tuple(dict.fromkeys(told))
            diagnosed = await client.request("server/diagnostics", {})
            found += [_sandbox(diagnosed["sandbox"]), _limits(diagnosed["limits"])]
            folder = {"cwds": [started["cwd"]]}
            found += _hooks((await client.request("hooks/list", folder))["data"])
            found += _skills((await client.request("skills/list", folder))["data"])
    except* (AppServerError, ServerGone, StartupRefused, OSError) as group:
        error = first_of(group)
        summary, *details = (error.message if isinstance(error, AppServerError) else str(error)).strip().splitlines()
        found = [Check(name="configuration", state="failed", summary=summary, details=tuple(details))]
    else:
        summary = "the server warns" if warned else "nothing to be said against it"
        state: State = "warning" if warned else "ok"
        found.insert(0, Check(name="configuration", state=state, summary=summary, details=warned))
    return found


async def _no_servers(client: AppServerClient) -> dict[str, Any]:
    """Return the settings by which no MCP server of the user is started: to look is not to work."""
    try:
        config = (await client.request("config/read", {"cwd": os.getcwd()}))["config"]
    except AppServerError:
        return {}  # starting a thread says what is wrong
    off = {"enabled": False, "required": False}
    return {"mcp_servers": dict.fromkeys(config["mcp_servers"], off)} if config["mcp_servers"] else {}


def _words(params: Mapping[str, Any]) -> str:
    parts = (params.get("summary") or params.get("message"), params.get("details"), params.get("path"))
    return ": ".join(part for part in parts if part)


async def _home(client: AppServerClient, home: str) -> Check:
    await client.request("thread/list", {"limit": 1})
    free = shutil.disk_usage(home).free
    summary = f"{home}, {free / 2**30:.1f} GiB free"
    return Check(name="home", state="ok" if free > 2**30 else "warning", summary=summary)


def _model(started: Mapping[str, Any]) -> Check:
    return Check(name="model", state="ok", summary=f"{started['model']} of {started['modelProvider']}")


async def _account(client: AppServerClient, started: Mapping[str, Any], environ: Mapping[str, str]) -> Check:
    answer = await client.request("account/read", {})
    if answer["account"] is not None:
        return Check(name="account", state="ok", summary=answer["account"]["type"])
    if answer["requiresOpenaiAuth"]:
        advice = "set OPENAI_API_KEY, or name a provider"
        return Check(name="account", state="failed", summary="no credentials", details=(advice,))
    config: dict[str, Any] = (await client.request("config/read", {}))["config"]
    providers: dict[str, dict[str, Any]] = config.get("model_providers") or {}
    provider = providers.get(started["modelProvider"], {})
    variable: str | None = provider.get("env_key")
    if variable is None:
        return Check(name="account", state="ok", summary="the provider asks for no key of a variable")
    if not environ.get(variable):
        advice = str(provider.get("env_key_instructions") or "the provider's key is taken from there")
        return Check(name="account", state="failed", summary=f"{variable} is not set", details=(advice,))
    return Check(name="account", state="ok", summary=f"the key in {variable}")


def _sandbox(found: Mapping[str, Any]) -> Check:
    details = [f"{other['launcher']} is not used: {other['reason']}" for other in found["passedOver"]]
    landlock = "none" if found["landlockAbi"] is None else f"ABI {found['landlockAbi']}"
    spaces, filters = (("yes" if found[name] else "no") for name in ("userNamespaces", "seccomp"))
    details.append(f"user namespaces: {spaces}; Landlock: {landlock}; seccomp: {filters}")
    if found["launcher"] is None:
        summary = "nothing can confine commands here: each one is asked for"
        return Check(name="sandbox", state="failed", summary=summary, details=tuple(details))
    used = " ".join(filter(None, [found["launcher"], found["version"], found["program"]]))
    state: State = "warning" if found["launcher"] == "landlock" else "ok"
    return Check(name="sandbox", state=state, summary=used, details=tuple(details))


def _limits(found: Sequence[Mapping[str, Any]]) -> Check:
    held = [f"{limit['name']} {limit['value']}" for limit in found if limit["value"] is not None and limit["heldBy"]]
    details = [
        ": ".join(filter(None, [limit["name"], limit["heldBy"] and f"held by {limit['heldBy']}", limit["note"]]))
        for limit in found
    ]
    summary = f"each command has at most: {', '.join(held)}" if held else "nothing limits what a command takes"
    return Check(name="limits", state="ok", summary=summary, details=tuple(details))


def _hooks(folders: Sequence[Mapping[str, Any]]) -> list[Check]:
    """Return what there is to say of hooks, where there are some: one that is not trusted never runs."""
    hooks: list[Mapping[str, Any]] = [hook for folder in folders for hook in folder["hooks"] if hook["enabled"]]
    details = [warning for folder in folders for warning in folder["warnings"]] + _problems(folders)
    waiting = [hook for hook in hooks if hook["trustStatus"] in ("untrusted", "modified")]
    details += [
        f"{hook['eventName']} of {hook['sourcePath']} waits for trust, in config.toml: "
        f"[hooks.state.{json.dumps(hook['key'])}] with trusted_hash = {json.dumps(hook['currentHash'])}"
        for hook in waiting
    ]
    if not hooks and not details:
        return []
    state: State = "warning" if details else "ok"
    summary = f"{len(hooks) - len(waiting)} of {len(hooks)} run"
    return [Check(name="hooks", state=state, summary=summary, details=(*details,))]


def _skills(folders: Sequence[Mapping[str, Any]]) -> list[Check]:
    """Return what there is to say of skills: one that cannot be read is offered to nobody."""
    details = _problems(folders)
    state: State = "warning" if details else "ok"
    count = sum(len(folder["skills"]) for folder in folders)
    return [Check(name="skills", state=state, summary=f"{count} found", details=(*details,))]


def _problems(folders: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{problem['path']}: {problem['message']}" for folder in folders for problem in folder["errors"]]


def _programs(environ: Mapping[str, str]) -> list[Check]:
    checks: list[Check] = []
    for name, loss in _PROGRAMS.items():
        path = shutil.which(name, path=environ.get("PATH", os.defpath))
        if path is None:
            checks.append(Check(name=name, state="warning", summary=f"not on PATH: {loss}"))
        else:
            checks.append(Check(name=name, state="ok", summary=path))
    return checks


def _as_json(checks: Sequence[Check]) -> str:
    return json.dumps({"checks": msgspec.to_builtins(checks)}, indent=2)


def _as_text(checks: Sequence[Check], *, details: bool) -> str:
    lines: list[str] = []
    for check in checks:
        lines.append(f"{check.state:<8} {check.name:<14} {visible(check.summary)}")
        if details:
            lines += [f"{'':<24}{visible(line)}" for detail in check.details for line in detail.splitlines()]
    return "\n".join(lines)
