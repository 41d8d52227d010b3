"""A thread's commands and files on another machine: nothing is lost or done twice when the road there is cut."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
import trio
from remote_lab import OWN, RemoteLab, open_remote

from codex_trio.config.settings import HostLists
from codex_trio.environments.commands import CommandRequest
from codex_trio.environments.environment import EnvironmentStatus
from codex_trio.environments.errors import EnvironmentUnreachable
from codex_trio.environments.exec_protocol import RETAINED_BYTES
from codex_trio.execution.errors import SpawnError
from codex_trio.files.contents import NotWritable
from codex_trio.sandbox.policy import HostLimits, SandboxLimits, WorkspaceWrite, everywhere
from codex_trio.tools.patch_policy import WritablePlaces
from codex_trio.util.regular_file import FileTooLarge, NotARegularFile


async def nothing(*_: object) -> None:
    await trio.lowlevel.checkpoint()


def request(script: str, lab: RemoteLab, *, tty: bool = False, sandboxed: bool = True) -> CommandRequest:
    argv = ("/bin/sh", "-c", script)
    return CommandRequest(call_id="c1", argv=argv, reads_login=False, cwd=str(lab.work), tty=tty, sandboxed=sandboxed)


REFERENCE = os.environ.get("CODEX_REFERENCE")
SERVERS = [OWN, *([] if REFERENCE is None else [(REFERENCE,)])]
"""With CODEX_REFERENCE set to a binary, the established server's exec-server too."""


@pytest.mark.parametrize("program", SERVERS, ids=lambda program: Path(program[0]).name)
async def test_commands_and_files_go_over_a_slow_road_under_the_policy(
    tmp_path: Path, program: tuple[str, ...]
) -> None:
    (tmp_path / "token").write_text("let-me-in")
    options = ("--ws-auth", "capability-token", "--ws-token-file", str(tmp_path / "token"))
    async with open_remote(tmp_path, *options, token="let-me-in", program=program) as lab:
        lab.road.delay = 0.005
        assert lab.environment.status() == EnvironmentStatus(kind="pending")
        info = await lab.environment.info()
        assert (os.path.isabs(info.shell), info.cwd) == (True, str(tmp_path))
        assert lab.environment.status() == EnvironmentStatus(kind="ready")
        commands = lab.opened.commands
        folder = lab.work / "sub"
        folder.mkdir()
        place = msgspec.structs.replace(lab.place, cwd=str(folder))
        script = (
            f"cd {folder}; echo in; touch inside; touch ../outside 2>/dev/null; echo $CODEX_THREAD_ID-$HOME; exit 3"
        )
        session = await commands.start(request(script, lab), place, group="g", on_output=nothing)
        assert await session.wait() == 3
        found = await commands.collect(session, yield_ms=1)
        assert found.output.startswith("in\n")
        assert f"t-{tmp_path}/home\n" in found.output
        assert (folder / "inside").exists()
        assert not (lab.work / "outside").exists()
        await check_files(lab)
        await check_hosts(lab)


HOSTS = HostLists(
    source="the profile", allowed=("127.0.0.1",), denied=("denied.test",), way_out='allow "{host}" in the profile'
)
FETCH = r"""
get() {
    exec 3<>/dev/tcp/127.0.0.1/${http_proxy##*:}
    printf "GET http://$1/ HTTP/1.1\r\nHost: $1\r\nConnection: close\r\n\r\n" >&3
    cat <&3
    echo
}
get 127.0.0.1:PORT; get unlisted.test; get denied.test; get denied.test
if (exec 3<>/dev/tcp/127.0.0.1/PORT) 2>/dev/null; then echo direct; else echo closed; fi
"""


async def check_hosts(lab: RemoteLab) -> None:
    """Check that a command reaches the listed hosts alone, and that its output names those that it did not reach."""

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(10_000)
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nreached")

    limited = everywhere(SandboxLimits(hosts=HostLimits(required=HOSTS)))
    confined = WorkspaceWrite(network_access=True, limits=SandboxLimits(hosts=HostLimits(own=HOSTS)))
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        script = FETCH.replace("PORT", str(listeners[0].socket.getsockname()[1]))
        for policy, way_out in ((confined, 'To open it, allow "unlisted.test"'), (limited, "the profile decides")):
            asked = msgspec.structs.replace(request(script, lab), argv=("/bin/bash", "-c", script))
            place = msgspec.structs.replace(lab.place, policy=policy)
            try:
                session = await lab.opened.commands.start(asked, place, group="g", on_output=nothing)
            except SpawnError as error:
                if "Landlock cannot" not in str(error):
                    raise
                break
            assert await session.wait() == 0
            output = (await lab.opened.commands.collect(session, yield_ms=1)).output
            assert output.count("reached") == 1, output
            assert output.endswith("closed\n"), output
            assert "closed" in output.splitlines()
            unlisted = next(
                line for line in output.splitlines() if line.startswith('Network access to "unlisted.test"')
            )
            assert "not on the allowlist" in unlisted
            assert way_out in unlisted
            assert output.count('\nNetwork access to "denied.test" was blocked: domain is explicitly denied') == 1
        nursery.cancel_scope.cancel()


async def check_files(lab: RemoteLab) -> None:
    """Check what patches and pictures do with files there."""
    files, work = lab.environment.files, lab.work
    (work / "old.sh").write_text("#!/bin/sh\n")
    (work / "old.sh").chmod(0o755)
    (work / "link").symlink_to("old.sh")

    def patch() -> None:
        gate = WritablePlaces(frozenset(), lambda path: lab.opened.may_write(path, lab.place))
        there = lab.opened.writing(gate, lab.place, approved=frozenset())
        there.write(str(work / "a" / "b" / "new"), b"hello")
        assert there.read(str(work / "a" / "b" / "new")) == b"hello"
        assert there.read(str(work / "none")) is None
        assert there.leads_to(str(work / "link")) == str(work / "old.sh")
        there.move(str(work / "old.sh"), str(work / "moved.sh"), b"#!/bin/sh\necho\n", changed=True)
        there.delete(str(work / "link"))
        for place in (work.parent / "x", work / ".git" / "config"):
            with pytest.raises(NotWritable):
                there.write(str(place), b"")
        approved = frozenset([str(work.parent / "asked")])
        gate = WritablePlaces(approved, lambda path: lab.opened.may_write(path, lab.place))
        lab.opened.writing(gate, lab.place, approved=approved).write(str(work.parent / "asked"), b"yes")
        assert lab.environment.repositories.root(work / "a") != work
        (work / ".git").mkdir()
        assert lab.environment.repositories.root(work / "a") == work

    await trio.to_thread.run_sync(patch, abandon_on_cancel=True)
    assert (work / "moved.sh").read_text() == "#!/bin/sh\necho\n"
    assert os.access(work / "moved.sh", os.X_OK)
    assert sorted(path.name for path in work.iterdir()) == [".git", "a", "moved.sh", "sub"]
    assert (work.parent / "asked").read_text() == "yes"
    assert await files.read(str(work / "moved.sh"), limit=100) == b"#!/bin/sh\necho\n"
    with pytest.raises(FileTooLarge):
        await files.read(str(work / "moved.sh"), limit=3)
    with pytest.raises(NotARegularFile):
        await files.read("/dev/null", limit=3)
    with pytest.raises(FileNotFoundError):
        await files.read(str(work / "none"), limit=3)


async def test_a_cut_in_the_middle_of_a_command_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    size = 3 * RETAINED_BYTES
    go_on = tmp_path / "go"
    os.mkfifo(go_on)
    async with open_remote(tmp_path) as lab:
        heard: list[str] = []
        begun = trio.Event()

        async def hear(text: str) -> None:
            heard.append(text)
            begun.set()
            await trio.lowlevel.checkpoint()

        script = f"echo ran >> ran; head -c {size} /dev/zero | tr '\\0' a; read x < {go_on}; read y; echo got:$y:"
        commands = lab.opened.commands
        asked = request(script, lab, tty=True, sandboxed=False)
        session = await commands.start(asked, lab.place, group="g", on_output=hear)
        await begun.wait()
        for _ in range(3):
            lab.road.is_closed = True
            lab.road.cut()
            async with trio.open_nursery() as nursery:
                # Asked for while nobody gets through, and answered later.
                nursery.start_soon(lab.environment.files.status, str(lab.work))
                await trio.testing.wait_all_tasks_blocked()
                lab.road.is_closed = False
        await trio.to_thread.run_sync(go_on.write_text, "\n", abandon_on_cancel=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(commands.write, session.id, "once\n")
            await trio.testing.wait_all_tasks_blocked()
            lab.road.cut()
        assert await session.wait() == 0
        said = "".join(heard)
        assert said.count("a") == size
        assert said.count("got:once:") == 1
        # As it was typed, and as it was read.
        assert said.count("once") == 2
        assert (lab.work / "ran").read_text() == "ran\n"
        assert lab.road.connections > 3
        assert [change.is_connected for change in lab.told] == [True]


async def test_a_thread_that_ends_leaves_nothing_running_there(tmp_path: Path) -> None:
    pipe = tmp_path / "lives"
    os.mkfifo(pipe)
    async with open_remote(tmp_path) as lab:
        script = f"exec 3>{pipe}; echo up >&3; setsid sleep 1000 & exit 0"
        asked = request(script, lab, sandboxed=False)
        commands = lab.opened.commands
        session = await commands.start(asked, lab.place, group="g", on_output=nothing)
        reading = await trio.to_thread.run_sync(lambda: pipe.open("rb"), abandon_on_cancel=True)
        with reading:
            assert await trio.to_thread.run_sync(reading.readline, abandon_on_cancel=True) == b"up\n"
            assert await session.wait() == 0
            await commands.kill_group("g", because="over")
            assert await trio.to_thread.run_sync(reading.read, abandon_on_cancel=True) == b""


async def test_what_cannot_be_reached_says_so(tmp_path: Path) -> None:
    async with open_remote(tmp_path, "--ws-auth", "capability-token", "--ws-token-sha256", "0" * 64) as lab:
        with pytest.raises(EnvironmentUnreachable, match=r"failed to connect to exec-server websocket .*401"):
            await lab.environment.info()
        assert lab.environment.status().kind == "disconnected"
        with pytest.raises(SpawnError, match="failed to connect to exec-server"):
            await lab.opened.commands.start(request("touch ran", lab), lab.place, group="g", on_output=nothing)
        with pytest.raises(OSError, match="failed to connect to exec-server"):
            await lab.environment.files.read(str(lab.work / "x"), limit=1)
        assert (await lab.environment.description(lab.place)).shell is None
