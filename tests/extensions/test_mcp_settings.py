"""What `[mcp_servers.<name>]` may say."""

from typing import Any

import pytest

from codex_trio.extensions.mcp.settings import HttpAddress, StdioCommand, Unusable, configured_servers


def test_a_process_with_all_its_settings() -> None:
    table: dict[str, Any] = {
        "command": "run",
        "args": ["a"],
        "env": {"A": "1"},
        "env_vars": ["B", {"name": "C", "source": "local"}],
        "cwd": "/work",
        "environment_id": "local",
        "required": True,
        "startup_timeout_ms": 1500,
        "tool_timeout_sec": 2,
        "enabled_tools": ["x", "y"],
        "disabled_tools": ["y"],
        "supports_parallel_tool_calls": True,
        "default_tools_approval_mode": "prompt",
        "tools": {"x": {"approval_mode": "approve"}},
        "name": "others may name it",
    }
    server = configured_servers({"mcp_servers": {"s": table}})["s"]
    assert server.transport == StdioCommand(
        command="run", args=("a",), env={"A": "1"}, variables=("B", "C"), cwd="/work"
    )
    assert (server.required, server.startup_seconds, server.tool_seconds, server.parallel) == (True, 1.5, 2, True)
    assert [name for name in ("x", "y", "z") if server.offers(name)] == ["x"]
    assert (server.mode_of("x"), server.mode_of("other")) == ("approve", "prompt")


def test_a_process_in_another_environment() -> None:
    variables = ["A", {"name": "B", "source": "remote"}]
    table = {"command": "run", "env_vars": variables, "cwd": "/there", "environment_id": "far"}
    server = configured_servers({"mcp_servers": {"s": table}})["s"]
    assert server.transport == StdioCommand(
        command="run", variables=("A",), variables_there=("B",), cwd="/there", environment="far"
    )
    assert server.environment_id == "far"


def test_an_address_with_its_headers() -> None:
    table = {"url": "https://example.com/mcp", "bearer_token_env_var": "T", "http_headers": {"A": "1"}}
    server = configured_servers({"mcp_servers": {"s.t": table}})["s.t"]
    assert server.transport == HttpAddress(url="https://example.com/mcp", bearer_token_env_var="T", headers={"A": "1"})
    assert server.offers("anything")


@pytest.mark.parametrize(
    ("name", "table", "said"),
    [
        ("s", {"command": "x", "url": "http://h"}, "mcp_servers.s: url is not supported for stdio"),
        ("s", {"command": "x", "http_headers_helper": "y"}, "s: http_headers_helper is not supported for stdio"),
        ("s", {"url": "http://h", "auth": "chatgpt"}, "mcp_servers.s.auth: 'chatgpt' is not supported; set it to"),
        ("s", {"url": "http://h", "oauth": {"callback_port": 0}}, "`int` >= 1 - at `$.oauth.callback_port`"),
        ("s", {"url": "http://h", "oauth": {"client_secret": "x"}}, "s.oauth: client_secret needs the client_id"),
        ("s", {}, "mcp_servers.s: invalid transport"),
        ("s", {"url": "http://h", "bearer_token": "t"}, "mcp_servers.s: bearer_token is not supported"),
        ("s", {"url": "http://[::1"}, "mcp_servers.s.url: 'http://[::1' is no http:// or https:// address"),
        ("s", {"url": "http://h:99999"}, "mcp_servers.s.url: 'http://h:99999' is no"),
        ("s", {"url": "ftp://u:p@h"}, "mcp_servers.s.url: 'ftp://***@h' is no"),
        ("s", {"url": ""}, "mcp_servers.s.url: '' is no"),
        ("s", {"command": 1}, "mcp_servers.s: Expected `str | null`, got `int` - at `$.command`"),
        ("s", {"command": "x", "tools": {"t": {"approval_mode": "sometimes"}}}, "approval_mode"),
        ("s", {"command": "x", "startup_timeout_sec": -1}, "mcp_servers.s.startup_timeout_sec: must be"),
        ("s", {"command": "x", "startup_timeout_ms": float("inf")}, "mcp_servers.s.startup_timeout_ms: must be"),
        ("s", {"command": "x", "tool_timeout_sec": float("nan")}, "mcp_servers.s.tool_timeout_sec: must be"),
        ("s", {"url": "http://h", "environment_id": "far"}, "only servers with a `command` run in another environment"),
        ("s", {"url": "http://h", "environment_id": ""}, "`` is one; leave it out"),
        ("s", {"command": "x", "env_vars": [{"name": "A", "source": "remote"}]}, "env_vars: `A` uses source `remote`"),
        ("we ird", {"command": "x"}, "Invalid MCP server name 'we ird'"),
    ],
)
def test_a_table_that_cannot_be_says_why_and_harms_no_other(name: str, table: dict[str, Any], said: str) -> None:
    tables = {name: {**table, "required": True}, "z": {"command": "run"}}
    servers = configured_servers({"mcp_servers": tables})
    unusable = servers[name]
    assert isinstance(unusable.transport, Unusable)
    assert said in unusable.transport.problem
    assert (unusable.required, unusable.enabled) == (True, True)
    assert servers["z"].transport == StdioCommand(command="run")
