"""What becomes of a connection to an exec-server that is cut: mended, or lost with all that ran behind it."""

from __future__ import annotations

from pathlib import Path

import trio
from near_lab import NearLab, open_near

from codex_trio.environments.commands import CommandRequest
from codex_trio.environments.news import ConnectionChange

BEGAN = ConnectionChange(environment_id="far", is_connected=True)
LOST = ConnectionChange(environment_id="far", is_connected=False)


def request(script: str, lab: NearLab) -> CommandRequest:
    argv = ("/bin/sh", "-c", script)
    return CommandRequest(call_id="c", argv=argv, reads_login=False, cwd=lab.place.cwd, tty=True, sandboxed=False)


async def nothing(*_: object) -> None:
    await trio.lowlevel.checkpoint()


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


async def test_a_session_that_is_lost_ends_what_ran_in_it_and_another_one_begins(tmp_path: Path) -> None:
    async with open_near(tmp_path, servers=2) as (lab, servers), lab.opened() as opened:
        assert lab.told == []
        running = request("echo up; read x", lab)
        session = await opened.commands.start(running, lab.place, group="g", on_output=nothing, warn=print)
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
            session = await commands.start(request(script, lab), lab.place, group="g", on_output=heard.take, warn=print)
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
