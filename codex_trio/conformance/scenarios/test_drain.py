"""Shutdown of a server that listens: running turns finish, nothing new begins, and the process ends by itself."""

import signal
from typing import Any

import pytest
import trio

from codex_trio.conformance.lab import WEBSOCKET, Lab
from codex_trio.conformance.listening import Listening, Visitor
from codex_trio.conformance.probe import WAIT_SECONDS
from codex_trio.testing.model_script import Gate, answer, function_call, message, message_of

ESCALATED = {"cmd": "touch done", "sandbox_permissions": "require_escalated", "justification": "It has to."}
QUESTION = "item/commandExecution/requestApproval"
DRAINING = (-32600, "Server is draining; retry after reconnecting", {"reason": "serverShuttingDown"})
UNKNOWN = "01a20278-cea9-7283-82be-8f42b20452ce"

endings = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
places = pytest.mark.parametrize("place", ["websocket", "unix"])
forcing = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)


def address(lab: Lab, place: str) -> str:
    """Return what to listen on."""
    return lab.unix_socket if place == "unix" else WEBSOCKET


async def running_turn(lab: Lab, client: Visitor, gate: Gate) -> tuple[str, str]:
    """Return a thread and its turn, which runs until the gate opens."""
    lab.script(answer(message_of(["One", gate, " two"])))
    thread = await client.start_thread(cwd=str(lab.cwd))
    turn_id = await client.start_turn(thread["id"])
    await client.until("item/agentMessage/delta")
    return thread["id"], turn_id


async def drain(server: Listening, client: Visitor, number: signal.Signals = signal.SIGTERM) -> None:
    """Send a signal and wait until it shows."""
    server.signal(number)
    with trio.fail_after(WAIT_SECONDS):
        while (await refused(client, "turn/start", threadId=UNKNOWN, input=[])) != DRAINING:
            pass


async def refused(client: Visitor, method: str, **params: Any) -> tuple[int, str, Any]:
    """Return the error that a request is refused with."""
    error = await client.refusal(method, params)
    return error.code, error.message, error.data


@endings
@places
async def test_an_idle_server_ends_when_it_is_told_to(lab: Lab, place: str, number: signal.Signals) -> None:
    async with lab.listen(address(lab, place)) as server, server.connect() as client:
        await client.start_thread(cwd=str(lab.cwd))
        server.signal(number)
        assert await server.ended() == 0
        await client.closed_with()


@places
async def test_a_running_turn_finishes_before_the_server_ends(lab: Lab, place: str) -> None:
    gate = Gate()
    async with lab.listen(address(lab, place)) as server, server.connect() as client:
        await running_turn(lab, client, gate)
        await drain(server, client)
        gate.open()
        await client.until("item/completed", where=lambda params: params["item"].get("text") == "One two")
        assert await server.ended() == 0
    [rollout] = lab.rollouts()
    assert '"task_complete"' in rollout.read_text()
    assert '"turn_aborted"' not in rollout.read_text()


async def test_nothing_that_leads_to_a_turn_is_taken_on_while_the_server_drains(lab: Lab) -> None:
    gate = Gate()
    async with lab.listen() as server, server.connect() as client:
        idle = await client.start_thread(cwd=str(lab.cwd))
        thread_id, turn_id = await running_turn(lab, client, gate)
        await drain(server, client)
        say = [{"type": "text", "text": "more"}]
        assert await refused(client, "turn/start", threadId=idle["id"], input=say) == DRAINING
        assert await refused(client, "turn/start", threadId=thread_id, input=say) == DRAINING
        assert await refused(client, "turn/steer", threadId=thread_id, expectedTurnId=turn_id, input=say) == DRAINING
        assert await refused(client, "thread/start", cwd=str(lab.cwd)) == DRAINING
        assert await refused(client, "thread/resume", threadId=idle["id"]) == DRAINING
        assert await refused(client, "thread/fork", threadId=thread_id) == DRAINING
        gate.open()
        assert await server.ended() == 0


async def test_a_request_of_the_wrong_shape_is_told_so_even_while_the_server_drains(lab: Lab) -> None:
    gate = Gate()
    async with lab.listen() as server, server.connect() as client:
        await running_turn(lab, client, gate)
        await drain(server, client)
        error = await client.refusal("turn/start", {"threadId": UNKNOWN})
        assert error.message == "Invalid request: missing field `input`"


async def test_other_requests_and_new_clients_are_served_while_the_server_drains(lab: Lab) -> None:
    gate = Gate()
    async with lab.listen() as server, server.connect() as client:
        thread_id, turn_id = await running_turn(lab, client, gate)
        await drain(server, client)
        async with server.connect("late") as late:
            assert (await late.request("thread/loaded/list"))["data"] == [thread_id]
            read = await late.request("thread/read", {"threadId": thread_id})
            assert read["thread"]["status"] == {"type": "active", "activeFlags": []}
            assert (await late.request("model/list"))["data"]
            await client.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
            assert await server.ended() == 0


@forcing
async def test_a_second_signal_ends_the_server_at_once(lab: Lab, number: signal.Signals) -> None:
    async with lab.listen() as server, server.connect() as client:
        await running_turn(lab, client, Gate())
        await drain(server, client, number)
        server.signal(number)
        assert await server.ended(seconds=2) == 0


async def test_a_repeated_hangup_does_not_hurry_the_server(lab: Lab) -> None:
    gate = Gate()
    async with lab.listen() as server, server.connect() as client:
        await running_turn(lab, client, gate)
        await drain(server, client, signal.SIGHUP)
        for _ in range(3):
            server.signal(signal.SIGHUP)
            await client.request("thread/loaded/list")
        gate.open()
        await client.until("item/completed", where=lambda params: params["item"].get("text") == "One two")
        assert await server.ended() == 0


async def test_a_question_can_still_be_answered_while_the_server_drains(lab: Lab) -> None:
    lab.configure(approval_policy="on-request", sandbox_mode="workspace-write")
    lab.script(answer(function_call("exec_command", ESCALATED, call_id="c1")), answer(message("Done.")))
    async with lab.listen() as server, server.connect() as client:
        thread = await client.start_thread(cwd=str(lab.cwd))
        await client.start_turn(thread["id"])
        question = await client.until(QUESTION)
        await drain(server, client)
        await client.respond(question, {"decision": "accept"})
        assert await server.ended() == 0
    assert (lab.cwd / "done").exists()


async def test_a_running_turn_can_be_joined_and_its_question_answered_while_the_server_drains(lab: Lab) -> None:
    lab.configure(approval_policy="on-request", sandbox_mode="workspace-write")
    lab.script(answer(function_call("exec_command", ESCALATED, call_id="c1")), answer(message("Done.")))
    async with lab.listen() as server:
        async with server.connect() as client:
            thread = await client.start_thread(cwd=str(lab.cwd))
            await client.start_turn(thread["id"])
            await client.until(QUESTION)
        async with server.connect("late") as late:
            await drain(server, late)
            await late.request("thread/resume", {"threadId": thread["id"], "excludeTurns": True})
            await late.respond(await late.until(QUESTION), {"decision": "decline"})
            assert await server.ended() == 0


@places
async def test_clients_get_the_end_of_the_turn_and_are_told_why_the_connection_ends(lab: Lab, place: str) -> None:
    gate = Gate()
    async with lab.listen(address(lab, place)) as server, server.connect() as client, server.connect("other") as other:
        _, turn_id = await running_turn(lab, client, gate)
        await drain(server, client)
        gate.open()
        turn = await client.finish_turn(turn_id)
        assert turn.status == "completed"
        assert await client.closed_with() == 1001
        assert await other.closed_with() == 1001
        assert await server.ended() == 0
