"""Checking what a user says in a request, of whichever method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from codex_trio_protocol.v2.user_input import ImageUserInput, TextUserInput
from msgspec import UNSET

from codex_trio.rpc.errors import invalid_params, invalid_request
from codex_trio.wire.items import domain_input

MAX_INPUT_CHARACTERS = 1_048_576
MAX_INPUT_PARTS = 10_000
"""More than anybody says at once: others would wait while they are stored and shown."""


def content_of(parts: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the input in the rollout's form. Raises RpcError when it is too long, or names a remote image."""
    if len(parts) > MAX_INPUT_PARTS:
        raise invalid_params(f"`input` has {len(parts)} parts; at most {MAX_INPUT_PARTS} are taken at once")
    check_size(sum(len(part.text) for part in parts if isinstance(part, TextUserInput)))
    for part in parts:
        if isinstance(part, ImageUserInput) and part.url is not UNSET and not part.url.startswith("data:"):
            raise invalid_request("remote image URLs are not supported; use an inline data URL instead")
    return [domain_input(part) for part in parts]


def check_size(size: int) -> None:
    """Raise RpcError when a user says so many characters at once that it is too much."""
    if size > MAX_INPUT_CHARACTERS:
        raise invalid_params(
            f"Input exceeds the maximum length of {MAX_INPUT_CHARACTERS} characters.",
            {"input_error_code": "input_too_large", "max_chars": MAX_INPUT_CHARACTERS, "actual_chars": size},
        )
