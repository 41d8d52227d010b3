"""Where the reference differs in agents that work for others."""

from codex_trio.conformance.differences.difference import Difference

AGENTS: tuple[Difference, ...] = (
    Difference(
        "agents::an_agent_cannot_end_itself",
        "reference",
        "lets a model close the very thread that it works in, whose turn then ends without a word",
    ),
)
