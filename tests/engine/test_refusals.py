"""What a provider refused a request for is found, and nothing else is taken out of a history."""

from __future__ import annotations

from typing import Any

import pytest

from codex_trio.engine.refusals import LEFT_OUT, without_refused
from codex_trio.model.errors import ErrorInfo, ModelError

PICTURE: dict[str, Any] = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
WORDS: dict[str, Any] = {"type": "input_text", "text": "look"}
OLD = {"type": "message", "role": "user", "content": [PICTURE]}
ANSWER = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "seen"}]}
THOUGHT = {"type": "reasoning", "summary": [], "encrypted_content": "e"}
SAID = {"type": "message", "role": "user", "content": [WORDS, PICTURE]}
SEEN = {"type": "function_call_output", "call_id": "c", "output": [PICTURE]}
HISTORY = [OLD, THOUGHT, ANSWER, SAID, SEEN]
ANSWERED = 3


def left(message: str, status: int | None = 400, kind: str = "other", items: Any = HISTORY) -> Any:
    error = ModelError(message, info=ErrorInfo(kind), http_status=status)
    return without_refused(items, ANSWERED, error)


def pictures(items: Any) -> list[bool]:
    return [PICTURE in [*item.get("content", ()), *item.get("output", ())] for item in items]


NEW_ONES_GONE = [True, False, False, False, False]


@pytest.mark.parametrize(
    ("message", "status", "kind"),
    [
        ('{"error":{"message":"Invalid image."}}', 400, "other"),
        ("unexpected status 404 Not Found: No endpoints that support image input, url: x", 404, "httpConnectionFailed"),
        ("image input is not supported - hint: you may need to provide the mmproj", 500, "internalServerError"),
        ("this is not a multimodal model", 422, "httpConnectionFailed"),
        ("stream disconnected before completion: The model has no vision", None, "other"),
        ("Invalid value: 'input[3].content[1]'", 400, "other"),
        ('{"error":{"message":"no","param":"input[3]"}}', 400, "other"),
        ("unexpected status 413 Payload Too Large: , url: http://x", 413, "httpConnectionFailed"),
    ],
)  # fmt: skip
def test_pictures_that_no_model_has_answered_are_taken_out(message: str, status: int | None, kind: str) -> None:
    items = left(message, status, kind)
    assert pictures(items) == NEW_ONES_GONE
    assert items[3]["content"][0] == WORDS
    assert items[3]["content"][1]["text"].startswith(LEFT_OUT)
    assert PICTURE in SAID["content"]


def test_the_text_in_place_of_a_picture_says_why() -> None:
    items = left('{"error":{"message":"The image is too blue.","code":"x"}}')
    assert items[4]["output"] == [{"type": "input_text", "text": f"{LEFT_OUT}: The image is too blue."}]


def test_without_a_new_picture_all_are_taken_out_when_the_provider_speaks_of_them() -> None:
    items = left("this model takes no images", items=HISTORY[:3])
    assert pictures(items) == [False] * 3


def test_what_another_provider_encrypted_is_taken_out() -> None:
    summary = {"type": "compaction", "encrypted_content": "e"}
    assert left("The encrypted content could not be verified", items=[OLD, summary, SAID]) == [OLD, SAID]
    assert THOUGHT not in left('{"error":{"code":"invalid_encrypted_content"}}')
    assert left("The encrypted content could not be verified", items=[OLD, ANSWER]) is None


@pytest.mark.parametrize(
    ("message", "status", "kind"),
    [
        ("stream disconnected: error sending request for url (http://images/v1): refused", None, "other"),
        ("unexpected status 401 Unauthorized: no key for image models, url: x", 401, "httpConnectionFailed"),
        ("unexpected status 503 Service Unavailable: busy, url: http://vision.example/v1", 503, "httpConnectionFailed"),
        ("too long, with images", 400, "contextWindowExceeded"),
        ("exceeded retry limit", 429, "responseTooManyFailedAttempts"),
        ('{"error":{"message":"unsupported value","param":"reasoning.effort"}}', 400, "other"),
        ("blocked", 400, "invalidPrompt"),
        ("stream closed", None, "other"),
    ],
)  # fmt: skip
def test_other_failures_take_nothing_out(message: str, status: int | None, kind: str) -> None:
    assert left(message, status, kind) is None


def test_a_history_without_pictures_stays() -> None:
    assert left("Invalid image.", items=[ANSWER]) is None
    assert left("Bad request", items=[ANSWER, {**SAID, "content": [WORDS]}]) is None
