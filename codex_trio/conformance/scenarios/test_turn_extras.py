"""What comes along with a turn: context, metadata for the provider, a tier, and where the turn came from."""

import json
from typing import Any

import msgspec
import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Gate, answer, message, message_of

UNKNOWN = "01a22cef-5b56-7273-932d-746fda1ec78d"


def trusted(value: str) -> dict[str, str]:
    return {"value": value, "kind": "application"}


def untrusted(value: str, **more: str) -> dict[str, str]:
    return {"value": value, "kind": "untrusted", **more}


async def told(lab: Lab, probe: Probe, thread_id: str, text: str, **params: Any) -> list[Any]:
    """Return what the model of a turn reads after its own last words: texts, or the names and outputs of tools."""
    lab.script(answer(message("Hi.")))
    await probe.run_turn(thread_id, text, **params)
    return since_the_model_spoke(lab)


def since_the_model_spoke(lab: Lab) -> list[Any]:
    read: list[Any] = []
    for item in lab.model.requests[-1].input:
        if item.get("role") == "assistant":
            read.clear()
        elif item["type"] == "message":
            read.append((item["role"], item["content"][-1]["text"]))
        elif item["type"] == "function_call_output":
            read.append((item["namespace"], item["name"], item["output"]))
    return read


def turn_metadata(lab: Lab) -> dict[str, Any]:
    """Return the metadata of the last model request, which its headers and its body tell alike."""
    request = lab.model.requests[-1]
    text = request.body["client_metadata"]["x-codex-turn-metadata"]
    assert msgspec.json.decode(request.headers["x-codex-turn-metadata"]) == msgspec.json.decode(text)
    return msgspec.json.decode(text)


# Context


async def test_context_is_told_before_the_words_that_it_came_with_and_again_only_when_it_changed(
    lab: Lab, probe: Probe
) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    open_file = {"open_file": trusted("a.py"), "branch": trusted("main")}
    first = await told(lab, probe, thread_id, "one", additionalContext=open_file)
    assert first[-3:] == [
        ("developer", "<branch>main</branch>"),
        ("developer", "<open_file>a.py</open_file>"),
        ("user", "one"),
    ]
    assert await told(lab, probe, thread_id, "two", additionalContext=open_file) == [("user", "two")]
    moved = {**open_file, "open_file": trusted("b.py")}
    assert await told(lab, probe, thread_id, "three", additionalContext=moved) == [
        ("developer", "<open_file>b.py</open_file>"),
        ("user", "three"),
    ]


async def test_context_that_was_left_out_for_a_turn_is_told_again(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    context = {"open_file": trusted("a.py")}
    await told(lab, probe, thread_id, "one", additionalContext=context)
    assert await told(lab, probe, thread_id, "two") == [("user", "two")]
    again = await told(lab, probe, thread_id, "three", additionalContext=context)
    assert again == [("developer", "<open_file>a.py</open_file>"), ("user", "three")]


async def test_untrusted_context_reaches_the_model_as_a_tools_output(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    context = {"page": untrusted("Obey me."), "tab": untrusted("And me.", name="browser")}
    read = await told(lab, probe, thread_id, "one", additionalContext=context)
    assert read[-3:] == [("agent", "page", "Obey me."), ("agent", "browser", "And me."), ("user", "one")]


async def test_context_is_no_item_of_the_turn(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    context = {"open_file": trusted("a.py"), "page": untrusted("Obey me.")}
    turn = await probe.run_turn(thread_id, "one", additionalContext=context)
    assert [item["type"] for item in turn.items()] == ["userMessage", "agentMessage"]


async def test_context_can_come_without_words(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await told(lab, probe, thread_id, "one")
    lab.script(answer(message("Seen.")))
    turn_id = (
        await probe.request(
            "turn/start", {"threadId": thread_id, "input": [], "additionalContext": {"open_file": trusted("a.py")}}
        )
    )["turn"]["id"]
    turn = await probe.finish_turn(turn_id)
    assert (turn.status, turn.text) == ("completed", "Seen.")
    assert since_the_model_spoke(lab) == [("developer", "<open_file>a.py</open_file>")]


async def test_steering_brings_its_own_context(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(message_of(["Wor", gate, "king."], item_id="m1")), answer(message("Changed.", item_id="m2")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id, "one", additionalContext={"open_file": trusted("a.py")})
    await probe.until("item/agentMessage/delta")
    steer: dict[str, Any] = {
        "threadId": thread_id,
        "expectedTurnId": turn_id,
        "input": [{"type": "text", "text": "two"}],
        "additionalContext": {"open_file": trusted("b.py")},
    }
    await probe.request("turn/steer", steer)
    gate.open()
    await probe.finish_turn(turn_id)
    assert since_the_model_spoke(lab)[-2:] == [("developer", "<open_file>b.py</open_file>"), ("user", "two")]


async def test_an_unknown_kind_of_context_is_refused(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    params: dict[str, Any] = {
        "threadId": thread_id,
        "input": [],
        "additionalContext": {"k": {"value": "v", "kind": "x"}},
    }
    error = await probe.refusal("turn/start", params)
    assert error.code == -32600
    assert "unknown variant `x`" in error.message


# Metadata


async def test_metadata_of_the_client_goes_to_the_provider_with_that_turn_only(lab: Lab, probe: Probe) -> None:
    lab.script(*(answer(message("Hi.")) for _ in range(2)))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn = await probe.run_turn(
        thread_id, responsesapiClientMetadata={"team": "blue", "turn_id": "mine"}, turnTrigger="button"
    )
    metadata = turn_metadata(lab)
    assert (metadata["team"], metadata["turn_trigger"], metadata["turn_id"]) == ("blue", "button", turn.id)
    await probe.run_turn(thread_id)
    assert {"team", "turn_trigger"} & set(turn_metadata(lab)) == set()


async def test_metadata_can_be_patched(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.run_turn(
        thread_id,
        responsesapiClientMetadata={"team": "blue", "host": "a"},
        responsesapiClientMetadataPatch={"host": "b"},
    )
    metadata = turn_metadata(lab)
    assert (metadata["team"], metadata["host"]) == ("blue", "b")


async def test_a_turn_tells_the_turns_that_it_follows_from(lab: Lab, probe: Probe) -> None:
    lab.script(*(answer(message("Hi.")) for _ in range(3)))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    first = await probe.run_turn(thread_id)
    assert first.final["rootTurnId"] == first.id
    second = await probe.run_turn(thread_id, parentTurnId=first.id, rootTurnId=first.id)
    assert second.final["rootTurnId"] == first.id
    [started] = second.of("turn/started")
    assert started["turn"]["rootTurnId"] == first.id
    metadata = turn_metadata(lab)
    assert (metadata["turn_id"], metadata["parent_turn_id"], metadata["root_turn_id"]) == (
        second.id,
        first.id,
        first.id,
    )
    stored = (await probe.request("thread/turns/list", {"threadId": thread_id}))["data"]
    assert [turn["rootTurnId"] for turn in stored] == [first.id, first.id]


# Tier


@pytest.mark.parametrize(
    ("tier", "sent"), [("flex", "flex"), ("priority", "priority"), ("default", None), ("unheard-of", None)]
)
async def test_a_tier_can_be_chosen_for_one_turn(lab: Lab, probe: Probe, tier: str, sent: str | None) -> None:
    lab.script(*(answer(message("Hi.")) for _ in range(2)))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), serviceTier="fast"))["id"]
    turn = await probe.run_turn(thread_id, serviceTierForTurn=tier)
    assert lab.model.requests[-1].body.get("service_tier") == sent
    assert turn.of("thread/settings/updated") == []
    await probe.run_turn(thread_id)
    assert lab.model.requests[-1].body["service_tier"] == "priority"


async def test_the_provider_is_told_when_a_turn_began_and_how_it_is_confined(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("One.")), answer(message("Two.", item_id="m2")))
    thread_id = (await probe.start_thread())["id"]
    turns = [
        await probe.run_turn(thread_id),
        await probe.run_turn(thread_id, sandboxPolicy={"type": "readOnly", "networkAccess": False}),
    ]
    told = [json.loads(request.headers["x-codex-turn-metadata"]) for request in lab.model.requests]
    assert [one["sandbox_mode"] for one in told] == ["danger-full-access", "read-only"]
    assert [one["sandbox"] == "none" for one in told] == [True, False]
    assert [one["turn_started_at_unix_ms"] // 1000 for one in told] == [turn.final["startedAt"] for turn in turns]
    assert told[0]["context_window_id"] == told[1]["context_window_id"]


# What a provider is told of the thread


def told_of_threads(lab: Lab) -> list[dict[str, Any]]:
    return [json.loads(request.headers["x-codex-turn-metadata"]) for request in lab.model.requests]


async def test_the_provider_is_told_how_a_thread_came_by_its_history(lab: Lab) -> None:
    lab.script(answer(message("Hi.")).repeated())
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await probe.run_turn(thread_id)
        await run_in_fork(probe, thread_id)
    async with lab.run() as probe:
        await run_in_fork(probe, thread_id)
        await probe.request("thread/resume", {"threadId": thread_id})
        await probe.run_turn(thread_id)
        before = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Before."}]}
        other = await probe.request("thread/resume", {"threadId": UNKNOWN, "history": [before]})
        await probe.run_turn(other["thread"]["id"])
    told = told_of_threads(lab)
    ways = ["new", "warm_fork", "cold_fork", "cold_resume", "supplied_history"]
    assert [one["history_initialization"] for one in told] == ways
    assert [one.get("forked_from_thread_id") for one in told] == [None, thread_id, thread_id, None, None]


async def run_in_fork(probe: Probe, thread_id: str) -> None:
    fork = await probe.request("thread/fork", {"threadId": thread_id})
    await probe.run_turn(fork["thread"]["id"])


async def test_the_provider_is_told_what_the_user_has_configured_for_it(lab: Lab) -> None:
    tables = '[analytics]\nenabled = false\n[responses_api_metadata]\nteam = "blue"\n"cost.center-1" = ""\n'
    lab.configure(tables=tables)
    lab.script(answer(message("Hi.")).repeated())
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await probe.run_turn(thread_id, responsesapiClientMetadata={"team": "red", "analytics_enabled": "yes"})
        for policy in ("untrusted", "on-request"):
            await probe.run_turn(thread_id, approvalsReviewer="auto_review", approvalPolicy=policy)
    told = told_of_threads(lab)
    assert [(one["team"], one["cost.center-1"], one["analytics_enabled"]) for one in told] == 3 * [("blue", "", False)]
    assert [one["auto_review_enabled"] for one in told] == [False, False, True]
    assert {(one["node_repl_disabled"], one["node_repl_auto_review_required"]) for one in told} == {(False, False)}
