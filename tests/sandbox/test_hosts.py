"""Real commands that may reach some hosts only: the proxy is their one way out."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import pytest
import trio
from sandbox_lab import SandboxLab

from codex_trio.config.settings import HostLists
from codex_trio.execution.launch import SpawnRequest
from codex_trio.network.proxies import CommandProxies, open_command_proxies
from codex_trio.sandbox.command import wrap
from codex_trio.sandbox.errors import SandboxUnavailable
from codex_trio.sandbox.policy import HostLimits, ReadOnly, SandboxLimits, SandboxPolicy, WorkspaceWrite
from codex_trio.sandbox.proxy_variables import proxy_variables

_FETCH = """
import os, socket, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": os.environ["http_proxy"]}))
print(opener.open("http://127.0.0.1:PORT/x", timeout=20).read().decode())
def attempt(what):
    try:
        what()
    except OSError as error:
        print(type(error).__name__)
    else:
        print("through")
attempt(lambda: opener.open("http://denied.test/", timeout=20))
attempt(lambda: socket.create_connection(("127.0.0.1", PORT), timeout=20))
attempt(lambda: socket.create_connection(("192.0.2.1", 80), timeout=20))
attempt(lambda: socket.socket(socket.AF_UNIX))
attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
attempt(lambda: socket.socketpair())
with socket.create_server(("127.0.0.1", 0)) as own:
    attempt(lambda: socket.create_connection(own.getsockname(), timeout=20))
print(sorted(int(name) for name in os.listdir("/proc/self/fd"))[:3])
"""


def limited(policy: SandboxPolicy, *, denied: tuple[str, ...] = ()) -> SandboxPolicy:
    assert isinstance(policy, ReadOnly | WorkspaceWrite)
    lists = HostLists(source="the test", allowed=("127.0.0.1",), denied=denied)
    limits = SandboxLimits(hosts=HostLimits(own=lists))
    return msgspec.structs.replace(policy, network_access=True, limits=limits)


def requested(lab: SandboxLab, proxies: CommandProxies, policy: SandboxPolicy, *argv: str) -> SpawnRequest:
    wrapped = wrap(
        argv,
        policy,
        cwd=str(lab.workspace),
        tmpdir=str(lab.tmpdir),
        probe=lab.probe,
        anchors=lab.anchors,
    )
    assert wrapped.hosts is not None
    request = lab.request(policy, *argv)
    return msgspec.structs.replace(request, door=proxies.door(wrapped.hosts))


@asynccontextmanager
async def serving() -> AsyncGenerator[int]:
    """Provide the port of a service on this machine that answers any request."""

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(10_000)
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nreached")

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("policy", [ReadOnly(), WorkspaceWrite()], ids=lambda policy: type(policy).__name__)
async def test_the_proxy_is_the_only_way_out(mount_lab: SandboxLab, policy: SandboxPolicy) -> None:
    lab = mount_lab
    async with open_command_proxies() as proxies, serving() as port:
        script = _FETCH.replace("PORT", str(port))
        wanted = requested(
            lab, proxies, limited(policy, denied=("denied.test",)), sys.executable, "-I", "-S", "-c", script
        )
        outcome = await lab.run(wanted)
    assert outcome.output.splitlines() == [
        "reached",
        "HTTPError",
        "ConnectionRefusedError",
        "OSError",
        "PermissionError",
        "PermissionError",
        "through",
        "through",
        "[0, 1, 2]",
    ]
    assert outcome.exit_code == 0


async def test_nothing_is_left_of_a_proxy_whose_command_has_ended(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    open_files: list[int] = []
    async with open_command_proxies() as proxies, serving() as port:
        ask = f"connection.sendall(b'CONNECT 127.0.0.1:{port} HTTP/1.1')"
        script = f"import socket; connection = socket.create_connection(('127.0.0.1', 3128)); {ask}"
        for _ in range(2):
            wanted = requested(lab, proxies, limited(ReadOnly()), sys.executable, "-I", "-S", "-c", script)
            assert (await lab.run(wanted)).exit_code == 0
            await trio.testing.wait_all_tasks_blocked()
            open_files.append(len(os.listdir("/proc/self/fd")))
    # The first one has started what stays for all of them.
    assert open_files[0] == open_files[1]


async def test_landlock_alone_cannot_hold_commands_to_hosts(lab: SandboxLab) -> None:
    if lab.probe.mechanism != "landlock":
        pytest.skip("only about Landlock")
    with pytest.raises(SandboxUnavailable, match="Landlock cannot hold commands to the hosts"):
        lab.request(limited(ReadOnly()), "true")


def test_programs_are_told_of_the_proxy() -> None:
    told = proxy_variables(HostLimits(own=HostLists(source="s", socks=False)))
    assert told["HTTPS_PROXY"] == told["http_proxy"] == told["ALL_PROXY"] == "http://127.0.0.1:3128"
    assert told["NO_PROXY"] == told["no_proxy"] == ""
    told = proxy_variables(HostLimits(own=HostLists(source="s", allows_local=True)))
    assert told["ALL_PROXY"] == "socks5h://127.0.0.1:1080"
    assert told["CODEX_NETWORK_ALLOW_LOCAL_BINDING"] == "1"
