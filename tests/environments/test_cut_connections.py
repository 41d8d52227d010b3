"""What becomes of a connection to an exec-server that is cut: mended, or lost with all that ran behind it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from near_lab import NearLab, open_near

from codex_trio.config.settings import HostLists
from codex_trio.environments.commands import CommandRequest
from codex_trio.environments.errors import EnvironmentUnreachable
from codex_trio.environments.news import ConnectionChange
from codex_trio.environments.place import WorkPlace
from codex_trio.execution.errors import SpawnError
from codex_trio.sandbox.policy import HostLimits, ReadOnly, SandboxLimits
from codex_trio.transport.base import MessageTransport, TransportClosed
from codex_trio.util.regular_file import FileTooLarge

BEGAN = ConnectionChange(environment_id="far", is_connected=True)
LOST = ConnectionChange(environment_id="far", is_connected=False)


def request(script: str, lab: NearLab) -> CommandRequest:
    argv = ("/bin/sh", "-c", script)
    return CommandRequest(call_id="c", argv=argv, reads_login=False, cwd=lab.place.cwd, tty=True, sandboxed=False)


async def nothing(*_: object) -> None:
    await trio.lowlevel.checkpoint()


async def told(lab: NearLab, count: int) -> None:
    """Wait until so much was told of the connection."""
    while len(lab.told) < count:  # noqa: ASYNC110  # the lab bounds it
        await trio.sleep(0.005)


class Heard:
    """Output as it comes. `begun` is set when the command has said that it is up."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.begun = trio.Event()

    async def take(self, text: str) -> None:
        self.pieces.append(text)
        if "up" in "".join(self.pieces):
            self.begun.set()
        await trio.lowlevel.checkpoint()


async def test_a_connection_that_was_tried_ahead_tells_how_things_stand_and_goes_with_its_environment(
    tmp_path: Path,
) -> None:
    async with open_near(tmp_path) as (lab, _), lab.opened():
        lab.environment.connection.dial()
        assert lab.environment.status().kind == "pending"
        await told(lab, 1)
        assert (lab.environment.status().kind, lab.told) == ("ready", [BEGAN])
        lab.environment.let_go()
        await told(lab, 2)
        assert (lab.environment.status().kind, lab.told) == ("disconnected", [BEGAN, LOST])


async def test_a_connection_that_somebody_used_stays_when_its_environment_is_replaced(tmp_path: Path) -> None:
    async with open_near(tmp_path) as (lab, _), lab.opened():
        lab.environment.connection.dial()
        await lab.environment.info()
        lab.environment.let_go()
        await trio.testing.wait_all_tasks_blocked()
        assert lab.environment.status().kind == "ready"


async def test_a_session_that_is_lost_ends_what_ran_in_it_and_another_one_begins(tmp_path: Path) -> None:
    async with open_near(tmp_path, servers=2) as (lab, servers), lab.opened() as opened:
        assert lab.told == []
        running = request("echo up; read x", lab)
        session = await opened.commands.start(running, lab.place, group="g", on_output=nothing)
        assert lab.told == [BEGAN]
        await lab.road.cut()
        assert (await lab.environment.info()).cwd == str(tmp_path)
        assert lab.told == [BEGAN], "a cut that is mended is nobody's business"
        lab.road.server = servers[1]
        await lab.road.cut()
        assert await session.wait() == 255
        found = await opened.commands.collect(session, yield_ms=1)
        assert "the exec-server does not go on with the session: unknown session id" in found.output
        assert (await lab.environment.info()).cwd == str(tmp_path)
        assert lab.told == [BEGAN, LOST, BEGAN]


async def test_whichever_message_is_lost_with_the_connection_all_is_done_once(tmp_path: Path) -> None:
    """Every message of a short piece of work in its turn, the connection with it: those of the server and ours."""
    async with open_near(tmp_path) as (lab, _), lab.opened() as opened:
        await lab.environment.info()
        number, is_over = 0, False
        while not is_over:
            number += 1
            heard = Heard()

            lab.road.passed, lab.road.cut_at = 0, number
            script = f"stty -echo; echo ran >> ran{number}; echo up; read x; echo got:$x:; read y; echo got:$y:; exit 3"
            commands = opened.commands
            session = await commands.start(request(script, lab), lab.place, group="g", on_output=heard.take)
            await heard.begun.wait()
            for text in ("one\n", "two\n"):
                await commands.write(session.id, text)
            assert await session.wait() == 3
            assert "".join(heard.pieces).replace("\r", "") == "up\ngot:one:\ngot:two:\n", number
            assert (tmp_path / f"ran{number}").read_text() == "ran\n", number
            await commands.collect(session, yield_ms=1)
            is_over = lab.road.passed < number
        assert number > 8
        assert lab.told == [BEGAN]


async def test_whichever_message_is_lost_a_command_is_interrupted_once(tmp_path: Path) -> None:
    async with open_near(tmp_path) as (lab, _), lab.opened() as opened:
        await lab.environment.info()
        number, is_over = 0, False
        script = "trap 'echo int' INT; echo up; while ! test -e over; do sleep 0.01; done; exit 3"
        while not is_over:
            number += 1
            heard = Heard()
            lab.road.passed, lab.road.cut_at = 0, 0
            piped = msgspec.structs.replace(request(script, lab), tty=False)
            session = await opened.commands.start(piped, lab.place, group="g", on_output=heard.take)
            await heard.begun.wait()
            lab.road.passed, lab.road.cut_at = 0, number
            await opened.commands.write(session.id, "\x03")
            is_over = lab.road.passed < number
            (tmp_path / "over").touch()
            assert await session.wait() == 3
            assert "".join(heard.pieces) == "up\nint\n", number
            (tmp_path / "over").unlink()
        assert number > 2


async def test_both_streams_come_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    async with open_near(tmp_path) as (lab, _), lab.opened() as opened:
        script = "i=0; while [ $i -lt 200 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done"
        piped = msgspec.structs.replace(request(script, lab), tty=False)
        session = await opened.commands.start(piped, lab.place, group="g", on_output=nothing)
        assert await session.wait() == 0
        found = await opened.commands.collect(session, yield_ms=1)
        assert found.output == "".join(f"out {number}\nerr {number}\n" for number in range(200))


async def test_what_was_killed_while_nobody_gets_through_ends_once_somebody_does(tmp_path: Path) -> None:
    async with open_near(tmp_path) as (lab, _), lab.opened() as opened:
        ended = tmp_path / "ended"
        os.mkfifo(ended)
        # Its end closes what it has open.
        script = "exec 3> ended; echo up; read x"
        session = await opened.commands.start(request(script, lab), lab.place, group="g", on_output=nothing)
        reading = await trio.to_thread.run_sync(ended.open, "rb", abandon_on_cancel=True)
        server, lab.road.server = lab.road.server, None
        await lab.road.cut()
        with trio.move_on_after(0.2):
            await opened.commands.kill(session, because="it is not wanted any more")
        with trio.fail_after(2.0):
            # Nobody waits for that once more.
            await opened.commands.kill_group("g", because="its turn is over")
        lab.road.server = server
        with reading:
            assert await trio.to_thread.run_sync(reading.read, abandon_on_cancel=True) == b""
        assert lab.told == [BEGAN]


class Liar:
    """An exec-server that answers what it is told to."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    async def serve(self, transport: MessageTransport) -> None:
        with suppress(TransportClosed):
            await self._serve(transport)

    async def _serve(self, transport: MessageTransport) -> None:
        while (message := await transport.receive()) is not None:
            asked = msgspec.json.decode(message)
            if "id" in asked:
                answer = {"id": asked["id"], "result": self._answers.get(asked["method"], {})}
                await transport.send(msgspec.json.encode(answer))


FACTS: dict[str, Any] = {"shell": {"name": "sh", "path": "/bin/sh"}}
INITIALIZED = {"sessionId": "s", "environmentInfo": FACTS}


async def test_a_server_that_makes_no_sense_is_an_error_and_no_end(tmp_path: Path) -> None:
    async with open_near(tmp_path) as (lab, _), lab.opened() as opened:
        for facts in (5, {"shell": FACTS}, {**FACTS, "cwd": "not absolute"}, {**FACTS, "tempDir": "file://far/tmp"}):
            lab.road.server = Liar({"initialize": {**INITIALIZED, "environmentInfo": facts}})
            with pytest.raises(EnvironmentUnreachable, match="what answers is no exec-server"):
                await lab.environment.info()
        metadata = {"isDirectory": False, "isFile": True, "isSymlink": False, "size": 2**80}
        answers = {"fs/getMetadata": metadata, "fs/readFile": {"dataBase64": "!"}, "fs/canonicalize": {"path": "x"}}
        answers["process/start"] = {"processId": "p"}
        lab.road.server = Liar({"initialize": INITIALIZED, **answers})
        files = lab.environment.files
        with pytest.raises(OSError, match="makes no sense"):
            await files.content("/f")
        with pytest.raises(OSError, match="makes no sense"):
            await files.canonical("/f")
        with pytest.raises(FileTooLarge):
            await files.read("/f", limit=10)
        broken = {"chunks": [{"seq": 1, "stream": "pty", "chunk": "A"}], "nextSeq": 2, "exited": False, "closed": False}
        answers["process/read"] = {**broken, "exitCode": None}
        await lab.road.cut()
        lab.road.server = Liar({"initialize": INITIALIZED, **answers})
        session = await opened.commands.start(request("true", lab), lab.place, group="g", on_output=nothing)
        # The next connection has it read what it missed.
        await lab.road.cut()
        assert await session.wait() == 255


@pytest.mark.parametrize("facts", [None, FACTS, {**FACTS, "capabilities": {"networkProxyLaunch": False}}])
async def test_a_command_is_not_sent_to_a_server_that_cannot_limit_its_hosts(
    tmp_path: Path, facts: dict[str, Any] | None
) -> None:
    limits = SandboxLimits(hosts=HostLimits(own=HostLists(source="s", allowed=("a.test",))))
    async with open_near(tmp_path) as (lab, _), lab.opened() as opened:
        lab.road.server = Liar({"initialize": {**INITIALIZED, "environmentInfo": facts}})
        place = WorkPlace(cwd=str(tmp_path), policy=ReadOnly(network_access=True, limits=limits))
        sandboxed = msgspec.structs.replace(request("true", lab), sandboxed=True)
        with pytest.raises(SpawnError, match="limited to hosts, which this exec-server cannot see to"):
            await opened.commands.start(sandboxed, place, group="g", on_output=nothing)
