"""Where codex-trio itself differs from what a scenario asks."""

from codex_trio.conformance.differences.difference import Difference

OWN: tuple[Difference, ...] = (
    Difference(
        "transcript::a_recorded_conversation_goes_the_same_way_again[errors-model_http_429_plain]",
        "codex-trio",
        "adds the provider's own words to `exceeded retry limit`",
    ),
    Difference(
        "transcript::a_recorded_conversation_goes_the_same_way_again[approvals-command]",
        "codex-trio",
        "tells who answered an approval in a form that cannot be read, in a warning, that it counts as none",
    ),
    Difference(
        "transcript::a_recorded_conversation_goes_the_same_way_again[errors-envelope]",
        "codex-trio",
        "tells clients, in a warning, of each message that it ignores",
    ),
    Difference(
        "transcript::a_recorded_conversation_goes_the_same_way_again[turns-bad_inputs]",
        "codex-trio",
        "tells users, in a warning, that a skill which they named is not there",
    ),
    Difference(
        "transcript::a_recorded_conversation_goes_the_same_way_again[errors-no_experimental]",
        "codex-trio",
        "still knows a method that only older releases have, `thread/turns/items/list`, and asks for the capability",
    ),
)
