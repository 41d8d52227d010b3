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


async def test_the_users_program_is_told_of_the_end_of_a_turn(lab: Lab) -> None:
    program = lab.base / "notify.py"
    pipe = lab.base / "pipe"
    os.mkfifo(pipe)
    program.write_text(PROGRAM.format(pipe=str(pipe)))
    lab.configure(extra=f"notify = {json.dumps([sys.executable, '-S', str(program), 'more'])}")
    lab.script(answer(message("First."), message("Done ü.")))
    async with lab.run() as probe:
        thread = await probe.start_thread()
        turn = await probe.run_turn(thread["id"], [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}])
        with trio.fail_after(30):
            (more, notice), cwd = json.loads(await trio.to_thread.run_sync(pipe.read_text, abandon_on_cancel=True))
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
