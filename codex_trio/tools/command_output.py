"""What the model is told of a command's output (form observed in 0.169.0)."""

from __future__ import annotations

import secrets

from codex_trio.execution.yielding import Collected
from codex_trio.tools.calls import ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.truncate import fit, token_estimate


def command_output(collected: Collected, session_id: int, max_tokens: int) -> ToolOutput:
    """Chunk id, time, exit code or session id, size, and the output cut to `max_tokens`; as values for scripts."""
    ended = collected.exit_code is not None
    chunk, tokens = secrets.token_hex(3), token_estimate(collected.output)
    output = fit(collected.output, max_tokens=max_tokens)
    state = (
        f"Process exited with code {collected.exit_code}" if ended else f"Process running with session ID {session_id}"
    )
    return ToolOutput(
        content=(
            f"Chunk ID: {chunk}\n"
            f"Wall time: {collected.wall_seconds:.4f} seconds\n"
            f"{state}\n"
            f"Original token count: {tokens}\n"
            f"Output:\n{output}"
        ),
        value={
            "chunk_id": chunk,
            "wall_time_seconds": collected.wall_seconds,
            **({"exit_code": collected.exit_code} if ended else {"session_id": session_id}),
            "original_token_count": tokens,
            "output": output,
        },
    )


def output_budget(requested: float | None, context: ToolContext) -> int:
    """Return how many tokens of output a call may return: what it asked for, up to the model's limit."""
    limit = context.model.tool_output_token_limit
    return limit if requested is None else max(0, min(int(requested), limit))
