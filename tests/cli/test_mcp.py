"""`codex-trio mcp`: servers are named, shown, taken out again and logged in to."""

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from codex_trio.cli.command_line import run
from codex_trio.cli.mcp_login import log_in
from codex_trio.config.service import ConfigService
from codex_trio.extensions.mcp.oauth.callback import usual_path
from codex_trio.extensions.mcp.oauth.store import LoginStore, StoredLogin
from codex_trio.extensions.mcp.settings import HttpAddress
from codex_trio.testing.mcp_web_server import METADATA, RESOURCE, open_mcp_web_server

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(home: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    def made(*arguments: str) -> tuple[int, str, str]:
        try:
            code = run(["mcp", *arguments], system_dir=home / "machine")
        except SystemExit as left:
            code = int(left.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return made


LOG = "http://127.0.0.1:9/log"


def table(home: Path) -> Any:
    return tomllib.loads((home / "config.toml").read_text())


def test_servers_are_named_shown_and_taken_out_again(home: Path, cli: Cli) -> None:
    (home / "config.toml").write_text("# mine\nmodel = 'm'\n")
    assert cli("list")[1].startswith("No MCP servers configured yet.")
    assert cli("add", "tiny", "--env", "A=b=c", "--", "python3", "x.py", "--flag") == (
        0,
        "Added global MCP server 'tiny'.\n",
        "",
    )
    assert cli("add", "web", "--url", "http://127.0.0.1:9/mcp", "--bearer-token-env-var", "TOK")[0] == 0
    assert (
        cli(
            "add", "log", "--url", LOG, "--oauth-client-id", "c", "--oauth-client-secret", "s", "--oauth-resource", "r"
        )[0]
        == 0
    )
    assert table(home) == {
        "model": "m",
        "mcp_servers": {
            "tiny": {"command": "python3", "args": ["x.py", "--flag"], "env": {"A": "b=c"}},
            "web": {"url": "http://127.0.0.1:9/mcp", "bearer_token_env_var": "TOK"},
            "log": {"url": LOG, "oauth": {"client_id": "c", "client_secret": "s"}, "oauth_resource": "r"},
        },
    }
    assert (home / "config.toml").read_text().startswith("# mine\n")
    assert cli("list")[1].splitlines() == [
        "Name  Command  Args         Env      Cwd  Status   Auth",
        "tiny  python3  x.py --flag  A=*****  -    enabled  Unsupported",
        "",
        "Name  Url                     Bearer Token Env Var  Status   Auth",
        "log   http://127.0.0.1:9/log  -                     enabled  Unknown",
        "web   http://127.0.0.1:9/mcp  TOK                   enabled  Bearer token",
    ]
    listed = json.loads(cli("list", "--json")[1])
    assert [(server["name"], server["auth_status"]) for server in listed] == [
        ("log", "unknown"),
        ("tiny", "unsupported"),
        ("web", "bearer_token"),
    ]
    assert {server["startup_timeout_sec"] for server in listed} == {None}
    shown = cli("get", "tiny")[1]
    assert "  args: x.py --flag\n" in shown
    assert "  env: A=*****\n" in shown
    assert json.loads(cli("get", "web", "--json")[1])["transport"]["bearer_token_env_var"] == "TOK"
    assert cli("remove", "tiny") == (0, "Removed global MCP server 'tiny'.\n", "")
    assert cli("remove", "tiny") == (0, "No MCP server named 'tiny' found.\n", "")
    assert sorted(table(home)["mcp_servers"]) == ["log", "web"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["add", "x"], 1, "--url URL, or a command behind --"),
        (["add", "x", "--url", "http://x", "--", "cmd"], 1, "either --url or a command"),
        (["add", "x", "--url", "http://x", "--env", "A=b"], 1, "'--env' is for servers with a command only"),
        (["add", "x", "--env", "A", "--", "cmd"], 1, "invalid value 'A' for '--env <KEY=VALUE>'"),
        (["add", "x", "--oauth-client-id", "c", "--", "cmd"], 1, "'--oauth-client-id' is for servers with --url only"),
        (["add", "x", "--url", "ftp://x"], 1, "invalid value 'ftp://x' for '--url <URL>'"),
        (["add", "x", "--url", ""], 1, "invalid value '' for '--url <URL>'"),
        (["add", "x", "--url", "notaurl"], 1, "invalid value 'notaurl' for '--url <URL>'"),
        (["add", "x", "--url", "http://[::1"], 1, "invalid value 'http://[::1' for '--url <URL>'"),
        (["add", "x", "--url", "http://x", "--bearer-token-env-var", ""], 1, "'--bearer-token-env-var <ENV_VAR>'"),
        (["add", "x", "--url", "http://x", "--bearer-token-env-var", "A B"], 1, "invalid value 'A B' for '--bearer"),
        (["add", "x", "--url", "http://x", "--oauth-client-secret", "s"], 1, "goes with '--oauth-client-id'"),
        (["add", "x", "--url", "http://x", "--oauth-client-registration", "cimd"], 1, "no document on the web"),
        (["add", "x", "--url", "http://x", "--oauth-client-registration", "x"], 2, "invalid choice: 'x'"),
        (["add", "x", "--oauth-client-registration", "dcr", "--", "cmd"], 1, "is for servers with --url only"),
        (["login", "free", "--oauth-client-registration", "cimd"], 1, "no document on the web"),
        (["add", "we ird", "--", "cmd"], 1, "Invalid MCP server name 'we ird'"),
        (["get", "zz"], 1, "No MCP server named 'zz' found."),
        (["login", "zz"], 1, "No MCP server named 'zz' found."),
        (["login", "tiny"], 1, "OAuth login is only supported for streamable HTTP servers."),
        (["logout", "tiny"], 1, "OAuth logout is only supported for streamable HTTP servers."),
        (["login", "web"], 1, "is let in by what its settings say"),
        (["get", "tiny", "--", "x"], 2, "unexpected argument '--'"),
        (["lost"], 2, "invalid choice: 'lost'"),
        ([], 2, "COMMAND"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    home: Path, cli: Cli, arguments: list[str], code: int, said: str
) -> None:
    text = "[mcp_servers.tiny]\ncommand = 'x'\n[mcp_servers.web]\nurl = 'http://x'\nbearer_token_env_var = 'T'\n"
    text += "[mcp_servers.free]\nurl = 'http://x'\n"
    (home / "config.toml").write_text(text)
    told = cli(*arguments)
    assert told[0] == code
    assert said in told[2]
    assert (home / "config.toml").read_text() == text


def test_adding_a_server_says_how_to_log_in_and_what_to_register(home: Path, cli: Cli) -> None:
    way = "Where that server asks for a login, run `codex-trio mcp login log`."
    known = ["--oauth-client-id", "c", "--oauth-client-registration", "cimd"]
    added = "Added global MCP server 'log'."
    assert cli("add", "log", "--url", LOG, "--oauth-client-registration", "dcr")[1].splitlines() == [added, way]
    callback = f"OAuth callback URL: http://127.0.0.1{usual_path('log', LOG)}"
    assert cli("add", "log", "--url", LOG, *known)[1].splitlines() == [added, callback, way]
    assert table(home)["mcp_servers"]["log"] == {"url": LOG, "oauth": {"client_id": "c"}}
    everywhere = ["-c", "mcp_oauth_callback_url=http://localhost:4000/back"]
    callback = "OAuth callback URL: http://localhost:4000/back"
    assert cli(*everywhere, "add", "log", "--url", LOG, *known)[1].splitlines() == [added, callback, way]
    assert cli("add", "log", "--url", LOG, "--bearer-token-env-var", "T")[1].splitlines() == [added]


ALL_SETTINGS = """
[mcp_servers.bare]
command = "docs"
[mcp_servers.full]
command = "docs"
args = ["--port", "4000"]
env = { TOKEN = "secret", A = "b" }
env_vars = ["APP", { name = "B", source = "local" }]
cwd = "/there"
startup_timeout_ms = 5500
tool_timeout_sec = 60
enabled_tools = ["x", "y"]
disabled_tools = []
[mcp_servers.off]
url = "http://127.0.0.1:9/off"
enabled = false
bearer_token_env_var = "TOK"
[mcp_servers.web]
url = "http://127.0.0.1:9/web"
http_headers = { Authorization = "Bearer secret", B = "c" }
env_http_headers = { X = "Y", A = "B" }
http_headers_helper = "print secret"
"""

NO_LIMITS = {"startup_timeout_sec": None, "tool_timeout_sec": None}
NO_TOOLS = {"enabled_tools": None, "disabled_tools": None}
FULL: dict[str, Any] = {
    "name": "full",
    "enabled": True,
    "disabled_reason": None,
    "transport": {
        "type": "stdio",
        "command": "docs",
        "args": ["--port", "4000"],
        "env": {"TOKEN": "secret", "A": "b"},
        "env_vars": ["APP", {"name": "B", "source": "local"}],
        "cwd": "/there",
    },
    "startup_timeout_sec": 5.5,
    "tool_timeout_sec": 60,
}
WEB: dict[str, Any] = {
    "name": "web",
    "enabled": True,
    "disabled_reason": None,
    "transport": {
        "type": "streamable_http",
        "url": "http://127.0.0.1:9/web",
        "bearer_token_env_var": None,
        "http_headers": {"Authorization": "Bearer secret", "B": "c"},
        "env_http_headers": {"X": "Y", "A": "B"},
        "http_headers_helper": "<redacted>",
    },
    **NO_LIMITS,
}


def test_servers_are_shown_as_they_are_set_without_what_is_secret(home: Path, cli: Cli) -> None:
    (home / "config.toml").write_text(ALL_SETTINGS)
    assert json.loads(cli("get", "full", "--json")[1]) == {**FULL, "enabled_tools": ["x", "y"], "disabled_tools": []}
    assert json.loads(cli("get", "web", "--json")[1]) == {**WEB, **NO_TOOLS}
    bare, full, off, web = json.loads(cli("list", "--json")[1])
    assert (full, web) == ({**FULL, "auth_status": "unsupported"}, {**WEB, "auth_status": "bearer_token"})
    nothing: dict[str, Any] = {"args": [], "env": None, "env_vars": [], "cwd": None}
    assert bare["transport"] == {"type": "stdio", "command": "docs", **nothing}
    assert NO_LIMITS.items() <= bare.items()
    assert (off["enabled"], off["disabled_reason"], off["auth_status"]) == (False, None, "unsupported")
    assert off["transport"]["http_headers"] is None
    assert cli("get", "off") == (0, "off (disabled)\n", "")
    assert cli("get", "full")[1].splitlines() == [
        "full",
        "  enabled: true",
        "  enabled_tools: x, y",
        "  disabled_tools: -",
        "  transport: stdio",
        "  command: docs",
        "  args: --port 4000",
        "  cwd: /there",
        "  env: A=*****, TOKEN=*****, APP=*****, B=*****",
        "  startup_timeout_sec: 5.5",
        "  tool_timeout_sec: 60",
        "  remove: codex-trio mcp remove full",
    ]
    assert cli("get", "web")[1].splitlines() == [
        "web",
        "  enabled: true",
        "  transport: streamable_http",
        "  url: http://127.0.0.1:9/web",
        "  bearer_token_env_var: -",
        "  http_headers: Authorization=*****, B=*****",
        "  env_http_headers: A=B, X=Y",
        "  http_headers_helper: <redacted>",
        "  remove: codex-trio mcp remove web",
    ]
    assert "secret" not in cli("list")[1]


def test_a_server_that_an_administrator_does_not_allow_is_off_with_the_reason(home: Path, cli: Cli) -> None:
    (home / "machine").mkdir()
    requirements = home / "machine" / "requirements.toml"
    requirements.write_text("[mcp_servers.ok.identity]\ncommand = 'ok'\n")
    (home / "config.toml").write_text("[mcp_servers.ok]\ncommand = 'ok'\n[mcp_servers.bad]\ncommand = 'bad'\n")
    reason = f"requirements ({requirements})"
    shown = [(server["enabled"], server["disabled_reason"]) for server in json.loads(cli("list", "--json")[1])]
    assert shown == [(False, reason), (True, None)]
    assert cli("get", "bad")[1] == f"bad (disabled: {reason})\n"
    assert f"  disabled: {reason}  " in cli("list")[1]


@pytest.mark.parametrize("text", ["[mcp_servers.q]\ncommand = 3\n", "mcp_servers = 3\n", "mcp_servers =\n"])
@pytest.mark.parametrize(
    "arguments", [["remove", "q"], ["list"], ["get", "q"], ["login", "q"], ["logout", "q"], ["add", "z", "--", "y"]]
)
def test_a_file_that_cannot_be_read_is_told_of_and_left_alone(
    home: Path, cli: Cli, arguments: list[str], text: str
) -> None:
    (home / "config.toml").write_text(text)
    code, out, err = cli(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert "config.toml" in err or "mcp_servers" in err
    assert (home / "config.toml").read_text() == text


@pytest.mark.parametrize("arguments", [["login", "u", "--no-browser"], ["logout", "u"]])
def test_nobody_logs_in_to_an_address_that_is_none(home: Path, cli: Cli, arguments: list[str]) -> None:
    (home / "config.toml").write_text("[mcp_servers.u]\nurl = 'http://[::1'\n")
    problem = "mcp_servers.u.url: 'http://[::1' is no http:// or https:// address"
    assert cli(*arguments) == (1, "", f"Error: {problem}\n")
    head = f"Name  {'Problem'.ljust(len(problem))}  Status"
    assert cli("list")[1].splitlines() == [head, f"u     {problem}  enabled"]
    assert json.loads(cli("list", "--json")[1])[0]["transport"] == {"type": "unusable", "problem": problem}


async def test_a_list_says_how_logins_stand(home: Path, cli: Cli) -> None:
    async with open_mcp_web_server() as web, open_mcp_web_server() as open_to_all:
        del open_to_all.answers[RESOURCE], open_to_all.answers[METADATA]
        urls = {"free": open_to_all.url, "inside": web.url, "outside": web.url}
        tables = (f"[mcp_servers.{name}]\nurl = '{url}'\n" for name, url in urls.items())
        (home / "config.toml").write_text("".join(tables))
        login = StoredLogin(server_name="inside", server_url=web.url, client_id="c", access_token="t")
        LoginStore(home).keep(login)
        with trio.fail_after(30):
            _code, listed, _complaints = await trio.to_thread.run_sync(cli, "list", "--json")
            _code, table, _complaints = await trio.to_thread.run_sync(cli, "list")
    states = {server["name"]: server["auth_status"] for server in json.loads(listed)}
    assert states == {"free": "unsupported", "inside": "o_auth", "outside": "not_logged_in"}
    ends = [line.split("enabled  ")[1] for line in table.splitlines()[1:]]
    assert ends == ["Unsupported", "OAuth", "Not logged in"]


def test_a_login_is_forgotten(home: Path, cli: Cli) -> None:
    (home / "config.toml").write_text("[mcp_servers.web]\nurl = 'https://x/mcp'\n")
    login = StoredLogin(server_name="web", server_url="https://x/mcp", client_id="c", access_token="t")
    LoginStore(home).keep(login)
    assert cli("logout", "web") == (0, "Removed OAuth credentials for 'web'.\n", "")
    assert cli("logout", "web") == (0, "No OAuth credentials stored for 'web'.\n", "")


async def test_a_user_logs_in_from_a_terminal(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with open_mcp_web_server() as web:
        (home / "config.toml").write_text(f"[mcp_servers.web]\nurl = '{web.url}'\n")
        shown: list[str] = []

        async def browse() -> None:
            urls: list[str] = []
            while not urls:
                # It is printed in another thread.
                await trio.sleep(0.01)
                urls = [word for word in capsys.readouterr().out.split() if "/authorize?" in word]
            shown.extend(urls)
            host, _, path = web.authorize(urls[0]).removeprefix("http://").partition("/")
            name, _, port = host.partition(":")
            async with await trio.open_tcp_stream(name, int(port)) as stream:
                await stream.send_all(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                async for _ in stream:
                    pass

        def in_a_terminal() -> None:
            config = ConfigService(home, environ=os.environ, cwd=home)
            log_in("web", HttpAddress(url=web.url), config, os.environ, scopes=["read"], browser=True)

        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(browse)
                await trio.to_thread.run_sync(in_a_terminal)
        kept = LoginStore(home).find("web", web.url)
    assert kept is not None
    assert kept.access_token == "token-1"
    assert len(shown) == 1
