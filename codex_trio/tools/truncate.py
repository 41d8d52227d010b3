"""Fitting a tool's output into the model's budget.

Owns the token estimate and the head-and-tail cut of text that is too long. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

BYTES_PER_TOKEN = 4

_HEAD_TOKENS = 500
"""What tools say of their outputs, beside what they fit by themselves."""

_NOTE_TOKENS = 32
"""More than the notes cost that say what is missing."""

_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})


def token_estimate(text: str) -> int:
    """Return how many tokens a text costs, at four UTF-8 bytes a token, rounded up."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def fit(text: str, *, max_tokens: int) -> str:
    """Return the text, or its head and tail around a note of how much is missing when it costs more than `max_tokens`.

    A cut text starts with the two lines that say what it was (form observed in release 0.169.0).
    """
    cut = cut_middle(text, max_tokens=max_tokens)
    if cut is text:
        return text
    lines = text.count("\n") + (not text.endswith("\n"))
    count = f"Warning: truncated output (original token count: {token_estimate(text)})"
    return f"{count}\nTotal output lines: {lines}\n\n{cut}"


def cut_middle(text: str, *, max_tokens: int) -> str:
    """Return the text itself, or its head and tail around a note of how much is missing, and nothing else."""
    raw = text.encode("utf-8", "replace")
    budget = max_tokens * BYTES_PER_TOKEN
    if len(raw) <= budget:
        return text
    head = raw[: budget // 2].decode("utf-8", "ignore")
    tail = raw[len(raw) - (budget - budget // 2) :].decode("utf-8", "ignore")
    return f"{head}…{token_estimate(text) - max_tokens} tokens truncated…{tail}"


def fit_parts(parts: Sequence[dict[str, Any]], *, max_tokens: int) -> list[dict[str, Any]]:
    """Return content parts whose texts cost no more than that together; other parts stay as they are.

    Texts after the last that has room are left out, and counted in one note at the end: a note for each would cost more
    than many short texts do (form of 0.171.0).
    """
    left = max_tokens
    fitted: list[dict[str, Any]] = []
    missing = 0
    for part in parts:
        if part["type"] != "input_text":
            fitted.append(part)
            continue
        if left <= 0:
            missing += 1
            continue
        part = {**part, "text": cut_middle(part["text"], max_tokens=left)}
        # An empty one costs something too.
        left -= max(token_estimate(part["text"]), 1)
        fitted.append(part)
    if missing:
        fitted.append({"type": "input_text", "text": f"[omitted {missing} text items ...]"})
    return fitted


def output_bound(max_tokens: int) -> int:
    """Return what an output may cost in the history of a model that takes so many tokens of one: a fifth more for what
    is said of it (0.171.0).
    """
    return max(max_tokens * 6 // 5, max_tokens + _HEAD_TOKENS)


def fit_item(item: Mapping[str, Any], *, max_tokens: int) -> dict[str, Any]:
    """Return an item of a model's history; an output costs no more than it may for a model that takes so many tokens.

    Most tools fit what they give by themselves. This is for what a user, a client or another agent says by way of one
    (bound and form observed in release 0.171.0).
    """
    item = cast("dict[str, Any]", item)
    if item.get("type") not in _OUTPUTS:
        return item
    output, most = item.get("output"), output_bound(max_tokens)
    if isinstance(output, list):
        parts = cast("list[dict[str, Any]]", output)
        if sum(_cost(part.get("text")) for part in parts) <= most + _NOTE_TOKENS:
            return item
        return {**item, "output": fit_parts(parts, max_tokens=most)}
    if not isinstance(output, str) or token_estimate(output) <= most + _NOTE_TOKENS:
        return item
    return {**item, "output": cut_middle(output, max_tokens=most)}


def _cost(text: Any) -> int:
    """Return how many tokens a part costs."""
    if not isinstance(text, str):
        return 0
    return token_estimate(text)


def fit_joined(parts: Sequence[dict[str, Any]], *, max_tokens: int) -> list[dict[str, Any]]:
    """Return content parts as they are, or, where their texts cost more than that together, head and tail of them all
    in one part before the others (form observed in release 0.171.0): what was said last is kept too.
    """
    texts = [part["text"] for part in parts if part["type"] == "input_text"]
    # An empty one costs something too.
    if sum(max(token_estimate(text), 1) for text in texts) <= max_tokens:
        return list(parts)
    joined = fit("\n".join(texts), max_tokens=max_tokens)
    return [{"type": "input_text", "text": joined}, *(part for part in parts if part["type"] != "input_text")]
