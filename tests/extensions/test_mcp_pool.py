"""Servers that threads share: one process where they can, and what becomes of it."""

import json
import os
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

import codex_trio.testing.mcp_server
from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.requirements import NOTHING_REQUIRED
from codex_trio.config.settings import EffectiveConfig
from codex_trio.conformance.processes import wait_gone
from codex_trio.execution.spawner import open_process_spawner
from codex_trio.extensions.mcp.connection import McpConnection, McpMeans
from codex_trio.extensions.mcp.errors import McpFailure, McpGone
from codex_trio.extensions.mcp.pool import McpPool
from codex_trio.extensions.mcp.settings import McpServerSettings, StdioCommand, Unusable
from codex_trio.extensions.mcp.thread_servers import ReadyServer, StartupStatus, ThreadServers
from codex_trio.model.http import open_transport
from codex_trio.threads.mcp import McpServers

PATIENCE = 30.0


def scripted(name: str = "tiny", *, shared: bool = True, **env: str) -> McpServerSettings:
    file = str(codex_trio.testing.mcp_server.__file__)
    command = StdioCommand(command=sys.executable, args=("-S", file), env=env)
    return McpServerSettings(name=name, transport=command, shared=shared)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process brings about; the fixture's patience bounds it."""
    while not holds():  # noqa: ASYNC110  # nothing tells of it
        await trio.sleep(0.01)


async def nobody(_server: str, _params: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"action": "cancel"}


async def told(connection: McpConnection, tool: str) -> Any:
    result = await connection.call(tool, None, meta={}, elicit=nobody)
    return json.loads(result["content"][0]["text"])


@asynccontextmanager
async def open_pool(*, idle_seconds: float) -> AsyncGenerator[McpPool]:
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "SECRET": "not yours"}
    with trio.fail_after(PATIENCE):
        async with open_process_spawner() as spawner, open_transport({}) as transport, trio.open_nursery() as nursery:
            means = McpMeans(start=spawner.start, transport=transport, environ=environ)
            made = McpPool(means, idle_seconds=idle_seconds)
            await nursery.start(made.run)
            yield made
            nursery.cancel_scope.cancel()


@pytest.fixture
async def pool() -> AsyncGenerator[McpPool]:
    async with open_pool(idle_seconds=0.05) as made:
        yield made


async def test_users_with_the_same_settings_and_folder_share_a_process_which_ends_after_them(
    pool: McpPool, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    a, b = map(str, folders)
    async with (
        pool.use(scripted(), folder=a) as one,
        pool.use(scripted(), folder=a) as same,
        pool.use(scripted(), folder=b) as elsewhere,
        pool.use(scripted(MARK="x"), folder=a) as other,
        pool.use(scripted(shared=False), folder=a) as own,
    ):
        who = [await told(connection, "who") for connection in (one, same, elsewhere, other, own)]
    pids = [process["pid"] for process in who]
    assert pids[0] == pids[1]
    assert len(set(pids)) == 4
    assert [process["cwd"] for process in who[:3]] == [a, a, b]
    assert "SECRET" not in who[0]["env"]
    assert who[0]["env"]["HOME"] == "/nonexistent"
    await wait_gone(*pids)


async def test_a_server_that_nobody_uses_ends_when_its_configuration_has_it_no_more(tmp_path: Path) -> None:
    def config(*servers: McpServerSettings) -> EffectiveConfig:
        tables = {known.name: msgspec.to_builtins(known.transport) for known in servers}
        return cast("Any", SimpleNamespace(merged={"mcp_servers": tables}, requirements=NOTHING_REQUIRED))

    stays, goes = scripted("stays"), scripted("goes")
    async with open_pool(idle_seconds=3600) as pool:
        async with pool.use(stays, folder=str(tmp_path)) as one, pool.use(goes, folder=str(tmp_path)) as other:
            kept, ended = [(await told(connection, "who"))["pid"] for connection in (one, other)]
        servers = McpServers(pool, clients=cast("Any", None), remember=cast("Any", None))

        async def unreadable(_folder: str) -> EffectiveConfig:
            await trio.lowlevel.checkpoint()
            raise ConfigLoadError("no TOML")

        async def load(folder: str) -> EffectiveConfig:
            await trio.lowlevel.checkpoint()
            return config(stays) if folder == str(tmp_path) else config()

        await servers.end_forgotten(unreadable)
        assert len(pool.unused[str(tmp_path)]) == 2
        await servers.end_forgotten(load)
        await wait_gone(ended)
        assert pool.unused == {str(tmp_path): [stays]}
        async with pool.use(stays, folder=str(tmp_path)) as one:
            assert (await told(one, "who"))["pid"] == kept


async def test_a_server_that_ended_is_started_anew_for_whoever_comes_next(pool: McpPool, tmp_path: Path) -> None:
    async with pool.use(scripted(), folder=str(tmp_path)) as one:
        with pytest.raises(McpFailure, match="connection closed"):
            await told(one, "crash")
        await one.gone.wait()
        async with pool.use(scripted(), folder=str(tmp_path)) as next_one:
            assert (await told(next_one, "who"))["pid"]


async def test_a_server_that_cannot_start_fails_every_user_and_is_tried_again(pool: McpPool, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(McpFailure, match=r"(?s)handshaking with MCP server failed: connection closed.*oh no"):
            async with pool.use(scripted(MCP_CRASH="oh no"), folder=str(tmp_path)):
                pass


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            StdioCommand(command="no-such"),
            r"No such file or directory \(os error 2\): .*`no-such`; .*`command` in `\[mcp_servers.bad\]`.*",
        ),
        (
            StdioCommand(command="/bin/sh", cwd="/no/such/folder"),
            r"No such file or directory \(os error 2\): .*/no/such/folder.*; it is the `cwd` in `\[mcp_servers.bad\]`",
        ),
        (
            StdioCommand(command="/bin/sh", args=("-c", "exit 3")),
            "handshaking with MCP server failed: connection closed: its command `/bin/sh` ended with exit code 3",
        ),
    ],
)
async def test_why_a_server_does_not_start_names_its_command(
    pool: McpPool, tmp_path: Path, command: StdioCommand, told: str
) -> None:
    with pytest.raises(McpFailure, match=f"^{told}$"):
        async with pool.use(McpServerSettings(name="bad", transport=command), folder=str(tmp_path)):
            pass


async def test_a_server_that_ended_is_not_waited_for_though_its_child_holds_its_streams(
    pool: McpPool, tmp_path: Path
) -> None:
    command = StdioCommand(command="/bin/sh", args=("-c", "sleep 60 & echo 'oh no' >&2; exit 3"))
    with pytest.raises(McpFailure, match=r"(?s)handshaking with MCP server failed: connection closed.*oh no"):
        async with pool.use(McpServerSettings(name="left", transport=command), folder=str(tmp_path)):
            pass


async def test_a_server_that_has_other_tools_is_asked_for_them(pool: McpPool, tmp_path: Path) -> None:
    async with pool.use(scripted(MCP_TOOLS="learn"), folder=str(tmp_path)) as connection:
        assert [tool.name for tool in connection.tools] == ["learn"]
        await connection.call("learn", None, meta={}, elicit=nobody)
        await until(lambda: len(connection.tools) == 2)
        assert [tool.name for tool in connection.tools] == ["learn", "learnt"]


async def test_a_thread_has_its_ended_server_started_anew_before_its_next_turn(pool: McpPool, tmp_path: Path) -> None:
    statuses: list[StartupStatus] = []
    servers = ThreadServers(pool, folder=str(tmp_path), tell=statuses.append)
    async with trio.open_nursery() as nursery:
        servers.begin({"tiny": scripted()}, nursery)
        await until(lambda: servers.find("tiny") is not None)
        first = servers.ready[0].connection
        with pytest.raises(McpFailure):
            await told(first, "crash")
        await first.gone.wait()
        assert servers.find("tiny") is None
        assert str(servers.failure_of("tiny")) == "it ended; it is started anew when it is needed"
        while servers.find("tiny") is None:
            await servers.settle()
        nursery.cancel_scope.cancel()
    assert [status.status for status in statuses] == ["starting", "ready", "starting", "ready"]


class _ReadyPool:
    """A pool whose servers are ready at once."""

    @asynccontextmanager
    async def use(self, _settings: McpServerSettings, *, folder: str) -> AsyncGenerator[McpConnection]:
        await trio.lowlevel.checkpoint()
        yield cast("McpConnection", SimpleNamespace(gone=trio.Event(), folder=folder))

    def dismiss(self, gone: object, *, unless: object, folder: str) -> None:
        """Keep them: there is no process."""


@pytest.mark.parametrize("how", ["removed", "switched off"])
async def test_what_waits_for_a_server_ends_with_its_part_in_the_thread(how: str) -> None:
    servers = ThreadServers(cast("McpPool", _ReadyPool()), folder="/", tell=lambda _status: None)
    settings = scripted()
    outcomes: list[str] = []

    async def wait_for(ready: ReadyServer, task_status: trio.TaskStatus[None]) -> None:
        try:
            with ready.uses.one():
                task_status.started()
                await trio.sleep_forever()
        except McpGone as failure:
            outcomes.append(str(failure))

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            servers.begin({"tiny": settings}, nursery)
            ready = await servers.started("tiny")
            async with trio.open_nursery() as waiting:
                await waiting.start(wait_for, ready)
                # Whoever waits goes on with the settings of before.
                await servers.exchange({"tiny": msgspec.structs.replace(settings, tool_seconds=5)})
                await wait_all_tasks_blocked()
                assert outcomes == []
                off = {"tiny": msgspec.structs.replace(settings, enabled=False)}
                await servers.exchange(off if how == "switched off" else {})
            with pytest.raises(McpGone, match="was removed from this thread"), ready.uses.one():
                await trio.sleep_forever()
            nursery.cancel_scope.cancel()
    assert outcomes == ["the server was removed from this thread, or switched off, meanwhile"]


async def test_a_server_whose_table_cannot_be_fails_alone(pool: McpPool, tmp_path: Path) -> None:
    statuses: list[StartupStatus] = []
    servers = ThreadServers(pool, folder=str(tmp_path), tell=statuses.append)
    bad = McpServerSettings(name="bad", transport=Unusable(problem="mcp_servers.bad: invalid transport"), required=True)
    words = "MCP client for `bad` failed to start: MCP startup failed: mcp_servers.bad: invalid transport"
    async with trio.open_nursery() as nursery:
        servers.begin({"bad": bad, "tiny": scripted()}, nursery)
        assert await servers.required_failures() == [f"bad: {words}"]
        await until(lambda: servers.find("tiny") is not None)
        nursery.cancel_scope.cancel()
    assert [status.error for status in statuses if status.name == "bad"] == [None, words]


async def test_servers_that_ended_are_started_anew_once_however_many_wait_for_them(
    pool: McpPool, tmp_path: Path
) -> None:
    statuses: list[StartupStatus] = []
    servers = ThreadServers(pool, folder=str(tmp_path), tell=statuses.append)
    async with trio.open_nursery() as nursery:
        servers.begin({name: scripted(name) for name in ("one", "two")}, nursery)
        await until(lambda: len(servers.ready) == 2)
        for server in servers.ready:
            with pytest.raises(McpFailure):
                await told(server.connection, "crash")
            await server.connection.gone.wait()
        async with trio.open_nursery() as waiting:
            for _ in range(5):
                waiting.start_soon(servers.settle)
        await until(lambda: len(servers.ready) == 2)
        nursery.cancel_scope.cancel()
    for name in ("one", "two"):
        assert [status.status for status in statuses if status.name == name] == ["starting", "ready"] * 2


async def test_a_hundred_threads_with_five_servers_have_five_processes(pool: McpPool, tmp_path: Path) -> None:
    settings = {name: scripted(name) for name in "abcde"}
    threads = [ThreadServers(pool, folder=str(tmp_path), tell=lambda _status: None) for _ in range(100)]
    async with trio.open_nursery() as nursery:
        for servers in threads:
            servers.begin(settings, nursery)
        await until(lambda: all(len(servers.ready) == 5 for servers in threads))
        connections = {server.connection for servers in threads for server in servers.ready}
        pids = {(await told(connection, "who"))["pid"] for connection in connections}
        assert (len(connections), len(pids)) == (5, 5)
        nursery.cancel_scope.cancel()
    await wait_gone(*pids)


@pytest.fixture
async def patient_pool() -> AsyncGenerator[McpPool]:
    """A pool that keeps for long what nobody uses."""
    with trio.fail_after(PATIENCE):
        async with open_process_spawner() as spawner, open_transport({}) as transport, trio.open_nursery() as nursery:
            means = McpMeans(start=spawner.start, transport=transport, environ={"PATH": os.environ["PATH"]})
            made = McpPool(means, idle_seconds=600)
            await nursery.start(made.run)
            yield made
            nursery.cancel_scope.cancel()


async def test_a_server_of_one_user_ends_with_it(patient_pool: McpPool, tmp_path: Path) -> None:
    async with patient_pool.use(scripted(shared=False), folder=str(tmp_path)) as connection:
        pid = (await told(connection, "who"))["pid"]
    await wait_gone(pid)


async def test_a_removed_server_ends_with_the_last_thread_that_has_it(patient_pool: McpPool, tmp_path: Path) -> None:
    settings = {name: scripted(name) for name in ("stays", "goes")}
    threads = [ThreadServers(patient_pool, folder=str(tmp_path), tell=lambda _status: None) for _ in range(2)]
    async with trio.open_nursery() as nursery:
        for servers in threads:
            servers.begin(settings, nursery)
        ready = {name: await threads[0].started(name) for name in settings}
        pids = {name: (await told(server.connection, "who"))["pid"] for name, server in ready.items()}
        # What is only asked otherwise goes on, and so does what another thread has.
        changed = {"stays": msgspec.structs.replace(settings["stays"], tool_seconds=5)}
        await threads[0].exchange(changed)
        assert (await told(ready["goes"].connection, "who"))["pid"] == pids["goes"]
        await threads[1].exchange(changed)
        await wait_gone(pids["goes"])
        for servers in threads:
            assert (await told((await servers.started("stays")).connection, "who"))["pid"] == pids["stays"]
        nursery.cancel_scope.cancel()
