"""Logins that clients begin: they end, once each, and whoever has to hears of it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.extensions.mcp.oauth.logins import PendingLogin
from codex_trio.extensions.mcp.oauth.web import OAuthFailure
from codex_trio.extensions.mcp.settings import HttpAddress, McpServerSettings, StdioCommand, Unusable
from codex_trio.threads.clients import EndedLogin
from codex_trio.threads.mcp_logins import (
    BROKEN,
    DEFAULT_SECONDS,
    REPLACED,
    TIMED_OUT,
    BegunLogin,
    McpLoginRefused,
    ServerLogins,
)

WEB = McpServerSettings(name="web", transport=HttpAddress(url="https://mcp.example/mcp"))


class Bench:
    """Logins whose users do what a test says, and what is told of them."""

    def __init__(self) -> None:
        self.told: list[EndedLogin] = []
        self.restarted: list[str] = []
        self.not_restarted: set[str] = set()
        self.opened = 0
        self.closed = 0
        self.problem: str | None = None
        self.mistake: Exception | None = None
        self.users: list[trio.Event] = []
        clients = SimpleNamespace(tell_mcp_login=self.told.append)
        servers = SimpleNamespace(logged_in=self._logged_in)
        self.logins = ServerLogins(cast("Any", self), cast("Any", servers), cast("Any", clients))

    @asynccontextmanager
    async def open_login(
        self, _name: str, _address: HttpAddress, *, scopes: list[str] | None
    ) -> AsyncGenerator[PendingLogin]:
        if scopes == ["broken"]:
            raise OAuthFailure("there is no login server")
        self.opened += 1
        agreed = trio.Event()
        self.users.append(agreed)

        async def finish() -> None:
            await agreed.wait()
            if self.problem is not None:
                raise OAuthFailure(self.problem)
            if self.mistake is not None:
                raise self.mistake

        try:
            yield PendingLogin(url=f"https://login.example/{self.opened}", finish=finish, take=lambda _address: None)
        finally:
            self.closed += 1

    async def _logged_in(self, name: str) -> None:
        await trio.lowlevel.checkpoint()
        if name in self.not_restarted:
            raise KeyError(name)
        self.restarted.append(name)

    async def begin(self, settings: McpServerSettings = WEB, **asked: Any) -> BegunLogin:
        defaults = {"thread_id": None, "scopes": None, "seconds": None, "registration": None}
        return await self.logins.begin(settings, **{**defaults, **asked})


@pytest.fixture
async def bench() -> AsyncGenerator[Bench]:
    async with trio.open_nursery() as nursery:
        made = Bench()
        await nursery.start(made.logins.run)
        yield made
        nursery.cancel_scope.cancel()


async def test_clients_and_threads_hear_that_a_user_has_logged_in(bench: Bench) -> None:
    login = await bench.begin(thread_id="t")
    assert login.url == "https://login.example/1"
    bench.users[0].set()
    await wait_all_tasks_blocked()
    # Nothing is told of its end before its beginning was.
    assert bench.told == []
    login.answered()
    await wait_all_tasks_blocked()
    assert bench.told == [EndedLogin(id=login.id, name="web", thread_id="t", error=None)]
    assert (bench.restarted, bench.closed) == (["web"], 1)


async def test_a_login_that_does_not_work_out_is_told_with_its_reason(bench: Bench) -> None:
    bench.problem = "the login server refused: denied"
    login = await bench.begin()
    login.answered()
    bench.users[0].set()
    await wait_all_tasks_blocked()
    assert bench.told == [EndedLogin(id=login.id, name="web", thread_id=None, error=bench.problem)]
    assert (bench.restarted, bench.closed) == ([], 1)


@pytest.mark.parametrize(("seconds", "takes"), [(None, DEFAULT_SECONDS), (7, 7), (0, 0)])
async def test_a_user_who_does_not_come_is_waited_for_no_longer_than_was_said(
    autojump_clock: MockClock, bench: Bench, seconds: int | None, takes: float
) -> None:
    login = await bench.begin(seconds=seconds)
    login.answered()
    await trio.sleep(takes + 1)
    assert [told.error for told in bench.told] == [TIMED_OUT]
    assert bench.closed == 1


async def test_a_second_login_to_a_server_takes_the_place_of_the_first(bench: Bench) -> None:
    first = await bench.begin()
    first.answered()
    second = await bench.begin()
    second.answered()
    await wait_all_tasks_blocked()
    assert [(told.id, told.error) for told in bench.told] == [(first.id, REPLACED)]
    bench.users[1].set()
    await wait_all_tasks_blocked()
    assert [(told.id, told.error) for told in bench.told[1:]] == [(second.id, None)]
    assert bench.closed == 2


@pytest.mark.parametrize(
    ("settings", "asked", "said"),
    [
        (McpServerSettings(name="x", transport=StdioCommand(command="x")), {}, "only supported for streamable HTTP"),
        (McpServerSettings(name="x", transport=Unusable(problem="its url is none")), {}, "its url is none"),
        (
            McpServerSettings(name="x", transport=HttpAddress(url="https://x", bearer_token_env_var="T")),
            {},
            "bearer_token_env_var",
        ),
        (
            McpServerSettings(name="x", transport=HttpAddress(url="https://x", headers={"Authorization": "x"})),
            {},
            "authorization header",
        ),
        (WEB, {"registration": "cimd"}, "`cimd` is not supported"),
        (WEB, {"seconds": -1}, "timeoutSecs must be from 0"),
        (WEB, {"seconds": 10**9}, "timeoutSecs must be from 0"),
    ],
)
async def test_what_cannot_be_logged_in_to_is_refused_with_the_reason(
    bench: Bench, settings: McpServerSettings, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(McpLoginRefused, match=said):
        await bench.begin(settings, **asked)
    assert bench.opened == 0


async def test_a_login_that_cannot_begin_is_a_failure_of_its_request_alone(bench: Bench) -> None:
    with pytest.raises(OAuthFailure, match="no login server"):
        await bench.begin(scopes=["broken"])
    login = await bench.begin()
    login.answered()
    bench.users[0].set()
    await wait_all_tasks_blocked()
    assert [told.error for told in bench.told] == [None]


async def test_logins_end_with_the_service() -> None:
    bench = Bench()
    async with trio.open_nursery() as nursery:
        await nursery.start(bench.logins.run)
        (await bench.begin()).answered()
        nursery.cancel_scope.cancel()
    assert (bench.opened, bench.closed, bench.told) == (1, 1, [])


async def test_a_mistake_of_ours_ends_a_login_that_was_begun_and_others_go_on(bench: Bench) -> None:
    bench.mistake = KeyError("nobody expects this")
    login = await bench.begin()
    login.answered()
    bench.users[0].set()
    await wait_all_tasks_blocked()
    assert [(told.id, told.error) for told in bench.told] == [(login.id, BROKEN)]
    bench.mistake = None
    again = await bench.begin()
    again.answered()
    bench.users[1].set()
    await wait_all_tasks_blocked()
    assert [(told.id, told.error) for told in bench.told[1:]] == [(again.id, None)]


async def test_the_end_of_a_login_is_told_once_whatever_comes_after(bench: Bench) -> None:
    bench.not_restarted.add("web")
    login = await bench.begin()
    login.answered()
    bench.users[0].set()
    await wait_all_tasks_blocked()
    assert [(told.id, told.error) for told in bench.told] == [(login.id, None)]
