"""What clients hear of what a provider says beside its answer, and of answers that come in odd forms."""

import gzip
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest

from codex_trio.conformance.lab import MODEL, Lab
from codex_trio.conformance.probe import FinishedTurn, Message, Probe
from codex_trio.conformance.shapes import text_with
from codex_trio.testing.model_script import (
    DEFAULT_USAGE,
    Answer,
    Event,
    answer,
    body_answer,
    completed,
    created,
    encode_event,
    failed,
    function_call,
    http_error,
    item_added,
    item_done,
    message,
    message_of,
    raw_answer,
)

WINDOW = 258400
USED = DEFAULT_USAGE.input_tokens + DEFAULT_USAGE.output_tokens


async def turn_of(lab: Lab, probe: Probe, *replies: Answer, **params: Any) -> FinishedTurn:
    """Return a turn on a new thread that gets these answers."""
    lab.script(*replies)
    return await probe.run_turn((await probe.start_thread(**params))["id"])


def used(turn: FinishedTurn) -> list[int]:
    """Return the thread's total after each notification of its use of tokens."""
    return [note["tokenUsage"]["total"]["totalTokens"] for note in turn.of("thread/tokenUsage/updated")]


# Tokens, limits, models


@pytest.mark.parametrize("kind", ["incomplete", "failed"])
async def test_what_a_response_used_before_it_was_cut_is_counted(lab: Lab, probe: Probe, kind: str) -> None:
    response: Message = {"id": "r", "incomplete_details": {"reason": "max_output_tokens"}}
    if kind == "failed":
        response = {"id": "r", "error": {"code": "invalid_prompt", "message": "no"}}
    last: Event = {"type": f"response.{kind}", "response": {**response, "usage": DEFAULT_USAGE.to_wire()}}
    turn = await turn_of(lab, probe, answer(message("Half"), last))
    assert turn.status == "failed"
    assert used(turn) == [USED]
    assert turn.methods.index("thread/tokenUsage/updated") < turn.methods.index("error")


@pytest.mark.parametrize("refusal", ["event", "status"])
async def test_a_full_context_is_told_before_the_error(lab: Lab, probe: Probe, refusal: str) -> None:
    code = "context_length_exceeded"
    refused = http_error(400, {"error": {"code": code, "message": "no"}})
    turn = await turn_of(lab, probe, answer(failed(code, "no")) if refusal == "event" else refused)
    assert turn.status == "failed"
    [usage] = turn.of("thread/tokenUsage/updated")
    assert usage["tokenUsage"]["total"]["totalTokens"] == WINDOW
    assert usage["tokenUsage"]["last"]["totalTokens"] == WINDOW
    assert turn.methods.index("thread/tokenUsage/updated") < turn.methods.index("error")


async def test_a_used_up_limit_is_shown_before_the_error(lab: Lab, probe: Probe) -> None:
    headers = {"x-codex-primary-used-percent": "100", "x-codex-primary-window-minutes": "300"}
    body = {"error": {"type": "usage_limit_reached", "message": "no", "plan_type": "plus"}}
    turn = await turn_of(lab, probe, http_error(429, body, headers=headers))
    [limits] = turn.of("account/rateLimits/updated")
    assert limits["rateLimits"]["primary"] == {"usedPercent": 100, "windowDurationMins": 300, "resetsAt": None}
    assert turn.methods.index("account/rateLimits/updated") < turn.methods.index("error")


async def test_another_model_that_answers_is_told_once_in_a_turn(lab: Lab, probe: Probe) -> None:
    other = {"openai-model": "gpt-other"}
    call = answer(function_call("exec_command", {"cmd": "true"}, call_id="c1"), headers=other)
    turn = await turn_of(lab, probe, call, answer(message("Hi."), headers=other))
    [rerouted] = turn.of("model/rerouted")
    assert without_ids(rerouted) == {"fromModel": MODEL, "toModel": "gpt-other", "reason": "highRiskCyberActivity"}
    assert len(turn.of("warning")) == 1


def without_ids(params: Message) -> Message:
    return {key: value for key, value in params.items() if key not in ("threadId", "turnId")}


async def test_the_model_that_was_asked_for_is_no_news(lab: Lab, probe: Probe) -> None:
    turn = await turn_of(lab, probe, answer(message("Hi."), headers={"openai-model": MODEL.upper()}))
    assert turn.of("model/rerouted") == turn.of("warning") == []


async def test_raw_events_end_with_what_the_response_used(lab: Lab, probe: Probe) -> None:
    turn = await turn_of(lab, probe, answer(message("Hi.")), experimentalRawEvents=True)
    [raw] = turn.of("rawResponse/completed")
    assert raw["responseId"] == "resp_1"
    assert raw["usage"]["totalTokens"] == USED
    assert raw["usageMetadata"] == {"amount": None, "metadata": DEFAULT_USAGE.to_wire()}
    order = [method for method in turn.methods if method.startswith(("rawResponse", "thread/tokenUsage"))]
    assert order[-2:] == ["rawResponse/completed", "thread/tokenUsage/updated"]


# Answers in odd forms

HELLO: Event = {
    "type": "message",
    "role": "assistant",
    "id": "m1",
    "content": [{"type": "output_text", "text": "Hello"}],
}


def with_nulls(event: Event) -> Event:
    return {**event, "output_index": None, "sequence_number": None}


def lines(*events: Event, name_in_data: bool = True) -> bytes:
    """Return events as a stream; without their type in the data when that is what a gateway leaves out."""
    if name_in_data:
        return b"".join(map(encode_event, events))
    return b"".join(encode_event(event).replace(b'"type":"%b",' % event["type"].encode(), b"", 1) for event in events)


ODD: dict[str, tuple[Answer, str]] = {
    "nulls in fields": (
        raw_answer([with_nulls(event) for event in (created(), item_done(HELLO), completed())]),
        "Hello",
    ),
    "only deltas": (answer(message_of(["Hel", "lo"], done=False)), "Hello"),
    "only with the end": (
        raw_answer([created(), {"type": "response.completed", "response": {"id": "r", "output": [HELLO]}}]),
        "Hello",
    ),
    "not streamed": (http_error(200, {"id": "r", "status": "completed", "output": [HELLO]}), "Hello"),
    "a stray byte": (body_answer(lines(item_done(HELLO), completed()).replace(b"Hello", b"Hell\xff")), "Hell\ufffd"),
    "half a surrogate": (body_answer(lines(item_done(HELLO), completed()).replace(b"Hello", b"H\\ud83d")), "H\ufffd"),
    "named by their lines": (body_answer(lines(item_done(HELLO), completed(), name_in_data=False)), "Hello"),
    "odd usage": (
        raw_answer([item_done(HELLO), {"type": "response.completed", "response": {"id": "r", "usage": {"x": -1}}}]),
        "Hello",
    ),
    "no last blank line": (body_answer(lines(item_done(HELLO), completed()).rstrip()), "Hello"),
}


@pytest.mark.parametrize("name", ODD)
async def test_an_answer_in_an_odd_form_is_an_answer(lab: Lab, probe: Probe, name: str) -> None:
    reply, text = ODD[name]
    turn = await turn_of(lab, probe, reply)
    assert (turn.status, turn.text) == ("completed", text)
    assert [item["text"] for item in turn.items("agentMessage")] == [text]


async def test_a_call_that_only_came_in_pieces_is_made(lab: Lab, probe: Probe) -> None:
    item: Event = {"type": "function_call", "id": "fc1", "call_id": "c1", "name": "exec_command", "arguments": ""}
    piece: Event = {"type": "response.function_call_arguments.delta", "item_id": "fc1"}
    pieces = [{**piece, "delta": '{"cmd":'}, {**piece, "delta": '"echo ran"}'}]
    turn = await turn_of(lab, probe, answer(item_added(item), *pieces), answer(message("Done.")))
    ran = [(command["exitCode"], command["aggregatedOutput"]) for command in turn.items("commandExecution")]
    assert ran == [(0, "ran\n")]


async def test_an_event_that_cannot_be_read_fails_the_turn_and_says_so(lab: Lab, probe: Probe) -> None:
    turn = await turn_of(lab, probe, body_answer(lines(created()) + b'data: {"type":\n\n' + lines(completed())))
    assert turn.status == "failed"
    assert turn.error["message"] == text_with("an event cannot be read")


# Gateways


def zstd(data: bytes) -> bytes:
    """Return the bytes, compressed."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.compress(data)


@pytest.mark.parametrize(("encoding", "squeeze"), [("gzip", gzip.compress), ("zstd", zstd)], ids=["gzip", "zstd"])
async def test_an_answer_may_come_compressed_as_the_request_says(
    lab: Lab, probe: Probe, encoding: str, squeeze: Callable[[bytes], bytes]
) -> None:
    body = squeeze(lines(created(), *message("Hi."), completed()))
    turn = await turn_of(lab, probe, body_answer(body, headers={"content-encoding": encoding}))
    assert (turn.status, turn.text) == ("completed", "Hi.")
    [request] = lab.model.requests
    assert encoding in request.headers["accept-encoding"].split(",")


async def test_a_request_is_sent_on_to_where_the_gateway_points(lab: Lab) -> None:
    place = lab.model.base_url.replace("127.0.0.1", "localhost")
    lab.configure(provider='env_key = "GATEWAY_KEY"\nhttp_headers = { "X-Key" = "sk-private" }')
    moved = http_error(308, "", headers={"location": "/v1/elsewhere"})
    away = http_error(307, "", headers={"location": f"{place}/responses"})
    async with lab.run(env={"GATEWAY_KEY": "sk-private"}) as visitor:
        turn = await turn_of(lab, visitor, moved, away, answer(message("Hi.")))
    assert turn.text == "Hi."
    first, second, third = lab.model.requests
    assert [request.body for request in (second, third)] == [first.body] * 2
    assert second.headers["authorization"] == first.headers["authorization"] == "Bearer sk-private"
    assert "sk-private" not in str(third.headers)


async def test_a_gateway_that_points_in_circles_or_for_get_only_is_named(lab: Lab, probe: Probe) -> None:
    circle = http_error(307, "", headers={"location": "/v1/responses"}).repeated()
    turn = await turn_of(lab, probe, http_error(302, "", headers={"location": "/v2/responses"}))
    assert turn.error["message"] == text_with("unexpected status 302 Found", "/v2/responses")
    turn = await turn_of(lab, probe, circle)
    assert turn.error["message"] == text_with("redirected")
    assert len(lab.model.requests) < 30


async def test_credentials_in_the_address_are_sent_and_shown_nowhere(lab: Lab) -> None:
    address = lab.model.base_url.replace("//", "//me:pa%20ss@")
    lab.configure()
    config = lab.codex_home / "config.toml"
    config.write_text(config.read_text().replace(lab.model.base_url, address))
    async with lab.run(env={"RUST_LOG": "trace"}) as probe:
        turn = await turn_of(lab, probe, http_error(404, "no"))
        await probe.request("config/read", {"includeLayers": True})
        assert turn.status == "failed"
        assert [sent for sent in probe.log.from_server if "pa%20ss" in str(sent) or "pa ss" in str(sent)] == []
    assert lab.model.requests[0].headers["authorization"] == "Basic bWU6cGEgc3M="
    assert "pa%20ss" not in probe.server.stderr
    assert all("pa%20ss" not in path.read_text() for path in lab.rollouts())


async def test_a_turn_waits_for_the_network_whatever_the_number_of_retries(lab: Lab) -> None:
    lab.configure()
    config = lab.codex_home / "config.toml"
    with socket.socket() as nobody:
        # Bound but not listening: connections are refused.
        nobody.bind(("127.0.0.1", 0))
        config.write_text(
            config.read_text().replace(lab.model.base_url, f"http://127.0.0.1:{nobody.getsockname()[1]}/v1")
        )
        async with lab.run() as probe:
            thread_id = (await probe.start_thread())["id"]
            turn_id = await probe.start_turn(thread_id)
            note = (await probe.until("error"))["params"]
            assert note["willRetry"] is True
            assert note["error"]["message"] == "Reconnecting... waiting for network"
            assert note["error"]["codexErrorInfo"] == {"responseStreamDisconnected": {"httpStatusCode": None}}
            await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
            turn = await probe.finish_turn(turn_id)
    assert turn.status == "interrupted"


async def test_what_the_provider_says_of_the_user_and_the_turn_is_told(lab: Lab, probe: Probe) -> None:
    said = {
        "openai_verification_recommendation": ["unheard_of", *["trusted_access_for_cyber"] * 2],
        "openai_chatgpt_moderation_metadata": {"flagged": False},
    }
    event = {"type": "response.metadata", "metadata": said}
    nothing = {"type": "response.metadata", "metadata": {"openai_chatgpt_moderation_metadata": None}}
    turn = await turn_of(lab, probe, answer(event, event, nothing, message("Hi.")))
    # The user is asked once in a turn.
    assert [without_ids(params) for params in turn.of("model/verification")] == [
        {"verifications": ["trustedAccessForCyber"]}
    ]
    moderated = [params["metadata"] for params in turn.of("turn/moderationMetadata")]
    assert moderated == [{"flagged": False}, {"flagged": False}, None]
    assert turn.status == "completed"
