"""What the model is told of a command's output (form observed in 0.169.0)."""

from __future__ import annotations

import secrets

from codex_trio.execution.yielding import Collected
from codex_trio.tools.context import ToolContext
from codex_trio.tools.truncate import fit, token_estimate


def describe(collected: Collected, session_id: int, max_tokens: int) -> str:
    """Chunk id, time, exit code or session id, size, and the output cut to `max_tokens`."""
    if collected.exit_code is None:
        state = f"Process running with session ID {session_id}"
    else:
        state = f"Process exited with code {collected.exit_code}"
    return (
        f"Chunk ID: {secrets.token_hex(3)}\n"
        f"Wall time: {collected.wall_seconds:.4f} seconds\n"
        f"{state}\n"
        f"Original token count: {token_estimate(collected.output)}\n"
        f"Output:\n{fit(collected.output, max_tokens=max_tokens)}"
    )


def output_budget(requested: float | None, context: ToolContext) -> int:
    """Return how many tokens of output a call may return: what it asked for, up to the model's limit."""
    limit = context.model.tool_output_token_limit
    return limit if requested is None else max(0, min(int(requested), limit))
