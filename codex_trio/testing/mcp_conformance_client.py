"""The client that the official MCP conformance suite drives: an app-server, with a person who allows everything.

    conformance client --suite all --command "python -m codex_trio.testing.mcp_conformance_client"

It may be told another app-server's command, behind its own name. Owns what a person and an editor do: the server at the
address that comes last is configured, logged in to where it asks for that, and each of its tools called in a thread;
again, after a login that reaches farther, where one is refused for that. Everything else is the app-server's. Exit code
1, with the reason, where a login or a call fails.
"""

import json
import os
import sys
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import trio

from codex_trio.client.connection import AppServerClient, ServerRequest, Subscription
from codex_trio.client.errors import AppServerError
from codex_trio.client.process import open_stdio_client
from codex_trio.client.turns import start_thread

NAME = "suite"
ARGUMENTS: Mapping[str, Any] = {"string": "text", "number": 2, "integer": 2, "boolean": True, "array": [], "object": {}}
"""What a tool gets for a parameter of a type."""

NOT_FOUND = "Method not found"
"""What servers say to a call whose tools are there to be listed only."""

LOGINS = 3
"""How often the person logs in, at most."""

PATIENCE_SECONDS = 25.0
"""The suite's own are 30."""


async def main(command: Sequence[str], url: str, context: Mapping[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        places = {name: Path(folder, name) for name in ("HOME", "CODEX_HOME", "TMPDIR", "work")}
        for place in places.values():
            place.mkdir()
        (places["CODEX_HOME"] / "config.toml").write_text(settings(url, context))
        env = {"PATH": os.environ["PATH"], **{name: str(place) for name, place in places.items()}}
        with trio.fail_after(PATIENCE_SECONDS):
            async with open_stdio_client(command, env=env, cwd=places["work"]) as server:
                await use(server.client)


def settings(url: str, context: Mapping[str, Any]) -> str:
    """Return the configuration with the server, known to it by what the suite has registered if anything."""
    lines = ['mcp_oauth_credentials_store = "file"', f"[mcp_servers.{NAME}]", f"url = {json.dumps(url)}"]
    if "client_id" in context:
        lines += [f"[mcp_servers.{NAME}.oauth]", f"client_id = {json.dumps(context['client_id'])}"]
        lines += [f"client_secret = {json.dumps(context['client_secret'])}"] if "client_secret" in context else []
    return "\n".join(lines) + "\n"


async def use(client: AppServerClient) -> None:
    """Do with the server what a person does."""
    client.handle("mcpServer/elicitation/request", agree)
    await client.initialize("mcp-conformance", "1", experimental=True)
    with client.subscribe(methods=("mcpServer/startupStatus/updated",)) as updates:
        thread = await start_thread(client)
        is_ready = await has_started(updates)
        for _ in range(LOGINS):
            if is_ready and await call_all(client, thread.id):
                return
            await log_in(client)
            if not is_ready:
                await client.request("config/mcpServer/reload")
                is_ready = await has_started(updates)
    sys.exit(f"{LOGINS} logins were not enough")


async def has_started(updates: Subscription) -> bool:
    """Wait until the server has started, or has not."""
    async for update in updates:
        params: Any = update.params
        if params["status"] in ("ready", "failed"):
            return params["status"] == "ready"
    return False


async def call_all(client: AppServerClient, thread_id: str) -> bool:
    """Call each tool; whether none wants a login, or one that reaches farther."""
    [status] = (await client.request("mcpServerStatus/list", {"threadId": thread_id}))["data"]
    tools: Mapping[str, Any] = status["tools"]
    schemas = {name: tool["inputSchema"] for name, tool in sorted(tools.items())}
    for name, schema in schemas.items():
        wanted: Mapping[str, Any] = schema.get("properties", {})
        arguments = {key: ARGUMENTS.get(value.get("type"), "text") for key, value in wanted.items()}
        if "schema" in wanted:
            # It says again what it is told of another tool.
            arguments["schema"] = next(other for of, other in schemas.items() if of != name)
        asked = {"threadId": thread_id, "server": NAME, "tool": name, "arguments": arguments}
        try:
            await client.request("mcpServer/tool/call", asked)
        except AppServerError as error:
            if error.message == NOT_FOUND:
                continue
            if "log in" not in error.message and "logged in" not in error.message:
                raise
            return False
    return True


async def log_in(client: AppServerClient) -> None:
    """Log in as a person does whose login server asks nothing."""
    with client.subscribe(methods=("mcpServer/oauthLogin/completed",)) as completed:
        begun = await client.request("mcpServer/oauth/login", {"name": NAME})
        await trio.to_thread.run_sync(open_page, begun["authorizationUrl"])
        outcome: Any = (await completed.__anext__()).params
    if not outcome["success"]:
        sys.exit(f"the login failed: {outcome['error']}")


def open_page(url: str) -> None:
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as page:
        page.read()


async def agree(request: ServerRequest) -> Any:
    """Accept a form as it is filled in beforehand."""
    params: Any = request.params
    fields: Mapping[str, Any] = params.get("requestedSchema", {}).get("properties", {})
    filled = {name: field["default"] for name, field in fields.items() if "default" in field}
    return {"action": "accept", "content": filled, "_meta": None}


if __name__ == "__main__":
    own = [sys.executable, "-m", "codex_trio", "app-server"]
    trio.run(main, sys.argv[1:-1] or own, sys.argv[-1], json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}")))
