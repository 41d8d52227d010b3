"""How many tokens a response used, as providers count them.

Owns: the counts of one response, and reading them from whatever a provider reports.
Does not own: adding them up or telling clients (the engine).
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from codex_trio.model import lenient_json
from codex_trio.model.lenient_json import UnreadableJson

_MAX_TOKENS = 2**48


class ResponseUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one response. `input_tokens` includes cached ones, `output_tokens` includes reasoning."""

    input_tokens: int
    cached_input_tokens: int
    cache_write_input_tokens: int
    output_tokens: int
    reasoning_output_tokens: int
    total_tokens: int


def reported_usage(raw: msgspec.Raw) -> dict[str, Any] | None:
    """Return the `usage` of a response as the provider wrote it; None when there is none."""
    try:
        value = lenient_json.mended(lenient_json.decode(bytes(raw) or b"null"))
    except UnreadableJson:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def read_usage(source: dict[str, Any] | None) -> ResponseUsage | None:
    """Return the token counts in a response's `usage`, None when it has none.

    A count that is missing or makes no sense is 0, a missing total is the sum: an answer is not lost for its bill.
    """
    if not source:
        return None
    inputs = _details(source, "input_tokens_details", "prompt_tokens_details")
    outputs = _details(source, "output_tokens_details", "completion_tokens_details")
    input_tokens = _count(source, "input_tokens", "prompt_tokens")
    output_tokens = _count(source, "output_tokens", "completion_tokens")
    total = _count(source, "total_tokens") or input_tokens + output_tokens
    return ResponseUsage(
        input_tokens=input_tokens,
        cached_input_tokens=_count(inputs, "cached_tokens"),
        cache_write_input_tokens=_count(inputs, "cache_write_tokens"),
        output_tokens=output_tokens,
        reasoning_output_tokens=_count(outputs, "reasoning_tokens"),
        total_tokens=total,
    )


def _details(source: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        if isinstance(source.get(name), dict):
            return cast("dict[str, Any]", source[name])
    return {}


def _count(source: dict[str, Any], *names: str) -> int:
    """Return the first of these counts that is there; 0 for what cannot be one."""
    for name in names:
        value = source.get(name)
        if isinstance(value, str) and value.strip().isdigit() and len(value) < 16:
            value = int(value)
        if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_TOKENS:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value if 0 <= value < _MAX_TOKENS else 0
    return 0
