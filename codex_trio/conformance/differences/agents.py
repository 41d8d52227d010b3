"""Where the reference differs in agents that work for others."""

from codex_trio.conformance.differences.difference import Difference

AGENTS: tuple[Difference, ...] = (
    Difference(
        "agents::who_stops_a_turn_stops_the_agents_that_work_for_it",
        "reference",
        "lets agents go on, with all that they do to files, when their user stops the turn that they work for",
    ),
    Difference(
        "agents::an_agent_cannot_end_itself",
        "reference",
        "lets a model close the very thread that it works in, whose turn then ends without a word",
    ),
)
