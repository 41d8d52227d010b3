"""What becomes of a turn when the model fails: errors, retries, and the turn after."""

from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Message, Probe, without
from codex_trio.conformance.shapes import Shape, text_with
from codex_trio.testing.model_script import (
    Answer,
    End,
    answer,
    body_answer,
    failed,
    http_error,
    incomplete,
    message,
    message_of,
)


def error_body(text: str = "Bad thing", **fields: Any) -> Message:
    """Return the body of an HTTP error."""
    return {"error": {"message": text, **fields}}


def connection_failed(status: int) -> Message:
    """Return the error info of a refused connection."""
    return {"httpConnectionFailed": {"httpStatusCode": status}}


DEMAND = text_with("currently experiencing high demand")
CAPACITY = "Selected model is at capacity. Please try a different model."
TOO_MANY = "exceeded retry limit, last status: 429 Too Many Requests"
WORKER = "stream disconnected before completion: Worker died"
CLOSED = "stream disconnected before completion: stream closed before response.completed"

FINAL: dict[str, tuple[Answer, str | Shape, Any]] = {
    "http-400": (http_error(400, error_body()), '{"error":{"message":"Bad thing"}}', "other"),
    "http-400-context": (
        http_error(400, error_body(code="context_length_exceeded")),
        text_with("context window"),
        "contextWindowExceeded",
    ),
    "http-401": (
        http_error(401, error_body("No entry")),
        text_with("unexpected status 401 Unauthorized: No entry, url: http://127.0.0.1:", "/v1/responses"),
        connection_failed(401),
    ),
    "http-403": (
        http_error(403, error_body("Not you")),
        text_with("unexpected status 403 Forbidden: Not you, url: "),
        connection_failed(403),
    ),
    "http-404": (
        http_error(404, error_body("No such model")),
        text_with("unexpected status 404 Not Found: No such model, url: "),
        connection_failed(404),
    ),
    "http-429": (
        http_error(429, error_body("Slow down")),
        f"{TOO_MANY}: Slow down",
        {"responseTooManyFailedAttempts": {"httpStatusCode": 429}},
    ),
    "http-429-usage": (
        http_error(429, error_body("Limit", type="usage_limit_reached", plan_type="plus")),
        text_with("hit your usage limit"),
        "usageLimitExceeded",
    ),
    "http-429-silent": (http_error(429, ""), TOO_MANY, {"responseTooManyFailedAttempts": {"httpStatusCode": 429}}),
    "http-500": (
        http_error(500, error_body("Out of memory")),
        text_with("unexpected status 500 Internal Server Error: Out of memory, url: "),
        "internalServerError",
    ),
    "http-500-silent": (http_error(500, ""), DEMAND, "internalServerError"),
    "http-503": (
        http_error(503, error_body("Away")),
        text_with("unexpected status 503 Service Unavailable: Away, url: "),
        connection_failed(503),
    ),
    "http-503-overloaded": (
        http_error(503, error_body("Busy", code="server_is_overloaded")),
        CAPACITY,
        "serverOverloaded",
    ),
    "failed-overloaded": (answer(failed("server_is_overloaded", "Busy")), CAPACITY, "serverOverloaded"),
    "failed-context": (
        answer(failed("context_length_exceeded", "Too long")),
        text_with("context window"),
        "contextWindowExceeded",
    ),
    "failed-quota": (answer(failed("insufficient_quota", "Pay")), text_with("Quota exceeded"), "usageLimitExceeded"),
    "failed-prompt": (answer(failed("invalid_prompt", "Bad prompt")), "Bad prompt", "other"),
    "failed-cyber": (answer(failed("cyber_policy", "Not this")), "Not this", "cyberPolicy"),
    "failed-bio": (answer(failed("bio_policy", "Not this")), "Not this", "bioPolicy"),
    "refused-bio": (http_error(400, error_body("Not this", code="bio_policy")), "Not this", "bioPolicy"),
    "failed-rate-limit": (
        answer(failed("rate_limit_exceeded", "Too fast")),
        text_with("Too fast"),
        "rateLimitExceeded",
    ),
    "failed-unknown": (
        answer(failed("whatever", "Strange")),
        "stream disconnected before completion: Strange",
        "other",
    ),
    "incomplete": (
        answer(message("Half"), incomplete("max_output_tokens")),
        "Incomplete response returned, reason: max_output_tokens",
        "other",
    ),
    "error-event": (answer({"type": "error", "code": None, "message": "Worker died"}), WORKER, "other"),
    "error-event-without-type": (body_answer(b'data: {"error":{"message":"Worker died"}}\n\n'), WORKER, "other"),
    "error-event-by-its-line": (body_answer(b'event: error\ndata: {"message":"Worker died"}\n\n'), WORKER, "other"),
    "failed-with-text": (
        answer({"type": "response.failed", "response": {"id": "r", "error": "Worker died"}}),
        WORKER,
        "other",
    ),
    "error-with-status-200": (http_error(200, error_body("Worker died")), WORKER, "other"),
    "page-with-status-200": (http_error(200, "<html><b>Worker died</b></html>"), f"{CLOSED}: Worker died", "other"),
    "ended-early": (answer(message_of(["Half"], done=False), end=End.CUT), text_with("stream disconnected"), "other"),
    "ended-without-completed": (body_answer(b""), CLOSED, "other"),
}


async def failing_turn(probe: Probe) -> tuple[str, FinishedTurn]:
    """Return a turn that fails; its thread's id and itself."""
    thread_id = (await probe.start_thread())["id"]
    turn = await probe.run_turn(thread_id)
    assert turn.status == "failed"
    return thread_id, turn


@pytest.mark.parametrize("name", FINAL)
async def test_a_model_error_fails_the_turn_and_says_why(lab: Lab, probe: Probe, name: str) -> None:
    reply, text, info = FINAL[name]
    lab.script(reply)
    thread_id, turn = await failing_turn(probe)
    assert turn.error == {"message": text, "codexErrorInfo": info, "additionalDetails": None, "misalignment": None}
    [error] = turn.of("error")
    assert error == {"error": turn.error, "willRetry": False, "threadId": thread_id, "turnId": turn.id}
    assert without(turn.methods, "thread/readState/changed")[-3:] == [
        "thread/status/changed",
        "error",
        "turn/completed",
    ]
    assert turn.of("thread/status/changed")[-1]["status"] == {"type": "systemError"}
    assert len(lab.model.requests) == 1


async def test_the_turn_after_a_failed_one_works(lab: Lab, probe: Probe) -> None:
    lab.script(http_error(400, error_body()), answer(message("Better.")))
    thread_id, failed_turn = await failing_turn(probe)
    turn = await probe.run_turn(thread_id, "again")
    assert (turn.status, turn.text, turn.error) == ("completed", "Better.", None)
    read = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]
    assert [(stored["id"], stored["status"]) for stored in read["turns"]] == [
        (failed_turn.id, "failed"),
        (turn.id, "completed"),
    ]
    assert read["turns"][0]["error"]["message"] == failed_turn.error["message"]
    assert read["status"] == {"type": "idle"}


async def test_a_stream_that_breaks_is_tried_again_and_the_client_is_told(lab: Lab) -> None:
    lab.configure(stream_max_retries=2)
    lab.script(
        answer(message_of(["Half"], item_id="m1", done=False), end=End.CUT),
        body_answer(b""),
        answer(message("Whole.", item_id="m1")),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        turn = await probe.run_turn(thread_id)
    assert (turn.status, turn.text) == ("completed", "Whole.")
    errors = turn.of("error")
    assert [error["willRetry"] for error in errors] == [True, True]
    assert [error["error"]["message"] for error in errors] == ["Reconnecting... 1/2", "Reconnecting... 2/2"]
    disconnected = {"responseStreamDisconnected": {"httpStatusCode": None}}
    assert [error["error"]["codexErrorInfo"] for error in errors] == [disconnected] * 2
    assert errors[1]["error"]["additionalDetails"] == CLOSED
    assert [item["id"] for item in turn.started("agentMessage")] == ["m1", "m1"]
    assert [item["text"] for item in turn.items("agentMessage")] == ["Whole."]
    assert turn.of("thread/status/changed")[-1]["status"] == {"type": "idle"}


async def test_a_stream_that_keeps_breaking_fails_the_turn_in_the_end(lab: Lab) -> None:
    lab.configure(stream_max_retries=1)
    lab.script(body_answer(b""), body_answer(b""))
    async with lab.run() as probe:
        _, turn = await failing_turn(probe)
    assert [error["willRetry"] for error in turn.of("error")] == [True, False]
    assert turn.error["message"] == CLOSED


async def test_a_server_error_is_tried_again_without_a_word(lab: Lab) -> None:
    lab.configure(request_max_retries=2)
    lab.script(http_error(500, error_body()), http_error(503, error_body()), answer(message("Up again.")))
    async with lab.run() as probe:
        turn = await probe.run_turn((await probe.start_thread())["id"])
    assert (turn.status, turn.text) == ("completed", "Up again.")
    assert turn.of("error") == []
    assert len(lab.model.requests) == 3


@pytest.mark.parametrize("name", ["http-401", "http-403", "http-404"])
async def test_a_request_that_will_be_refused_again_is_not_sent_again(lab: Lab, name: str) -> None:
    lab.configure(request_max_retries=3, stream_max_retries=3)
    lab.script(FINAL[name][0])
    async with lab.run() as probe:
        _, turn = await failing_turn(probe)
    assert len(lab.model.requests) == 1
    assert [error["willRetry"] for error in turn.of("error")] == [False]


@pytest.mark.parametrize("name", ["http-400", "http-429", "failed-prompt", "failed-quota", "incomplete"])
async def test_an_error_that_would_come_again_is_not_tried_again(lab: Lab, name: str) -> None:
    lab.configure(request_max_retries=3, stream_max_retries=3)
    lab.script(FINAL[name][0])
    async with lab.run() as probe:
        _, turn = await failing_turn(probe)
    assert len(lab.model.requests) == 1
    assert [error["willRetry"] for error in turn.of("error")] == [False]


async def test_a_rate_limit_is_waited_out_as_long_as_it_says(lab: Lab) -> None:
    lab.configure(stream_max_retries=1)
    wait = answer(failed("rate_limit_exceeded", "Rate limit reached. Please try again in 350ms."))
    lab.script(wait, answer(message("Thanks.")))
    async with lab.run() as probe:
        turn = await probe.run_turn((await probe.start_thread())["id"])
    assert turn.text == "Thanks."
    [error] = turn.of("error")
    assert error["willRetry"] is True
    assert turn.final["durationMs"] >= 350


async def test_a_stream_that_falls_silent_is_given_up(lab: Lab) -> None:
    lab.configure(provider="stream_idle_timeout_ms = 300")
    lab.script(answer(message_of(["Half"], done=False), end=End.IDLE))
    async with lab.run() as probe:
        _, turn = await failing_turn(probe)
    expected = "stream disconnected before completion: idle timeout waiting for SSE"
    assert (turn.error["message"], turn.error["codexErrorInfo"]) == (expected, "other")


async def test_a_missing_api_key_fails_the_turn_and_not_the_server(lab: Lab) -> None:
    lab.configure(provider='env_key = "SCENARIO_KEY"\nenv_key_instructions = "Get one at the desk."')
    async with lab.run() as probe:
        thread_id, turn = await failing_turn(probe)
        assert "SCENARIO_KEY" in turn.error["message"]
        assert "Get one at the desk." in turn.error["message"]
        read = await probe.request("thread/read", {"threadId": thread_id})
        assert read["thread"]["status"] == {"type": "systemError"}
    assert lab.model.requests == []


async def test_an_api_key_from_the_environment_is_sent_and_shown_nowhere(lab: Lab) -> None:
    lab.configure(provider='env_key = "SCENARIO_KEY"')
    lab.script(answer(message("Hi.")))
    async with lab.run(env={"SCENARIO_KEY": "sk-very-secret"}) as probe:
        await probe.run_turn((await probe.start_thread())["id"])
        assert [sent for sent in probe.log.from_server if "sk-very-secret" in str(sent)] == []
    assert lab.model.requests[0].headers["authorization"] == "Bearer sk-very-secret"
    assert "sk-very-secret" not in probe.server.stderr
    assert all("sk-very-secret" not in path.read_text() for path in lab.rollouts())
