"""The program that the user wants to be run at the end of a turn."""

import json
import os
import sys

import trio

from codex_trio.conformance.lab import Lab
from codex_trio.testing.model_script import answer, message

PROGRAM = """
import json, os, sys
with open({pipe!r}, "w") as pipe:
    json.dump([sys.argv[1:], os.getcwd()], pipe)
"""


class Notified:
    """A program whose notices can be read, one after another."""

    def __init__(self, lab: Lab) -> None:
        program = lab.base / "notify.py"
        self._pipe = lab.base / "pipe"
        os.mkfifo(self._pipe)
        program.write_text(PROGRAM.format(pipe=str(self._pipe)))
        lab.configure(extra=f"notify = {json.dumps([sys.executable, '-S', str(program), 'more'])}")

    async def next(self) -> tuple[list[str], str]:
        """Return the arguments and the folder of the next run."""
        with trio.fail_after(30):
            arguments, cwd = json.loads(await trio.to_thread.run_sync(self._pipe.read_text, abandon_on_cancel=True))
        return arguments, cwd


async def test_the_users_program_is_told_of_the_end_of_a_turn(lab: Lab) -> None:
    notified = Notified(lab)
    lab.script(answer(message("First."), message("Done ü.")))
    async with lab.run() as probe:
        thread = await probe.start_thread()
        turn = await probe.run_turn(thread["id"], [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}])
        (more, notice), cwd = await notified.next()
    assert (more, cwd) == ("more", str(lab.cwd))
    assert json.loads(notice) == {
        "type": "agent-turn-complete",
        "thread-id": thread["id"],
        "turn-id": turn.final["id"],
        "cwd": str(lab.cwd),
        "client": "scenario",
        "input-messages": ["OneTwo"],
        "last-assistant-message": "Done ü.",
    }


async def test_the_users_program_is_told_what_the_turn_was_asked_and_not_the_turns_before(lab: Lab) -> None:
    notified = Notified(lab)
    lab.script(answer(message("1")), answer(message("2")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        for text in ("One", "Two"):
            await probe.run_turn(thread_id, [{"type": "text", "text": text}])
            (_, notice), _ = await notified.next()
            assert json.loads(notice)["input-messages"] == [text]
