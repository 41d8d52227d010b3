"""A goal goes on once and loses nothing that it used, at whatever step the server dies."""

import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import dying_server
import pytest
import trio

from codex_trio.client.errors import ServerGone
from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, message
from codex_trio.testing.model_server import open_model_server
from codex_trio.testing.warm_start import running

SERVER = ServerUnderTest(
    (sys.executable, "-m", "codex_trio.testing.command", "app-server"), "codex-trio", {}, transport="memory"
)
PER_ANSWER = 110
BUDGET = 3 * PER_ANSWER

ANSWERED = {"before what it used is stored": 1, "before what it used is counted": 1}
"""How many answers of the model the first server had of which what they used is known to it; else none."""

LOST = {"before the goal is kept", "before what it used is stored"}
"""Nobody was told of what these lose: a goal that was not answered, an answer that nobody knows of any more."""


async def set_goal_and_die(lab: Lab, step: str) -> str:
    """Have a server die while it works on a goal; the thread's id."""
    async with lab.run(env={"DIE_AT": f"goal: {step}"}) as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        wish = {"threadId": thread_id, "objective": "Reach it", "tokenBudget": BUDGET}
        # Unless it dies before it answers.
        with contextlib.suppress(ServerGone):
            await probe.client.request("thread/goal/set", wish)
        await probe.client.closed.wait()
    return thread_id


async def ends(probe: Probe, thread_id: str) -> dict[str, Any]:
    """Return the goal when no turn follows by itself any more."""
    told = await probe.until("thread/goal/updated", where=lambda params: params["goal"]["status"] == "budgetLimited")
    await probe.until("turn/completed", thread_id=thread_id)
    return told["params"]["goal"]


@pytest.mark.parametrize("step", dying_server.GOAL_STEPS)
async def test_a_goal_goes_on_once_and_loses_nothing(tmp_path: Path, own_server: ServerUnderTest, step: str) -> None:
    mortal = replace(own_server, command=running(Path(dying_server.__file__), own_server.command))
    with trio.fail_after(60):
        async with open_model_server([answer(message("Well.")).repeated()]) as model:
            lab = Lab(tmp_path, mortal, model)
            thread_id = await set_goal_and_die(lab, step)
            known = PER_ANSWER * ANSWERED.get(step, 0) * (step not in LOST)
            before = len(model.requests)
            lab.server = SERVER
            async with lab.run() as probe:
                goal = (await probe.request("thread/goal/get", {"threadId": thread_id}))["goal"]
                if goal is None:
                    assert step in LOST
                    return
                assert goal["status"] == "active"
                await probe.request("thread/resume", {"threadId": thread_id})
                goal = await ends(probe, thread_id)
                assert goal["tokensUsed"] == BUDGET
                assert probe.log.methods().count("turn/started") == (BUDGET - known) // PER_ANSWER
                assert len(model.requests) - before == (BUDGET - known) // PER_ANSWER
