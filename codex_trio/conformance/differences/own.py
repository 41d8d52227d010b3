"""Where codex-trio itself differs from what a scenario asks."""

from codex_trio.conformance.differences.difference import Difference

OWN: tuple[Difference, ...] = (
    Difference(
        "transcript::a_recorded_conversation_goes_the_same_way_again[errors-model_http_429_plain]",
        "codex-trio",
        "adds the provider's own words to `exceeded retry limit`",
    ),
    Difference(
        "thread::a_permission_profile_that_is_chosen_by_its_name_is_told_back",
        "codex-trio",
        "knows the built-in permission profiles by what they allow only: named permission profiles are not there yet",
    ),
    *(
        Difference(scenario, "codex-trio", f"{method} is not there yet")
        for scenario, method in (
            ("envelope::a_method_without_params_takes_none", "memory/reset"),
            ("envelope::a_threads_goal_can_be_asked_for_without_the_experimental_capability", "thread/goal/get"),
            ("transcript::a_recorded_conversation_goes_the_same_way_again[errors-envelope]", "memory/reset"),
            ("transcript::a_recorded_conversation_goes_the_same_way_again[errors-no_experimental]", "thread/goal/get"),
        )
    ),
)
