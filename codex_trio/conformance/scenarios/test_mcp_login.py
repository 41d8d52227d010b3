"""Logging in to a server of the Model Context Protocol behind an address."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.mcp_web_server import McpWebServer, WebReply, open_mcp_web_server

STARTED = "mcpServer/startupStatus/updated"
COMPLETED = "mcpServer/oauthLogin/completed"


@asynccontextmanager
async def open_web(lab: Lab) -> AsyncGenerator[tuple[McpWebServer, Probe]]:
    """Provide a server that wants a login, and a client of ours that knows it."""
    async with open_mcp_web_server() as web:
        lab.configure(extra='mcp_oauth_credentials_store = "file"', tables=f'[mcp_servers.web]\nurl = "{web.url}"\n')
        async with lab.run() as probe:
            yield web, probe


async def browse(url: str) -> None:
    """Open an address as a browser does."""
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    async with await trio.open_tcp_stream(name, int(port)) as stream:
        await stream.send_all(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        async for _ in stream:
            pass


async def auth_status(probe: Probe, **asked: Any) -> tuple[str, str | None]:
    """Return how the login to the only server stands, and how its connection does."""
    [status] = (await probe.request("mcpServerStatus/list", asked))["data"]
    return status["authStatus"], status["runtimeStatus"]


async def test_a_user_logs_in_and_the_threads_have_the_server(lab: Lab) -> None:
    async with open_web(lab) as (web, probe):
        thread_id = (await probe.start_thread())["id"]
        failed = await probe.until(STARTED, where=lambda told: told["status"] == "failed")
        assert failed["params"]["error"].startswith("The web MCP server is not logged in. Run `codex")
        assert await auth_status(probe, threadId=thread_id) == ("notLoggedIn", "authenticationRequired")
        login = await probe.request("mcpServer/oauth/login", {"name": "web", "timeoutSecs": 60})
        await browse(web.authorize(login["authorizationUrl"]))
        completed = await probe.until(COMPLETED)
        assert completed["params"] == {
            "name": "web",
            "threadId": None,
            "loginId": login["loginId"],
            "success": True,
        }
        await probe.until(STARTED, where=lambda told: told["status"] == "ready")
        assert await auth_status(probe, threadId=thread_id) == ("oAuth", "connected")
        called = {"threadId": thread_id, "server": "web", "tool": "t"}
        assert (await probe.request("mcpServer/tool/call", called))["content"] == []
    [entry] = json.loads((lab.codex_home / ".credentials.json").read_text()).values()
    assert (entry["server_name"], entry["access_token"]) == ("web", "token-1")


async def test_a_login_that_fails_is_told_with_its_reason(lab: Lab) -> None:
    async with open_web(lab) as (web, probe):
        login = await probe.request("mcpServer/oauth/login", {"name": "web"})
        await browse(web.authorize(login["authorizationUrl"]).replace("code=", "error=access_denied&x="))
        completed = (await probe.until(COMPLETED))["params"]
        assert (completed["success"], completed["loginId"]) == (False, login["loginId"])
        assert completed["error"]
        assert web.of("/token") == []


async def test_what_cannot_be_logged_in_to_is_refused(lab: Lab) -> None:
    async with open_web(lab) as (web, probe):
        refused = await probe.refusal("mcpServer/oauth/login", {"name": "zz"})
        assert (refused.code, refused.message) == (-32600, "No MCP server named 'zz' found.")
        refused = await probe.refusal("mcpServer/oauth/login", {"name": "web", "environmentId": "local"})
        assert refused.message == "No MCP server named 'web (environment local)' found."
        register = web.answers["/register"]
        web.answers["/register"] = lambda _request: WebReply(403, {"error": "no"})
        refused = await probe.refusal("mcpServer/oauth/login", {"name": "web"})
        assert refused.code == -32603
        assert refused.message.startswith("failed to login to MCP server 'web': ")
        assert "403" in refused.message
        web.answers["/register"] = register
        web.metadata["code_challenge_methods_supported"] = ["plain"]
        refused = await probe.refusal("mcpServer/oauth/login", {"name": "web"})
        assert refused.code == -32603
        assert refused.message.startswith("failed to login to MCP server 'web': ")
        assert "S256" in refused.message
