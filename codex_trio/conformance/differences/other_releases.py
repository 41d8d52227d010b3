"""Where one release of the reference differs from another: what came later, and what has gone."""

from codex_trio.conformance.differences.difference import Difference

OTHER_RELEASES: tuple[Difference, ...] = (
    *(
        Difference(scenario, "reference", "does not have this yet: it came with 0.171.0", release="0.169.0")
        for scenario in (
            "model_error::a_model_error_fails_the_turn_and_says_why[failed-bio]",
            "model_error::a_model_error_fails_the_turn_and_says_why[refused-bio]",
            "model_provider::a_provider_that_is_not_configured_is_refused_and_nothing_is_written",
            "model_provider::the_default_provider_is_chosen_for_threads_that_are_yet_to_start",
            "model_words::an_answer_may_come_compressed_as_the_request_says[gzip]",
            "model_words::an_answer_may_come_compressed_as_the_request_says[zstd]",
            "patch::the_diff_is_told_after_each_patch_and_at_the_end_of_the_turn",
            "transcript::a_recorded_conversation_goes_the_same_way_again[errors-model_failed_bio_policy]",
            "odd_items::what_is_injected_and_is_no_object_is_refused_with_its_place",
            "projects::a_project_is_told_to_every_client_before_it_is_answered",
            "search::a_search_can_be_given_up_by_its_client_and_by_its_kind[thread/search/stream]",
            "search::a_search_can_be_given_up_by_its_client_and_by_its_kind[thread/search]",
            "search::a_search_of_one_client_is_not_given_up_by_another",
            "search::a_search_that_is_given_up_ends_with_an_error[thread/search/stream]",
            "search::a_search_that_is_given_up_ends_with_an_error[thread/search]",
            "search::a_streamed_search_for_nothing_or_too_much_is_refused",
            "search::a_streamed_search_tells_some_threads_before_its_page",
            "several_clients::every_client_hears_of_a_thread_but_only_its_starter_of_its_turns",
            "several_clients::resuming_a_loaded_thread_subscribes_and_unsubscribing_ends_it",
            "several_clients::what_is_unread_is_told_to_every_client",
            "thread_list::a_filter_that_cannot_be_applied_is_refused[includedThreadIds--0]",
            "thread_list::a_filter_that_cannot_be_applied_is_refused[includedThreadIds--1]",
            "thread_list::the_first_filter_that_cannot_be_applied_is_named",
            "thread_list::threads_are_chosen_by_their_ids_before_pages_are_made",
        )
    ),
    *(
        Difference(f"rollback::{scenario}", "reference", "knows thread/revert in its place since 0.132.0")
        for scenario in (
            "the_last_turns_can_be_rolled_back",
            "a_rollback_outlives_the_server",
            "rolling_back_more_turns_than_there_are_drops_all",
            "a_rollback_is_refused_while_a_turn_runs",
            "a_rollback_of_nothing_is_refused",
        )
    ),
)
