"""Login servers that lie, tell secrets or take their time, and logins that several processes renew at once."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import pytest
import trio
from oauth_bench import Bench, failing, open_bench
from trio.testing import MockClock

from codex_trio.extensions.mcp.errors import McpLoginNeeded
from codex_trio.extensions.mcp.oauth.logins import BEGIN_SECONDS, McpLogins
from codex_trio.extensions.mcp.oauth.store import LoginStore
from codex_trio.extensions.mcp.oauth.web import OAuthFailure, OAuthWeb
from codex_trio.extensions.mcp.settings import HttpAddress, OAuthSettings
from codex_trio.testing.mcp_web_server import WebReply, WebRequest


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    async with open_bench(tmp_path) as made:
        yield made


PUBLIC, INSIDE, HERE = "https://mcp.example/mcp", "http://10.0.0.7/mcp", "http://127.0.0.1:1/mcp"
WRITTEN_LOOPBACKS = ["127.1", "0x7f000001", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]", "[::]", "localhost."]
WRITTEN_INSIDE = ["10.0.0.7", "192.168.1", "169.254.169.254", "0300.0250.0.1", "[fd00::1]", "[fe80::1]"]


@pytest.mark.parametrize(
    ("server", "named", "said"),
    [
        *(
            (PUBLIC, f"https://{host}/x", "on this machine")
            for host in ("127.1", "0x7f000001", "2130706433", "0.0.0.0")
        ),
        *((PUBLIC, f"https://{host}/x", "on this machine") for host in WRITTEN_LOOPBACKS),
        *((PUBLIC, f"https://{host}/x", "of a private network") for host in WRITTEN_INSIDE),
        (INSIDE, "https://127.0.0.1/x", "on this machine"),
        (INSIDE, "https://10.0.0.8/x", None),
        (HERE, "http://127.0.0.2:2/x", None),
        (HERE, "https://10.0.0.8/x", None),
        (PUBLIC, "https://8.8.8.8/x", None),
        (PUBLIC, "https://login.example/x", None),
        (PUBLIC, "https://3com.example/x", None),
    ],
)
def test_a_server_names_no_address_that_is_further_inside_than_its_own(
    server: str, named: str, said: str | None
) -> None:
    web = OAuthWeb(cast("Any", None), server)
    if said is None:
        assert web.check(named, "it") == named
    else:
        with pytest.raises(OAuthFailure, match=said):
            web.check(named, "it")


def _echoing(request: WebRequest) -> WebReply:
    said = f"bad {json.dumps(request.form)} \x1b]0;title\x07"
    return WebReply(400, {"error": "invalid_request", "error_description": said})


async def test_what_a_login_server_says_of_a_refusal_tells_no_secret_and_moves_no_cursor(bench: Bench) -> None:
    bench.server.answers["/token"] = _echoing
    address = HttpAddress(url=bench.server.url, client_id="client-1", client_secret="hush-hush")
    with failing(OAuthFailure, "gave no token: HTTP status 400 invalid_request bad") as caught:
        await bench.log_in(address)
    [exchanged] = bench.server.of("/token")
    bench.keep(expires_at=1000, client_secret="hush-hush")
    bearer = bench.logins.bearer("web", bench.address)
    assert bearer is not None
    with pytest.raises(OAuthFailure, match="gave no token") as renewing:
        await bearer.header()
    for shown in (_texts(caught.value), str(renewing.value)):
        for secret in ("hush-hush", exchanged.form["code"], exchanged.form["code_verifier"], "refresh-0", "\x1b"):
            assert secret not in shown


async def test_processes_that_renew_a_login_at_once_do_so_once(bench: Bench) -> None:
    bench.keep(expires_at=1000)
    headers: list[str | None] = []

    async def ask() -> None:
        # As another process does it: with what it has read itself.
        logins = McpLogins(bench.transport, LoginStore(bench.home), settings=OAuthSettings)
        bearer = logins.bearer("web", bench.address)
        assert bearer is not None
        headers.append(await bearer.header())

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(ask)
    assert headers == ["Bearer token-1"] * 4
    assert len(bench.server.of("/token")) == 1


@pytest.mark.parametrize("theirs", ["theirs", "old"])
async def test_a_login_that_a_program_without_our_lock_renews_meanwhile_is_taken(bench: Bench, theirs: str) -> None:
    def refuse(_request: WebRequest) -> WebReply:
        bench.keep(access_token=theirs)
        return WebReply(400, {"error": "invalid_grant"})

    bench.keep(expires_at=1000)
    bench.server.answers["/token"] = refuse
    bearer = bench.logins.bearer("web", bench.address)
    assert bearer is not None
    if theirs == "theirs":
        assert await bearer.header() == "Bearer theirs"
    else:
        with pytest.raises(McpLoginNeeded):
            await bearer.header()


async def test_a_renewal_that_grants_other_scopes_is_kept_as_it_was_granted(bench: Bench) -> None:
    scope = " ".join(f"s{number}" for number in range(1000))
    bench.server.answers["/token"] = lambda _request: WebReply(body={"access_token": "new", "scope": scope})
    bench.keep(expires_at=1000, scopes=("read", "write"))
    bearer = bench.logins.bearer("web", bench.address)
    assert bearer is not None
    assert await bearer.header() == "Bearer new"
    kept = bench.kept
    assert kept is not None
    assert kept.scopes == tuple(f"s{number}" for number in range(50))
    assert kept.refresh_token == "refresh-0"


async def test_a_port_that_another_login_listens_on_is_named_and_the_other_goes_on(bench: Bench) -> None:
    address = HttpAddress(url=bench.server.url, client_id="client-1")
    async with bench.logins.open_login("web", address) as login:
        redirect = WebRequest("GET", login.url, {}, b"").query["redirect_uri"]
        same = msgspec.structs.replace(address, callback_port=urlsplit(redirect).port)
        with failing(OAuthFailure, f"nothing can listen for the browser on port {same.callback_port}: Address already"):
            await bench.log_in(same)
        # Whoever was first is not disturbed.
        assert bench.kept is None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(login.finish)
            assert (await bench.browse(bench.server.authorize(login.url)))[0] == 200
    assert bench.kept is not None


class _SlowTransport:
    """A transport to a server that names many login servers, and takes its time for every answer."""

    def __init__(self) -> None:
        self.asked = 0

    async def request(self, _method: str, url: str, **_named: Any) -> Any:
        self.asked += 1
        await trio.sleep(9)
        servers = [f"https://login{number}.example/tenant" for number in range(100)]
        is_resource = "protected-resource" in url
        body = iter([json.dumps({"authorization_servers": servers}).encode()])

        async def receive() -> bytes | None:
            await trio.lowlevel.checkpoint()
            return next(body, None)

        async def aclose(*, drain: bool) -> None:
            assert not drain
            await trio.lowlevel.checkpoint()

        return SimpleNamespace(status=200 if is_resource else 404, headers={}, receive=receive, aclose=aclose)


async def test_finding_a_login_server_is_bounded_as_a_whole(autojump_clock: MockClock, tmp_path: Path) -> None:
    transport = _SlowTransport()
    logins = McpLogins(cast("Any", transport), LoginStore(tmp_path), settings=OAuthSettings)
    with pytest.raises(OAuthFailure, match="took more than 60 seconds altogether"):
        async with logins.open_login("web", HttpAddress(url=PUBLIC)):
            pass
    assert trio.current_time() == BEGIN_SECONDS
    assert transport.asked == 7


def _texts(error: BaseException) -> str:
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
    return " ".join(str(part) if part is error else _texts(part) for part in parts)
