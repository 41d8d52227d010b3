"""Where the reference differs in taking over what other agents left."""

from codex_trio.conformance.differences.difference import Difference

EXTERNAL_AGENT: tuple[Difference, ...] = (
    Difference(
        "external_agent::only_what_is_chosen_is_taken_over_and_what_is_broken_is_told",
        "reference",
        "finds nothing at all where one file is broken, takes over what was not chosen too, passes in silence over "
        "what has no counterpart, and puts skills of the home beside CODEX_HOME, where none are looked for",
    ),
)
