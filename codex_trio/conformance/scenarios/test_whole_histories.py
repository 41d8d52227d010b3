"""What is said to clients that ask for all of a thread at once."""

from typing import Any

import msgspec
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import WAIT_SECONDS, Message, Probe
from codex_trio.conformance.threads import UNKNOWN_THREAD, thread_with_turns
from codex_trio.testing.model_script import Gate, answer, function_call

LEGACY = "01a00000-0000-7000-8000-00000000beef"
TIME = "2026-05-01T09:00:00.000Z"


def write_legacy_thread(lab: Lab) -> None:
    """Store a thread as releases before pages did."""
    meta = {"id": LEGACY, "timestamp": TIME, "cwd": str(lab.cwd), "originator": "x", "cli_version": "0.131.0"}
    lines: list[tuple[str, dict[str, Any]]] = [
        ("session_meta", {**meta, "source": "vscode", "model_provider": "scripted"}),
        ("event_msg", {"type": "user_message", "message": "old", "images": []}),
        ("event_msg", {"type": "agent_message", "message": "Old answer."}),
    ]
    folder = lab.codex_home / "sessions/2026/05/01"
    folder.mkdir(parents=True)
    (folder / f"rollout-2026-05-01T09-00-00-{LEGACY}.jsonl").write_bytes(
        b"".join(
            msgspec.json.encode({"timestamp": TIME, "type": kind, "payload": payload}) + b"\n"
            for kind, payload in lines
        )
    )


def order(messages: list[Message]) -> list[str]:
    methods = [one.get("method", "reply") for one in messages]
    # Of goals and of the state of the server itself other scenarios tell.
    return [name for name in methods if name in ("deprecationNotice", "warning", "thread/status/changed", "reply")]


async def test_whoever_loads_a_whole_thread_is_first_told_how_to_do_without(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, _ = await thread_with_turns(lab, probe, 1)
    async with lab.run() as probe:
        await probe.until("remoteControl/status/changed")
        for expected in (
            ["deprecationNotice", "warning", "thread/status/changed", "reply"],
            ["deprecationNotice", "reply"],
        ):
            before = len(probe.log.from_server)
            await probe.request("thread/resume", {"threadId": thread_id, "model": "gpt-5.6-luna"})
            assert order(probe.log.from_server[before:]) == expected
        before = len(probe.log.from_server)
        await probe.request("thread/resume", {"threadId": thread_id, "excludeTurns": True})
        assert order(probe.log.from_server[before:]) == ["reply"]


async def test_a_thread_without_pages_is_read_whole_without_a_word(lab: Lab) -> None:
    write_legacy_thread(lab)
    async with lab.run() as probe:
        read = await probe.request("thread/read", {"threadId": LEGACY, "includeTurns": True})
        assert len(read["thread"]["turns"]) == 1
        for method in ("thread/fork", "thread/resume", "thread/resume"):
            answered = await probe.request(method, {"threadId": LEGACY})
            assert len(answered["thread"]["turns"]) == 1
        assert "deprecationNotice" not in probe.log.methods()


async def test_no_advice_comes_with_an_error(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    for method in ("thread/resume", "thread/fork"):
        await probe.refusal(method, {"threadId": UNKNOWN_THREAD})
    await probe.refusal("thread/read", {"threadId": UNKNOWN_THREAD, "includeTurns": True})
    await probe.request("thread/archive", {"threadId": thread_id})
    for method in ("thread/resume", "thread/fork"):
        await probe.refusal(method, {"threadId": thread_id})
    assert "deprecationNotice" not in probe.log.methods()


async def tokens_told_to_who_joins(probe: Probe, thread_id: str, expected: int) -> None:
    """Join again and again: nothing else tells when the server has read how the response ended."""
    start = len(probe.log.from_server)
    with trio.fail_after(WAIT_SECONDS):
        while True:
            await probe.request("thread/resume", {"threadId": thread_id})
            told = [
                message["params"]["tokenUsage"]["total"]["totalTokens"]
                for message in probe.log.from_server[start:]
                if message.get("method") == "thread/tokenUsage/updated"
            ]
            assert set(told) <= {expected - 120, expected}
            if expected in told:
                return


async def test_who_joins_while_the_user_is_asked_learns_of_all_tokens_spent(lab: Lab) -> None:
    lab.configure(approval_policy="on-request", sandbox_mode="read-only")
    ask = {"cmd": "touch /x", "sandbox_permissions": "require_escalated", "justification": "May I?"}
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        for number in (1, 2):
            # The user is asked as soon as the call is whole; what the response used, its end tells.
            # The first time there is no earlier turn whose tokens are stored.
            end = Gate()
            lab.script(answer(function_call("exec_command", ask, call_id=f"c{number}"), end))
            turn_id = await probe.start_turn(thread_id)
            question = await probe.until("item/commandExecution/requestApproval")
            end.open()
            await tokens_told_to_who_joins(probe, thread_id, 120 * number)
            await probe.respond(question, {"decision": "cancel"})
            await probe.finish_turn(turn_id)
