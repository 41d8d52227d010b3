"""Logging in to an MCP server: finding the login server, the way there and back, tokens, and what is not trusted."""

import base64
import contextlib
import hashlib
import json
import stat
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
import pytest
import trio
from oauth_bench import PATIENCE, Bench, failing, open_bench
from trio.testing import wait_all_tasks_blocked

from codex_trio.extensions.mcp.errors import McpFailure, McpLoginNeeded
from codex_trio.extensions.mcp.oauth.callback import usual_path
from codex_trio.extensions.mcp.oauth.logins import Bearer
from codex_trio.extensions.mcp.oauth.store import LoginStore, StoredLogin
from codex_trio.extensions.mcp.oauth.web import MAX_BYTES, OAuthFailure, OAuthWeb
from codex_trio.extensions.mcp.settings import HttpAddress, OAuthSettings
from codex_trio.testing.mcp_web_server import (
    METADATA,
    RESOURCE,
    McpWebServer,
    WebReply,
    WebRequest,
)
from codex_trio.util.clock import now_ms

DAMAGE = '{"secret'


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    async with open_bench(tmp_path) as made:
        yield made


# Logging in


async def test_a_user_logs_in_once_and_requests_carry_the_token(bench: Bench) -> None:
    server = bench.server
    with failing(McpLoginNeeded, "The web MCP server is not logged in. Run `codex-trio mcp login web`."):
        async with bench.connected():
            pass
    await bench.log_in()
    [registered] = server.of("/register")
    assert registered.json["redirect_uris"][0].startswith("http://127.0.0.1:")
    assert registered.json["scope"] == "read"
    [exchanged] = server.of("/token")
    assert (exchanged.form["client_id"], exchanged.form["resource"]) == ("client-1", server.url)
    kept = bench.kept
    assert kept is not None
    assert (kept.access_token, kept.refresh_token, kept.issuer) == ("token-1", "refresh-1", server.base)
    server.requests.clear()
    async with bench.connected() as connection:
        assert [tool.name for tool in connection.tools] == ["t"]
        assert await bench.logins.state("web", bench.address, needed=False, connected=True) == "oAuth"
    assert {request.headers["authorization"] for request in server.of("/mcp")} == {"Bearer token-1"}
    assert await bench.logins.log_out("web", bench.address)
    assert bench.kept is None
    with failing(McpLoginNeeded, "not logged in"):
        async with bench.connected():
            pass


async def test_the_page_asks_for_what_the_settings_say(bench: Bench) -> None:
    bench.settings = OAuthSettings(callback_url="http://127.0.0.1:1/back")
    address = HttpAddress(url=bench.server.url, client_id="mine", scopes=("a", "b"), resource="urn:x")
    async with bench.logins.open_login("web", address) as login:
        asked = WebRequest("GET", login.url, {}, b"").query
        assert (asked["client_id"], asked["scope"], asked["resource"]) == ("mine", "a b", "urn:x")
        assert asked["redirect_uri"] == "http://127.0.0.1:1/back"
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert bench.server.of("/register") == []
    own = msgspec.structs.replace(address, callback_url="http://127.0.0.1:2/own")
    async with bench.logins.open_login("web", own) as login:
        assert WebRequest("GET", login.url, {}, b"").query["redirect_uri"] == "http://127.0.0.1:2/own"
    async with bench.logins.open_login("web", address, scopes=["c"]) as login:
        assert WebRequest("GET", login.url, {}, b"").query["scope"] == "c"


@pytest.mark.parametrize("is_own", [True, False])
async def test_a_callback_url_without_a_port_leads_to_the_listener(bench: Bench, *, is_own: bool) -> None:
    written = "http://127.0.0.1/own/back"
    bench.settings = OAuthSettings(callback_url=None if is_own else written)
    address = HttpAddress(url=bench.server.url, client_id="client-1", callback_url=written if is_own else None)
    await bench.log_in(address)
    [exchanged] = bench.server.of("/token")
    redirect = urlsplit(exchanged.form["redirect_uri"])
    assert (redirect.hostname, redirect.path) == ("127.0.0.1", "/own/back")
    assert redirect.port is not None
    assert bench.kept is not None


@pytest.mark.parametrize(
    "elsewhere", ["https://127.0.0.1/back", "http://gate.example/back", "http://127.0.0.1:80/back"]
)
async def test_a_callback_url_that_somebody_else_answers_stays_as_it_is(bench: Bench, elsewhere: str) -> None:
    bench.settings = OAuthSettings(callback_url=elsewhere)
    async with bench.logins.open_login("web", bench.address) as login:
        assert WebRequest("GET", login.url, {}, b"").query["redirect_uri"] == elsewhere


async def test_logins_to_a_server_always_lead_back_to_the_same_path(bench: Bench) -> None:
    address = msgspec.structs.replace(bench.address, client_id="mine")

    async def path(name: str) -> str:
        async with bench.logins.open_login(name, address) as login:
            return urlsplit(WebRequest("GET", login.url, {}, b"").query["redirect_uri"]).path

    assert await path("web") == await path("web") == usual_path("web", address.url)
    assert await path("other") != await path("web")


async def test_a_client_that_was_registered_before_says_its_secret(bench: Bench) -> None:
    await bench.log_in(msgspec.structs.replace(bench.address, client_id="client-1", client_secret="s:cret"))
    [exchanged] = bench.server.of("/token")
    assert (exchanged.form["client_id"], exchanged.form["client_secret"]) == ("client-1", "s:cret")
    kept = bench.kept
    assert kept is not None
    assert kept.client_secret == "s:cret"


async def test_a_keyring_that_is_not_there_is_missed_by_name_and_no_file_takes_its_place(bench: Bench) -> None:
    bench.keep(access_token="token-1")
    bench.settings = OAuthSettings(store="keyring")
    way_out = 'there is no keyring here; have logins kept by mcp_oauth_credentials_store = "file"'
    with failing(OAuthFailure, way_out):
        await bench.log_in()
    with failing(McpLoginNeeded, f"The web MCP server is not logged in, and {way_out}"):
        async with bench.connected():
            pass
    assert not any("authorization" in request.headers for request in bench.server.of("/mcp"))
    assert await bench.logins.state("web", bench.address, needed=False, connected=False) == "notLoggedIn"


@pytest.mark.parametrize(("store", "is_there"), [("auto", False), ("file", True)])
async def test_a_login_is_kept_in_the_file_where_there_is_no_keyring_or_none_is_wanted(
    bench: Bench, store: Literal["auto", "file"], *, is_there: bool
) -> None:
    bench.settings, bench.keyring.is_there = OAuthSettings(store=store), is_there
    await bench.log_in()
    assert bench.kept is not None
    assert not bench.keyring.entries
    assert stat.S_IMODE((bench.home / ".credentials.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("store", ["auto", "keyring"])
async def test_a_login_is_kept_in_the_keyring_as_codex_has_it_there(
    bench: Bench, store: Literal["auto", "keyring"]
) -> None:
    bench.keep(access_token="of the file")
    bench.settings, bench.keyring.is_there = OAuthSettings(store=store), True
    await bench.log_in()
    [(user, secret)] = bench.keyring.entries.items()
    digest = hashlib.sha256(f'{{"type":"http","url":"{bench.server.url}","headers":{{}}}}'.encode()).hexdigest()
    assert user == f"web|{digest[:16]}"
    entry = json.loads(secret)
    assert entry.pop("expires_at") > now_ms()
    assert entry == {
        "server_name": "web",
        "url": bench.server.url,
        "issuer": bench.server.base,
        "client_id": "client-1",
        "token_response": {
            "access_token": "token-1",
            "token_type": "bearer",
            "refresh_token": "refresh-1",
            "scope": "read",
        },
    }
    assert not (bench.home / ".credentials.json").exists()
    async with bench.connected():
        pass
    assert await bench.logins.log_out("web", bench.address)
    assert not bench.keyring.entries


@pytest.mark.parametrize("secret", ["", "[]", "{}", '{"server_name": "web"}', "[" * 100_000])
async def test_what_is_no_login_in_a_keyring_counts_for_none(bench: Bench, secret: str) -> None:
    bench.settings, bench.keyring.is_there = OAuthSettings(store="keyring"), True
    await bench.log_in()
    bench.keyring.entries = dict.fromkeys(bench.keyring.entries, secret)
    assert bench.kept is None


async def test_a_login_in_the_file_counts_where_the_keyring_has_none(bench: Bench) -> None:
    bench.keep(access_token="of the file")
    bench.keyring.is_there = True
    assert bench.kept is not None
    assert bench.store.forget("web", bench.server.url)
    assert bench.kept is None


async def test_a_server_that_says_nothing_of_logins_is_assumed_to_have_one(bench: Bench) -> None:
    del bench.server.answers[RESOURCE], bench.server.answers[METADATA]
    bench.server.challenge = "Bearer"
    assert await bench.logins.state("web", bench.address, needed=False, connected=False) == "unsupported"
    with failing(McpFailure, "HTTP status 401"):
        async with bench.connected():
            pass
    await bench.log_in()
    assert bench.kept is not None


async def test_a_login_server_may_be_named_by_the_server_alone(bench: Bench) -> None:
    del bench.server.answers[RESOURCE]
    bench.server.challenge = "Bearer"
    assert await bench.logins.state("web", bench.address, needed=False, connected=False) == "notLoggedIn"
    await bench.log_in()
    assert bench.kept is not None


async def test_a_user_may_bring_the_address_back_by_hand(bench: Bench) -> None:
    async with bench.logins.open_login("web", bench.address) as login, trio.open_nursery() as nursery:
        nursery.start_soon(login.finish)
        await wait_all_tasks_blocked()
        for other in ("http://127.0.0.1/elsewhere?code=x", "http://[::1", ""):
            with pytest.raises(OAuthFailure, match="not the address"):
                login.take(other)
        login.take(bench.server.authorize(login.url))
    assert bench.kept is not None


# What is not trusted


def _with(**changes: Any) -> Callable[[McpWebServer], None]:
    """Return what gives a login server other metadata; None leaves a key out."""

    def change(server: McpWebServer) -> None:
        server.metadata.update(changes)
        for key in [key for key, value in changes.items() if value is None]:
            del server.metadata[key]

    return change


def _of_resource(**changes: Any) -> Callable[[McpWebServer], None]:
    def change(server: McpWebServer) -> None:
        for key, value in changes.items():
            server.resource[key] = value.format(base=server.base) if isinstance(value, str) else value

    return change


def _answering(path: str, reply: WebReply) -> Callable[[McpWebServer], None]:
    def change(server: McpWebServer) -> None:
        server.answers[path] = lambda _request: reply

    return change


@pytest.mark.parametrize("refused", ["POST", "GET"])
async def test_a_server_says_where_users_log_in_whichever_way_it_refuses_them(bench: Bench, refused: str):
    server = bench.server
    server.answers["/custom"], server.answers[RESOURCE] = server.answers.pop(RESOURCE), lambda _request: WebReply(404)
    challenge = f'Bearer scope="special", resource_metadata="{server.base}/custom"'

    def answer(request: WebRequest) -> WebReply:
        return WebReply(401, headers={"www-authenticate": challenge}) if request.method == refused else WebReply(405)

    server.answers["/mcp"] = answer
    async with bench.logins.open_login("web", bench.address) as login:
        assert WebRequest("GET", login.url, {}, b"").query["scope"] == "special"
    assert len(server.of("/custom")) == 1


def _challenged(value: str) -> Callable[[McpWebServer], None]:
    def change(server: McpWebServer) -> None:
        server.challenge = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_with(issuer="http://127.0.0.1:9"), "the metadata of the login server is of another one"),
        (_with(issuer=5), "the metadata of the login server is of another one"),
        (_with(code_challenge_methods_supported=["plain"]), "does not support PKCE with S256"),
        (_with(token_endpoint=None), "has no token_endpoint"),
        (_with(token_endpoint="http://login.example/token"), "is not reached by https"),
        (_with(authorization_endpoint="javascript:alert(1)"), "is no web address"),
        (_with(authorization_endpoint="https://user:pass@login.example/"), "has a user or a password in it"),
        (_with(registration_endpoint=None), "name it as `oauth.client_id`"),
        (_with(token_endpoint_auth_methods_supported=["private_key_jwt"]), "lets clients in by private_key_jwt alone"),
        (_of_resource(resource="https://other.example/mcp"), "the metadata of the server is of another one"),
        (_of_resource(resource="{base}/mc"), "the metadata of the server is of another one"),
        (_of_resource(authorization_servers=["http://login.example"]), "is not reached by https"),
        (_challenged('Bearer resource_metadata="http://localhost:9/x"'), "is said to be on another one"),
        (_answering(METADATA, WebReply(302, headers={"location": "/else"})), "sends on to another address"),
        (_answering(METADATA, WebReply(body=b" " * (MAX_BYTES + 1))), f"more than {MAX_BYTES} bytes"),
        (_answering(METADATA, WebReply(body=b"[" * 5000)), "the login server has no metadata"),
        (_answering("/register", WebReply(403, {"error": "no", "error_description": "go"})), "HTTP status 403 no go"),
        (_answering("/register", WebReply(201, {"client_id": "a\r\nb"})), "did not register this client"),
        (_answering("/register", WebReply(307, headers={"location": "/x"})), "sends on to another address"),
    ],
)
async def test_a_login_server_that_is_not_to_be_trusted_is_not(
    bench: Bench, change: Callable[[McpWebServer], None], said: str
) -> None:
    change(bench.server)
    with pytest.raises(OAuthFailure) as caught:
        async with bench.logins.open_login("web", bench.address):
            pass
    assert said in str(caught.value)
    assert bench.server.of("/else") == []


@pytest.mark.parametrize(
    ("methods", "asked", "basic", "fields"),
    [
        (None, "none", None, {"client_id": "the id"}),
        (["none", "client_secret_basic"], "none", None, {"client_id": "the id"}),
        (["client_secret_basic", "client_secret_post"], "client_secret_basic", b"the+id:s%3Acret", {}),
        (["client_secret_post"], "client_secret_post", None, {"client_id": "the id", "client_secret": "s:cret"}),
    ],
)
async def test_a_login_server_is_told_who_asks_for_tokens_in_the_way_that_it_takes(
    bench: Bench, methods: list[str] | None, asked: str, basic: bytes | None, fields: dict[str, str]
) -> None:
    server = bench.server
    server.metadata["token_endpoint_auth_methods_supported"] = methods
    known = {"client_id": "the id", "client_secret": "s:cret"}
    server.answers["/register"] = lambda request: WebReply(201, {**request.json, **known})
    await bench.log_in()
    [registered] = server.of("/register")
    assert registered.json["token_endpoint_auth_method"] == asked
    kept = bench.kept
    assert kept is not None
    bench.store.keep(msgspec.structs.replace(kept, expires_at=now_ms() - 1))
    async with bench.connected():
        pass
    for request in server.of("/token"):
        said = {name: value for name, value in request.form.items() if name.startswith("client_")}
        assert said == fields
        header = None if basic is None else f"Basic {base64.b64encode(basic).decode()}"
        assert request.headers.get("authorization") == header
    assert [request.form["grant_type"] for request in server.of("/token")] == ["authorization_code", "refresh_token"]


@pytest.mark.parametrize("path", ["", "/", "/mcp"])
async def test_a_server_is_named_to_its_login_server_just_as_it_names_itself(bench: Bench, path: str) -> None:
    server = bench.server
    named = server.resource["resource"] = f"{server.base}{path}"
    async with bench.logins.open_login("web", bench.address) as login:
        assert WebRequest("GET", login.url, {}, b"").query["resource"] == named
    await bench.log_in()
    kept = bench.kept
    assert kept is not None
    bench.store.keep(msgspec.structs.replace(kept, expires_at=now_ms() - 1))
    async with bench.connected():
        pass
    assert [request.form["resource"] for request in server.of("/token")] == [named, named]


async def test_a_call_that_a_login_does_not_reach_says_which_scopes_it_wants(bench: Bench) -> None:
    await bench.log_in()
    async with bench.connected() as connection:
        challenge = 'Bearer error="insufficient_scope", scope="read write"'
        bench.server.answers["/mcp"] = lambda _request: WebReply(403, headers={"www-authenticate": challenge})
        with pytest.raises(McpFailure, match="log in again with the scopes read,write"):
            await connection.call("t", {}, meta={}, elicit=_nobody)
    # Who logs in again without a word about scopes is asked for these too.
    settings = HttpAddress(url=bench.server.url, scopes=("read", "list"))
    for wanted, asked in ((None, ["read list write"]), (["one"], ["one"])):
        async with bench.logins.open_login("web", settings, scopes=wanted) as login:
            assert parse_qs(urlsplit(login.url).query)["scope"] == asked


def test_a_server_on_the_web_names_nothing_on_this_machine() -> None:
    web = OAuthWeb(cast("Any", None), "https://mcp.example/mcp")
    for address in ("https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x"):
        with pytest.raises(OAuthFailure, match="on this machine"):
            web.check(address, "it")
    assert web.check("https://login.example/x", "it") == "https://login.example/x"


async def test_a_login_server_that_never_answers_costs_its_time_only(bench: Bench) -> None:
    _answering(METADATA, WebReply(body=b"{", hangs=True))(bench.server)
    web = OAuthWeb(bench.transport, bench.server.url, seconds=0.1)
    with failing(OAuthFailure, "did not answer in 0.1 seconds"):
        await web.get(bench.server.base + METADATA, "it")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: url.replace("code=", "error=denied&error_description=no&x="), "refused: denied no"),
        (lambda url: url.replace("code=", "other="), "has no code"),
        (lambda url: url + "&iss=https%3A%2F%2Fevil.example", "is of another login server"),
    ],
)
async def test_what_is_no_answer_to_the_login_ends_it_and_no_token_is_asked_for(
    bench: Bench, change: Callable[[str], str], said: str
) -> None:
    with failing(OAuthFailure, said):
        async with bench.logins.open_login("web", bench.address) as login, trio.open_nursery() as nursery:
            nursery.start_soon(login.finish)
            status, shown = await bench.browse(change(bench.server.authorize(login.url)))
            assert status == 400
            assert said in shown
    assert bench.server.of("/token") == []
    assert bench.kept is None


@pytest.mark.parametrize(
    ("is_always_said", "appended", "said"),
    [
        (True, "", "does not say whose it is"),
        (True, "/", "is of another login server"),
        (False, "/", "is of another login server"),
    ],
)
async def test_an_answer_is_taken_from_the_login_server_alone_that_it_names(
    bench: Bench, *, is_always_said: bool, appended: str, said: str
) -> None:
    bench.server.metadata["authorization_response_iss_parameter_supported"] = is_always_said
    of = f"&iss={quote(bench.server.base, safe='')}"
    with failing(OAuthFailure, said):
        async with bench.logins.open_login("web", bench.address) as login, trio.open_nursery() as nursery:
            nursery.start_soon(login.finish)
            await bench.browse(bench.server.authorize(login.url) + (of + appended if appended else ""))
    assert bench.server.of("/token") == []
    async with bench.logins.open_login("web", bench.address) as login, trio.open_nursery() as nursery:
        nursery.start_soon(login.finish)
        assert (await bench.browse(bench.server.authorize(login.url) + of))[0] == 200
    assert bench.kept is not None


@pytest.mark.parametrize(
    "change",
    [lambda url: url.replace("state=", "state=x"), lambda url: url.partition("?")[0], lambda url: url + "&state=x"],
    ids=["another", "none", "two"],
)
async def test_an_answer_to_another_login_is_told_so_and_this_one_goes_on(
    bench: Bench, change: Callable[[str], str]
) -> None:
    said = "its state is not the one that was sent"
    async with bench.logins.open_login("web", bench.address) as login, trio.open_nursery() as nursery:
        nursery.start_soon(login.finish)
        right = bench.server.authorize(login.url)
        status, shown = await bench.browse(change(right))
        assert (status, said in shown) == (400, True)
        with pytest.raises(OAuthFailure, match=said):
            login.take(change(right))
        assert bench.server.of("/token") == []
        assert (await bench.browse(right))[0] == 200
    assert bench.kept is not None


async def test_a_renewal_that_nobody_waits_for_any_more_is_kept(bench: Bench) -> None:
    asked, answer = trio.Event(), trio.Event()
    give = bench.server.answers["/token"]

    async def slowly(request: WebRequest) -> WebReply:
        asked.set()
        await answer.wait()
        reply = give(request)
        assert isinstance(reply, WebReply)
        return reply

    bench.server.answers["/token"] = slowly
    bench.keep(expires_at=now_ms() - 1)
    bearer = bench.logins.bearer("web", bench.address)
    assert bearer is not None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bearer.header)
        await asked.wait()
        nursery.cancel_scope.cancel()
    answer.set()
    assert await bearer.header() == "Bearer token-1"
    assert bench.kept is not None
    assert (bench.kept.access_token, bench.kept.refresh_token) == ("token-1", "refresh-1")
    assert len(bench.server.of("/token")) == 1


async def test_whoever_knocks_at_the_listener_otherwise_changes_nothing(bench: Bench) -> None:
    async with bench.logins.open_login("web", bench.address) as login, trio.open_nursery() as nursery:
        nursery.start_soon(login.finish)
        back = bench.server.authorize(login.url)
        port = int(back.split(":")[2].partition("/")[0])
        for sent in (b"garbage\r\n\r\n", b"", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 5000):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                with contextlib.suppress(trio.BrokenResourceError):
                    await stream.send_all(sent)
        assert (await bench.browse(f"http://127.0.0.1:{port}/callback/other?code=x"))[0] == 404
        assert await bench.browse(back) == (200, "Authentication complete. You may close this window.")
    assert bench.kept is not None


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (WebReply(500), "gave no token: HTTP status 500"),
        (WebReply(body={"access_token": "a\nb"}), "gave no token"),
        (WebReply(body={"access_token": "a", "token_type": "mac"}), "of another type: 'mac'"),
        (WebReply(body=b"nonsense"), "gave no token"),
        (WebReply(302, headers={"location": "https://evil.example"}), "sends on to another address"),
    ],
)
async def test_what_is_no_token_is_not_kept(bench: Bench, reply: WebReply, said: str) -> None:
    _answering("/token", reply)(bench.server)
    with failing(OAuthFailure, said):
        await bench.log_in()
    assert bench.kept is None


# Tokens


async def test_a_token_is_renewed_once_before_it_expires_however_many_need_it(bench: Bench) -> None:
    bench.keep(expires_at=1000)
    bearer = bench.logins.bearer("web", bench.address)
    assert bearer is not None
    headers: list[str | None] = []

    async def ask() -> None:
        headers.append(await bearer.header())

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(ask)
    assert headers == ["Bearer token-1"] * 10
    [renewed] = bench.server.of("/token")
    assert renewed.form == {
        "grant_type": "refresh_token",
        "refresh_token": "refresh-0",
        "client_id": "client-1",
        "resource": bench.server.url,
    }
    assert bench.kept is not None
    assert (bench.kept.access_token, bench.kept.refresh_token) == ("token-1", "refresh-1")


async def test_a_login_that_was_read_before_it_was_renewed_is_not_gone_back_to(bench: Bench) -> None:
    bench.keep(expires_at=1000)
    reading, renewed = threading.Event(), threading.Event()
    find, keep = bench.store.find, bench.store.keep
    finds = iter((True, False, False))

    class SlowStore(LoginStore):
        def find(self, name: str, url: str) -> StoredLogin | None:
            found = find(name, url)
            if next(finds):
                # What it found is old by the time that it is heard of.
                reading.set()
                assert renewed.wait(PATIENCE)
            return found

        def keep(self, login: StoredLogin) -> None:
            renewed.set()
            keep(login)

    web = OAuthWeb(bench.transport, bench.server.url)
    bearer = Bearer("web", bench.server.url, web=web, store=SlowStore(bench.home))
    headers: list[str | None] = []

    async def ask() -> None:
        headers.append(await bearer.header())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.to_thread.run_sync(reading.wait, PATIENCE)
        nursery.start_soon(ask)
    assert headers == ["Bearer token-1"] * 2
    assert len(bench.server.of("/token")) == 1


async def test_a_token_that_the_server_refuses_is_renewed_in_the_middle_of_a_session(bench: Bench) -> None:
    await bench.log_in()
    async with bench.connected() as connection:
        bench.server.tokens.clear()
        assert await connection.call("t", {}, meta={}, elicit=_nobody) == {"content": []}
        assert len(bench.server.of("/token")) == 2
        assert not connection.gone.is_set()


@pytest.mark.parametrize("refresh_token", ["used", None])
async def test_a_login_that_does_not_count_any_more_is_asked_for_again(bench: Bench, refresh_token: str | None) -> None:
    bench.keep(expires_at=1000, refresh_token=refresh_token)
    with failing(McpLoginNeeded, "not logged in") as caught:
        async with bench.connected():
            pass
    assert _only(caught.value).again


async def test_a_token_is_used_to_its_end_while_the_login_server_is_away(bench: Bench) -> None:
    _answering("/token", WebReply(503))(bench.server)
    bench.keep(expires_at=now_ms() + 30_000)
    bearer = bench.logins.bearer("web", bench.address)
    assert bearer is not None
    assert await bearer.header() == "Bearer old"
    bench.keep(expires_at=1000)
    bearer.forget()
    with pytest.raises(OAuthFailure, match="HTTP status 503"):
        await bearer.header()


async def test_a_login_that_another_process_renewed_is_used(bench: Bench) -> None:
    await bench.log_in()
    bearer = bench.logins.bearer("web", bench.address)
    assert bearer is not None
    assert await bearer.header() == "Bearer token-1"
    bench.keep(access_token="theirs")
    assert await bearer.after_refusal("Bearer token-1") == "Bearer theirs"
    assert len(bench.server.of("/token")) == 1


# The file


async def test_logins_are_kept_for_their_owner_only_and_beside_others(bench: Bench) -> None:
    file = bench.home / ".credentials.json"
    file.write_text(json.dumps({"other|0": {"anything": 1}}))
    await bench.log_in()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    entries = json.loads(file.read_text())
    assert entries.pop("other|0") == {"anything": 1}
    [(key, entry)] = entries.items()
    assert key.startswith("web|")
    assert len(key) == len("web|") + 16
    assert entry["server_url"] == bench.server.url
    assert bench.store.forget("web", bench.server.url)
    assert not bench.store.forget("web", bench.server.url)
    assert json.loads(file.read_text()) == {"other|0": {"anything": 1}}


def test_a_file_in_the_form_that_codex_writes_is_read(tmp_path: Path) -> None:
    url = "http://127.0.0.1:41305/mcp"
    entry = {
        "server_name": "web",
        "server_url": url,
        "issuer": "http://127.0.0.1:41305",
        "client_id": "cid-1",
        "access_token": "at",
        "expires_at": 1796065701012,
        "refresh_token": "rt",
        "scopes": ["read", "write"],
    }
    (tmp_path / ".credentials.json").write_text(json.dumps({"web|3f02d18d236c083a": entry}))
    found = LoginStore(tmp_path).find("web", url)
    assert found is not None
    assert (found.access_token, found.scopes) == ("at", ("read", "write"))


def test_a_damaged_file_is_neither_believed_nor_overwritten_nor_shown(tmp_path: Path) -> None:
    file = tmp_path / ".credentials.json"
    file.write_text(DAMAGE)
    store = LoginStore(tmp_path)
    login = StoredLogin(server_name="web", server_url="http://x", client_id="c", access_token="t")
    for use in (lambda: store.find("web", "http://x"), lambda: store.keep(login)):
        with pytest.raises(OAuthFailure, match="is no JSON object; remove it, and log in again") as caught:
            use()
        assert "secret" not in str(caught.value)
    assert file.read_text() == DAMAGE


async def _nobody(_server: str, _params: Any) -> Any:
    return {"action": "cancel"}


def _only(error: BaseException) -> Any:
    """Return the failure in whatever groups."""
    while isinstance(error, BaseExceptionGroup):
        [error] = error.exceptions
    return error
