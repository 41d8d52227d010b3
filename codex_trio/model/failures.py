"""Which failure of a provider becomes which `ModelError`.

Owns: the mapping of HTTP answers, `response.failed`, `response.incomplete` and broken connections. Does not own: the
error value (`errors`) or the texts of used up plans (`usage_text`).

The mapping is that of release 0.169.0: kinds, texts and what is worth repeating; clients match on these texts. It
differs where the reference keeps the provider's words to itself, repeats what will not change, or waits for years.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urljoin

from codex_trio.model import limits, retry, usage_text
from codex_trio.model.errors import ErrorInfo, ModelError
from codex_trio.model.provider_error import MAX_MESSAGE, ProviderError, bounded, quoted
from codex_trio.util.addresses import shown_address

CONTEXT_FULL = (
    "Codex ran out of room in the model's context window. Start a new thread or clear earlier history before retrying."
)
_AT_CAPACITY = "Selected model is at capacity. Please try a different model."
_HIGH_DEMAND = "We’re currently experiencing high demand, which may cause temporary errors."  # noqa: RUF001
_QUOTA = "Quota exceeded. Check your plan and billing details."
_POLICY_CAPACITY = "Policy-restricted capacity is unavailable. Please try again later."

# Statuses below 500 after which the same request may be answered.
_PASSING = frozenset({408, 409, 425, 429, 499})

_WORTH_WAITING = frozenset({"serverOverloaded", "responseTooManyFailedAttempts", "httpConnectionFailed"})

# Phrases that the standard library spells differently, depending on its version.
_PHRASES = {413: "Payload Too Large", 418: "I'm a teapot", 422: "Unprocessable Entity"}


def disconnected(cause: str) -> ModelError:
    """Say that the stream broke off, or said something that cannot be understood, before the response was complete."""
    return ModelError(f"stream disconnected before completion: {cause}", retryable=True)


def unreachable(url: str, cause: str) -> ModelError:
    """No connection to the provider: it is tried again for as long as the turn may run."""
    return ModelError(
        f"stream disconnected before completion: error sending request for url ({url}): {cause}",
        info=ErrorInfo("responseStreamDisconnected"),
        retryable=True,
        is_offline=True,
    )


def redirected_too_often(times: int, url: str) -> ModelError:
    """Say that the provider sends a request from one address to the next."""
    return ModelError(f"the provider redirected the request {times} times, lastly to {url}: it may send it in circles")


def not_sent(url: str, cause: str) -> ModelError:
    """Say that the connection broke before the provider answered."""
    return disconnected(f"error sending request for url ({url}): {cause}")


# --- refusals within a stream ----------------------------------------------------------------------------------------


def _cyber_policy(error: ProviderError) -> ModelError:
    text = error.message or "This request has been flagged for possible cybersecurity risk."
    return ModelError(text, info=ErrorInfo("cyberPolicy"))


def _invalid_prompt(error: ProviderError) -> ModelError:
    return ModelError(error.message or "Invalid request.", info=ErrorInfo("invalidPrompt"))


def _bio_policy(error: ProviderError) -> ModelError:
    return ModelError(error.message or "The provider refused this request.", info=ErrorInfo("bioPolicy"))


def _model_not_found(error: ProviderError) -> ModelError:
    return ModelError(error.message or "The provider does not have this model.", info=ErrorInfo("modelNotFound"))


def _misalignment(error: ProviderError) -> ModelError:
    text = error.message or "The provider stopped this request."
    info = ErrorInfo("misalignmentPolicyViolation")
    return ModelError(text, info=info, misalignment=_misalignment_details(error.misalignment))


def _hook_denied(error: ProviderError) -> ModelError:
    return ModelError(error.message or "The workspace denied this request.", info=ErrorInfo("inferenceHookDenied"))


def _rate_limited(error: ProviderError) -> ModelError:
    message = error.message or ""
    return ModelError(
        f"rate limit exceeded: {message}",
        info=ErrorInfo("rateLimitExceeded"),
        retryable=True,
        retry_after=retry.delay_in_text(message),
    )


def _fixed(text: str, kind: str) -> Callable[[ProviderError], ModelError]:
    return lambda _error: ModelError(text, info=ErrorInfo(kind))


_context_full = _fixed(CONTEXT_FULL, "contextWindowExceeded")
_quota = _fixed(_QUOTA, "usageLimitExceeded")
_not_included = _fixed(usage_text.NOT_INCLUDED, "usageLimitExceeded")
_overloaded = _fixed(_AT_CAPACITY, "serverOverloaded")
_flex = _fixed("Flex capacity unavailable.", "flexUnavailable")
_policy_capacity = _fixed(_POLICY_CAPACITY, "policyCapacityUnavailable")

_FAILED: Mapping[str | None, Callable[[ProviderError], ModelError]] = {
    "context_length_exceeded": _context_full,
    "insufficient_quota": _quota,
    "usage_not_included": _not_included,
    "cyber_policy": _cyber_policy,
    "invalid_prompt": _invalid_prompt,
    "bio_policy": _bio_policy,
    "model_not_found": _model_not_found,
    "misalignment_policy_violation": _misalignment,
    "inference_hook_denied": _hook_denied,
    "server_is_overloaded": _overloaded,
    "flex_unavailable": _flex,
    "policy_capacity_unavailable": _policy_capacity,
    "slow_down": _rate_limited,
    "rate_limit_exceeded": _rate_limited,
}


def from_failed(error: Any) -> ModelError:
    """Return the error that a stream tells of: its `response.error`, an `error` event, or what came in place of a
    stream.
    """
    known = ProviderError.read(error)
    make = _FAILED.get(known.code) or _FAILED.get(known.type)
    if make is not None:
        return _bounded(make(known))
    failure = disconnected(bounded(known.message or known.code or known.type or "response.failed event received"))
    failure.retryable = known.status is None or _may_pass(known.status)
    return failure


def from_incomplete(details: Any) -> ModelError:
    """Return the error of a `response.incomplete` event, given its `response.incomplete_details`.

    A response cut off by a content filter may come out differently next time; one that grew too long will not.
    """
    reason = cast("dict[str, Any]", details).get("reason") if isinstance(details, dict) else details
    reason = bounded(reason) if isinstance(reason, str) and reason else "unknown"
    text = f"Incomplete response returned, reason: {reason}"
    return disconnected(text) if reason == "content_filter" else ModelError(text)


# --- refusals by HTTP status -----------------------------------------------------------------------------------------

# By status and code; what is not here goes by its status alone.
_REFUSED: Mapping[tuple[int, str | None], Callable[[ProviderError], ModelError]] = {
    (400, "cyber_policy"): _cyber_policy,
    (400, "context_length_exceeded"): _context_full,
    (400, "invalid_prompt"): _invalid_prompt,
    (400, "bio_policy"): _bio_policy,
    (400, "model_not_found"): _model_not_found,
    (404, "model_not_found"): _model_not_found,
    (400, "misalignment_policy_violation"): _misalignment,
    (403, "misalignment_policy_violation"): _misalignment,
    (403, "inference_hook_denied"): _hook_denied,
    (429, "insufficient_quota"): _quota,
    (429, "flex_unavailable"): _flex,
    (503, "server_is_overloaded"): _overloaded,
    (503, "slow_down"): _rate_limited,
    (503, "policy_capacity_unavailable"): _policy_capacity,
}

# By type, for status 429.
_USAGE_TYPES: Mapping[str | None, Callable[[ProviderError], ModelError]] = {
    "usage_not_included": _not_included,
    "insufficient_quota": _quota,
}


def from_http(status: int, body: bytes, headers: Mapping[str, str], *, url: str) -> ModelError:
    """Return the error of a request answered with a status other than success. Header names are in lower case."""
    known = ProviderError.of_body(body)
    error = _refusal(status, body, headers, known, url)
    error.http_status = status
    wait = retry.retry_after(headers)
    if wait is None and status == 429 and known.message:
        wait = retry.delay_in_text(known.message)
    # Some refusals are final by themselves, but worth another try when the provider names a time for it.
    if wait is not None and (error.retryable or error.info.kind in _WORTH_WAITING):
        error.retryable, error.retry_after = True, wait
    return _bounded(error)


def _refusal(status: int, body: bytes, headers: Mapping[str, str], known: ProviderError, url: str) -> ModelError:
    make = _REFUSED.get((status, known.code))
    if make is not None:
        return make(known)
    if status == 400 and body.strip():
        return ModelError(bounded(body.decode("utf-8", "replace"), MAX_MESSAGE))
    words = bounded(known.message) if known.message else quoted(body)
    if 300 <= status < 400:
        words = _pointed_elsewhere(words, headers, url)
    if status == 429:
        return _too_many(headers, known, words)
    if status == 500 and not words:
        return ModelError(_HIGH_DEMAND, info=ErrorInfo("internalServerError"), retryable=True)
    message = f"unexpected status {_status_line(status)}: {words or 'Unknown error'}, url: {url}{_traces(headers)}"
    info = ErrorInfo("internalServerError") if status == 500 else ErrorInfo("httpConnectionFailed", status)
    return ModelError(message, info=info, retryable=_may_pass(status))


def _pointed_elsewhere(words: str, headers: Mapping[str, str], url: str) -> str:
    """Return what a redirect that is not followed says, with the place that it names."""
    location = headers.get("location", "").strip()
    if not location:
        return words
    place = shown_address(urljoin(url, location)).partition("?")[0]
    hint = f"the provider points to {bounded(place)}; if that is the right place, put its address into `base_url`"
    return f"{words} ({hint})" if words else hint


def _may_pass(status: int) -> bool:
    """Return whether the same request may be answered another time. A wrong key or address stays wrong."""
    return status >= 500 or status in _PASSING


def _too_many(headers: Mapping[str, str], known: ProviderError, words: str) -> ModelError:
    if known.type == "usage_limit_reached":
        reached = limits.reached(headers)
        text = usage_text.limit_reached(
            reached,
            plan=known.plan_type,
            resets_at=known.resets_at,
            promotion=headers.get("x-codex-promo-message"),
            now=time.time(),
        )
        return ModelError(text, info=ErrorInfo("usageLimitExceeded"), limits=reached)
    make = _USAGE_TYPES.get(known.type)
    if make is not None:
        return make(known)
    request_id = headers.get("x-request-id")
    text = f"exceeded retry limit, last status: {_status_line(429)}"
    if words:
        text += f": {words}"
    if request_id:
        text += f", request id: {request_id}"
    return ModelError(text, info=ErrorInfo("responseTooManyFailedAttempts", 429))


def _bounded(error: ModelError) -> ModelError:
    """`error`, but not to be repeated when that means waiting for longer than a user would."""
    if not retry.is_bearable(error.retry_after):
        error.retryable, error.retry_after = False, None
    return error


def _misalignment_details(details: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the provider's explanation in the form of the protocol's `MisalignmentErrorDetails`."""
    if details is None:
        return None
    steer = details.get("steer")
    message = cast("dict[str, Any]", steer).get("message") if isinstance(steer, dict) else None
    return {
        "errorType": details.get("error_type"),
        "detailedExplanation": details.get("detailed_explanation"),
        "steer": {"message": message} if isinstance(message, str) else None,
        "reviewTarget": details.get("review_target"),
    }


def _status_line(status: int) -> str:
    from http import HTTPStatus

    try:
        return f"{status} {_PHRASES.get(status) or HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} <unknown status code>"


def _traces(headers: Mapping[str, str]) -> str:
    """Return what a provider's support wants to know about a request."""
    named = (("cf-ray", "cf-ray"), ("request id", "x-request-id"), ("auth error", "x-openai-authorization-error"))
    return "".join(f", {label}: {value}" for label, name in named if (value := headers.get(name)))
