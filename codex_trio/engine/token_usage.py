"""Counts of tokens, from the provider's form to the one that is stored."""

from __future__ import annotations

from codex_trio.model.usage import ResponseUsage
from codex_trio.state.rollout.events import TokenUsage


def stored_usage(usage: ResponseUsage) -> TokenUsage:
    """Return what one response used, as it is stored."""
    return TokenUsage(
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        cache_write_input_tokens=usage.cache_write_input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_output_tokens=usage.reasoning_output_tokens,
        total_tokens=usage.total_tokens,
    )


def added(left: TokenUsage, right: TokenUsage) -> TokenUsage:
    """Return the sum of both."""
    return TokenUsage(
        input_tokens=left.input_tokens + right.input_tokens,
        cached_input_tokens=left.cached_input_tokens + right.cached_input_tokens,
        cache_write_input_tokens=left.cache_write_input_tokens + right.cache_write_input_tokens,
        output_tokens=left.output_tokens + right.output_tokens,
        reasoning_output_tokens=left.reasoning_output_tokens + right.reasoning_output_tokens,
        total_tokens=left.total_tokens + right.total_tokens,
    )
