"""Fitting a tool's output into the model's budget.

Owns the token estimate and the head-and-tail cut of text that is too long. Pure.
"""

BYTES_PER_TOKEN = 4


def token_estimate(text: str) -> int:
    """Return how many tokens a text costs, at four UTF-8 bytes a token, rounded up."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def fit(text: str, *, max_tokens: int) -> str:
    """Return the text, or its head and tail around a note of how much is missing when it costs more than `max_tokens`.

    A cut text starts with the two lines that say what it was (form observed in release 0.169.0).
    """
    raw = text.encode("utf-8", "replace")
    budget = max_tokens * BYTES_PER_TOKEN
    if len(raw) <= budget:
        return text
    tokens = -(-len(raw) // BYTES_PER_TOKEN)
    head = raw[: budget // 2].decode("utf-8", "ignore")
    tail = raw[len(raw) - (budget - budget // 2) :].decode("utf-8", "ignore")
    lines = text.count("\n") + (not text.endswith("\n"))
    return (
        f"Warning: truncated output (original token count: {tokens})\n"
        f"Total output lines: {lines}\n\n"
        f"{head}…{tokens - max_tokens} tokens truncated…{tail}"
    )
