"""What users and clients are told when a provider refuses, as release 0.169.0 tells it."""

import json
from typing import Any

import pytest

from codex_trio.model import failures, usage_text
from codex_trio.model.errors import ErrorInfo, ModelError
from codex_trio.model.limits import RateLimitSnapshot

URL = "http://provider/v1/responses"
FULL = (
    "Codex ran out of room in the model's context window. Start a new thread or clear earlier history before retrying."
)
CAPACITY = "Selected model is at capacity. Please try a different model."
DEMAND = "We’re currently experiencing high demand, which may cause temporary errors."  # noqa: RUF001
PLUS = "To use Codex with your ChatGPT plan, upgrade to Plus: https://chatgpt.com/explore/plus."
QUOTA = "Quota exceeded. Check your plan and billing details."
POLICY = "Policy-restricted capacity is unavailable. Please try again later."
BROKEN = f"unexpected status 500 Internal Server Error: the text, url: {URL}"
LIMIT_429 = "exceeded retry limit, last status: 429 Too Many Requests"


def refused(status: int, error: dict[str, Any] | None = None, *, body: bytes = b"", **headers: str) -> ModelError:
    data = json.dumps({"error": error}).encode() if error is not None else body
    return failures.from_http(status, data, {name.replace("_", "-"): v for name, v in headers.items()}, url=URL)


def failed(status: int) -> dict[str, Any]:
    return {"httpConnectionFailed": {"httpStatusCode": status}}


TOO_MANY = {"responseTooManyFailedAttempts": {"httpStatusCode": 429}}


@pytest.mark.parametrize(
    ("status", "code", "message", "info", "retryable"),
    [
        (400, "cyber_policy", "the text", "cyberPolicy", False),
        (400, "context_length_exceeded", FULL, "contextWindowExceeded", False),
        (400, "invalid_prompt", "the text", "other", False),
        (400, "bio_policy", "the text", "bioPolicy", False),
        (400, "model_not_found", "the text", "modelNotFound", False),
        (404, "model_not_found", "the text", "modelNotFound", False),
        (400, "misalignment_policy_violation", "the text", "misalignmentPolicyViolation", False),
        (403, "misalignment_policy_violation", "the text", "misalignmentPolicyViolation", False),
        (403, "inference_hook_denied", "the text", "inferenceHookDenied", False),
        (429, "insufficient_quota", QUOTA, "usageLimitExceeded", False),
        (429, "flex_unavailable", "Flex capacity unavailable.", "flexUnavailable", False),
        (429, "slow_down", f"{LIMIT_429}: the text", TOO_MANY, False),
        (429, None, f"{LIMIT_429}: the text", TOO_MANY, False),
        (500, None, BROKEN, "internalServerError", True),
        (
            500,
            "server_is_overloaded",
            BROKEN,
            "internalServerError",
            True,
        ),
        (503, "server_is_overloaded", CAPACITY, "serverOverloaded", False),
        (503, "slow_down", "rate limit exceeded: the text", "rateLimitExceeded", True),
        (503, "policy_capacity_unavailable", POLICY, "policyCapacityUnavailable", False),
        (401, "model_not_found", f"unexpected status 401 Unauthorized: the text, url: {URL}", failed(401), False),
        (403, "cyber_policy", f"unexpected status 403 Forbidden: the text, url: {URL}", failed(403), False),
        (413, None, f"unexpected status 413 Payload Too Large: the text, url: {URL}", failed(413), False),
        (418, None, f"unexpected status 418 I'm a teapot: the text, url: {URL}", failed(418), False),
        (422, None, f"unexpected status 422 Unprocessable Entity: the text, url: {URL}", failed(422), False),
        (408, None, f"unexpected status 408 Request Timeout: the text, url: {URL}", failed(408), True),
        (503, None, f"unexpected status 503 Service Unavailable: the text, url: {URL}", failed(503), True),
        (529, None, f"unexpected status 529 <unknown status code>: the text, url: {URL}", failed(529), True),
        (302, None, f"unexpected status 302 Found: the text, url: {URL}", failed(302), False),
    ],
)
def test_a_refused_request_is_told_by_its_status_and_code(
    status: int, code: str | None, message: str, info: object, *, retryable: bool
):
    error = refused(status, {"message": "the text", "code": code})
    assert (error.message, error.info.to_wire(), error.retryable) == (message, info, retryable)
    assert error.http_status == status


def test_a_refusal_without_words_is_still_told():
    assert refused(500).message == DEMAND
    assert refused(400).message == f"unexpected status 400 Bad Request: Unknown error, url: {URL}"
    assert refused(429).message == LIMIT_429


@pytest.mark.parametrize("body", [b"plain text", b'{"error": {"message": "Bad thing", "type": "x"}}'])
def test_a_bad_request_is_told_in_the_providers_own_words(body: bytes):
    error = refused(400, body=body)
    assert (error.message, error.info.to_wire(), error.retryable) == (body.decode(), "other", False)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>nope</html>", "nope"),
        (b"<style>p {}</style><!-- x --><p>Down &amp;\n out</p><script>f()</script>", "Down & out"),
        (b"", "Unknown error"),
        (b'{"message": "flat"}', "flat"),
        (b'{"error": "just text"}', "just text"),
        (b'{"detail": "no such route"}', "no such route"),
        (b'{"detail": [{"loc": ["body", "x"], "msg": "field required"}, {"msg": "and y"}]}', "field required; and y"),
        (b'{"errors": [{"message": "first"}]}', "first"),
        (b'{"error": {"message": "Provider returned error", "metadata": {"raw": "x"}}}', "Provider returned error: x"),
        (b'{"error": {"message": "caf\xe9"}}', "caf\ufffd"),
        (b'{"error":' + b'{"a":' * 5000 + b"1" + b"}" * 5001, '{"error":' + ('{"a":' * 5000)[:1991] + "…"),
        (b"[1]", "[1]"),
        (b'{"error": {"message": 5}}', '{"error": {"message": 5}}'),
        (b"x" * 5000, "x" * 2000 + "…"),
    ],
)
def test_an_unexpected_answer_is_quoted_within_bounds(body: bytes, told: str):
    assert refused(401, body=body).message == f"unexpected status 401 Unauthorized: {told}, url: {URL}"


def test_an_unexpected_answer_names_what_support_asks_for():
    error = refused(401, {"message": "m"}, x_request_id="rq1", cf_ray="ray1", x_openai_authorization_error="aerr")
    assert error.message.endswith(f"url: {URL}, cf-ray: ray1, request id: rq1, auth error: aerr")
    assert refused(429, x_request_id="rq9").message == f"{LIMIT_429}, request id: rq9"


@pytest.mark.parametrize("status", [429, 500, 503, 401])
def test_a_provider_that_says_when_is_asked_again_then(status: int):
    error = refused(status, {"code": "server_is_overloaded", "message": "m"}, retry_after="8")
    assert (error.retryable, error.retry_after) == (True, 8.0)


@pytest.mark.parametrize(
    ("headers", "message", "wait"),
    [
        ({"x-ms-retry-after-ms": "1500", "retry-after": "2"}, "slow down", 1.5),
        ({}, "Rate limit is exceeded. Try again in 26 seconds.", 26.0),
        ({}, "Requests have exceeded the token rate limit. Please retry after 3 seconds.", 3.0),
        ({}, "slow down", None),
    ],
)
def test_a_busy_provider_says_in_many_ways_when_to_ask_again(headers: dict[str, str], message: str, wait: float | None):
    error = failures.from_http(
        429, json.dumps({"statusCode": 429, "message": message}).encode(), headers, url="http://p"
    )
    assert (error.retryable, error.retry_after) == (wait is not None, wait)
    assert message in error.message


@pytest.mark.parametrize("wait", ["86400", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_nobody_waits_a_day_for_a_provider(wait: str):
    error = refused(429, retry_after=wait)
    assert (error.retryable, error.retry_after) == (False, None)


@pytest.mark.parametrize(
    ("code", "message", "info", "retryable"),
    [
        ("context_length_exceeded", FULL, "contextWindowExceeded", False),
        ("insufficient_quota", QUOTA, "usageLimitExceeded", False),
        ("usage_not_included", PLUS, "usageLimitExceeded", False),
        ("cyber_policy", "the text", "cyberPolicy", False),
        ("invalid_prompt", "the text", "other", False),
        ("bio_policy", "the text", "bioPolicy", False),
        ("model_not_found", "the text", "modelNotFound", False),
        ("misalignment_policy_violation", "the text", "misalignmentPolicyViolation", False),
        ("inference_hook_denied", "the text", "inferenceHookDenied", False),
        ("server_is_overloaded", CAPACITY, "serverOverloaded", False),
        ("flex_unavailable", "Flex capacity unavailable.", "flexUnavailable", False),
        ("policy_capacity_unavailable", POLICY, "policyCapacityUnavailable", False),
        ("slow_down", "rate limit exceeded: the text", "rateLimitExceeded", True),
        ("rate_limit_exceeded", "rate limit exceeded: the text", "rateLimitExceeded", True),
        ("server_error", "stream disconnected before completion: the text", "other", True),
        (None, "stream disconnected before completion: the text", "other", True),
    ],
)
def test_a_failed_response_is_told_by_its_code(code: str | None, message: str, info: object, *, retryable: bool):
    error = failures.from_failed({"code": code, "message": "the text"})
    assert (error.message, error.info.to_wire(), error.retryable) == (message, info, retryable)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (None, "stream disconnected before completion: response.failed event received"),
        ({}, "stream disconnected before completion: response.failed event received"),
        ({"code": "server_error"}, "stream disconnected before completion: server_error"),
        ("just text", "stream disconnected before completion: just text"),
        ([], "stream disconnected before completion: response.failed event received"),
        ({"code": "cyber_policy"}, "This request has been flagged for possible cybersecurity risk."),
        ({"code": "invalid_prompt"}, "Invalid request."),
    ],
)
def test_a_failed_response_without_words_has_ours(error: Any, message: str):
    assert failures.from_failed(error).message == message


@pytest.mark.parametrize(
    ("code", "retryable"), [(401, False), ("404", False), (429, True), ("503", True), (None, True)]
)
def test_a_status_in_place_of_a_code_says_whether_to_try_again(code: object, *, retryable: bool):
    assert failures.from_failed({"error": {"message": "m", "code": code}}).retryable is retryable


def test_a_rate_limit_text_says_when_to_try_again():
    error = failures.from_failed({"code": "rate_limit_exceeded", "message": "Please try again in 11.054s."})
    assert error.retry_after == 11.054
    error = failures.from_failed({"code": "rate_limit_exceeded", "message": "try again in 90000 seconds"})
    assert (error.retryable, error.retry_after) == (False, None)


def test_an_incomplete_response_is_final_unless_a_filter_cut_it():
    final = failures.from_incomplete({"reason": "max_output_tokens"})
    assert (final.message, final.retryable) == ("Incomplete response returned, reason: max_output_tokens", False)
    assert failures.from_incomplete(None).message == "Incomplete response returned, reason: unknown"
    filtered = failures.from_incomplete({"reason": "content_filter"})
    assert filtered.retryable
    assert filtered.message == (
        "stream disconnected before completion: Incomplete response returned, reason: content_filter"
    )


def test_an_explained_block_carries_its_explanation():
    details = {"error_type": "et", "detailed_explanation": "de", "steer": {"message": "sm"}, "review_target": "rt"}
    error = failures.from_failed({"code": "misalignment_policy_violation", "message": "m", "misalignment": details})
    assert error.misalignment == {
        "errorType": "et",
        "detailedExplanation": "de",
        "steer": {"message": "sm"},
        "reviewTarget": "rt",
    }
    assert failures.from_failed({"code": "misalignment_policy_violation"}).misalignment is None


def test_the_same_kind_has_a_name_on_the_wire_and_one_in_rollouts():
    assert ErrorInfo("httpConnectionFailed", 401).to_rollout() == {"http_connection_failed": {"http_status_code": 401}}
    assert ErrorInfo("usageLimitExceeded").to_rollout() == "usage_limit_exceeded"
    prompt = failures.from_failed({"code": "invalid_prompt", "message": "m"}).info
    assert (prompt.to_wire(), prompt.to_rollout()) == ("other", "invalid_prompt")


def test_the_notice_of_a_repeat_names_the_status_that_the_final_error_would():
    assert refused(403).retry_info.to_wire() == {"responseStreamDisconnected": {"httpStatusCode": 403}}
    assert refused(500).retry_info.to_wire() == {"responseStreamDisconnected": {"httpStatusCode": None}}


# --- used up plans ---------------------------------------------------------------------------------------------------

HIT = "You’ve hit your usage limit"  # noqa: RUF001
TO_PLUS = "Upgrade to Plus to continue using Codex (https://chatgpt.com/explore/plus), or try again later."
TO_PRO = (
    "Upgrade to Pro (https://chatgpt.com/explore/pro), visit https://chatgpt.com/settings/usage to purchase more "
    "credits or try again later."
)


@pytest.mark.parametrize(
    ("plan", "way_out"),
    [
        (None, "Try again later."),
        ("enterprise", "Try again later."),
        ("free", TO_PLUS),
        ("go", TO_PLUS),
        ("plus", TO_PRO),
        ("pro", "Visit https://chatgpt.com/settings/usage to purchase more credits or try again later."),
        ("team", "To get more access now, send a request to your admin or try again later."),
    ],
)
def test_a_used_up_plan_is_told_with_its_way_out(plan: str | None, way_out: str):
    error = refused(429, {"type": "usage_limit_reached", "plan_type": plan})
    assert error.message == f"{HIT}. {way_out}"
    assert (error.info.to_wire(), error.retryable) == ("usageLimitExceeded", False)
    assert error.limits == RateLimitSnapshot()


def test_usage_that_the_plan_does_not_include_is_told():
    assert refused(429, {"type": "usage_not_included"}).message == PLUS


def test_a_named_limit_is_told_by_its_name():
    error = refused(
        429,
        {"type": "usage_limit_reached", "plan_type": "plus"},
        x_codex_active_limit="codex_other",
        x_codex_other_limit_name="Other Name",
    )
    assert error.message == f"{HIT} for Other Name. Switch to another model now, or try again later."
    assert error.limits is not None
    assert error.limits.limit_id == "codex_other"


def test_a_workspace_without_credits_is_told_to_its_owner():
    error = refused(
        429, {"type": "usage_limit_reached"}, x_codex_rate_limit_reached_type="workspace_owner_credits_depleted"
    )
    assert error.message == "Your workspace is out of credits. Add credits to continue."


def test_a_promotion_takes_the_place_of_the_plans_way_out():
    error = refused(429, {"type": "usage_limit_reached", "plan_type": "plus"}, x_codex_promo_message="Promo")
    assert error.message == f"{HIT}. Promo, or try again later."


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_utc")
@pytest.mark.parametrize(
    ("resets_at", "told"),
    [
        (1_999_990_800, "1:00 AM"),
        (1_999_990_800 + 12 * 3600, "1:00 PM"),
        (2_000_000_000 + 86_400, "May 19th, 2033 3:33 AM"),
        (2_000_000_000 + 4 * 86_400, "May 22nd, 2033 3:33 AM"),
        (2_000_000_000 - 7 * 86_400, "May 11th, 2033 3:33 AM"),
    ],
)
def test_the_time_to_come_back_is_told_in_local_time(resets_at: int, told: str):
    text = usage_text.limit_reached(
        RateLimitSnapshot(), plan=None, resets_at=resets_at, promotion=None, now=2_000_000_000
    )
    assert text == f"{HIT}. Try again at {told}."


@pytest.mark.parametrize("resets_at", [1e308, float("nan"), 10**30, -1e300])
def test_a_time_that_is_none_is_later(resets_at: float):
    text = usage_text.limit_reached(
        RateLimitSnapshot(), plan=None, resets_at=resets_at, promotion=None, now=2_000_000_000
    )
    assert text == f"{HIT}. Try again later."
