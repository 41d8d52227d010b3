"""Where the reference differs in what it makes of a model's and a provider's words."""

from codex_trio.conformance.differences.difference import Difference

MODEL: tuple[Difference, ...] = (
    *(
        Difference(
            f"model_error::a_model_error_fails_the_turn_and_says_why[{name}]",
            "reference",
            "keeps the provider's words to itself: high demand, a retry limit or a closed stream is all that it says",
        )
        for name in (
            "http-429",
            "http-500",
            "error-event",
            "error-event-without-type",
            "error-event-by-its-line",
            "failed-with-text",
            "error-with-status-200",
            "page-with-status-200",
        )
    ),
    *(
        Difference(
            f"model_words::an_answer_in_an_odd_form_is_an_answer[{name}]",
            "reference",
            "passes over events of another shape in silence, and the answer with them",
        )
        for name in (
            "only deltas",
            "only with the end",
            "not streamed",
            "a stray byte",
            "half a surrogate",
            "named by their lines",
            "odd usage",
            "no last blank line",
        )
    ),
    Difference(
        "provider_auth::a_command_that_fails_fails_the_turn_and_nothing_is_sent",
        "reference",
        "sends the request without a key where the command that gives it fails",
    ),
    *(
        Difference(
            f"provider_auth::what_cannot_be_sent_fails_the_turn_and_names_the_file[{name}]",
            "reference",
            "sends the request without a header or key that HTTP cannot carry, and without a word",
        )
        for name in ("header", "header of a variable", "key")
    ),
    Difference(
        "provider_auth::where_a_provider_wants_a_login_that_is_not_there_nothing_is_sent",
        "reference",
        "sends the request without a key",
    ),
    *(
        Difference(
            f"provider_auth::an_address_may_have_a_query_and_nothing_else_behind_its_path[{name}]", "reference", reason
        )
        for name, reason in (
            ("?a=b%20c-/v1/responses?a=b%20c", "puts the path behind the query of a `base_url`"),
            ("#x-None", "drops the path of the request where a `base_url` has a fragment"),
        )
    ),
    *(
        Difference(f"provider_auth::an_unusable_setting_is_refused[{name}]", "reference", reason)
        for name, reason in (
            (
                'env_key = ""-provider env_key must be the name of an environment variable',
                "starts threads that cannot have a turn, as no variable has that name",
            ),
            (
                "stream_idle_timeout_ms = 0-invalid value: integer `0`, expected a nonzero u64",
                "gives up every answer that is not there at once",
            ),
        )
    ),
    Difference(
        "provider_auth::what_cannot_be_sent_fails_the_turn_and_names_the_file[no address]",
        "reference",
        "takes a provider without `base_url` for OpenAI's, and waits for that without an end",
    ),
    *(
        Difference(
            f"sealed_compaction::where_the_provider_cannot_the_model_writes_a_summary[{name}]",
            "reference",
            "fails the turn where a provider of that name cannot sum up by itself",
        )
        for name in ("refused", "too-long", "none", "two", "not-sealed", "cut")
    ),
    Difference(
        "sealed_compaction::where_the_provider_cannot_the_model_writes_a_summary[fills-the-window]",
        "reference",
        "goes on from a compaction item that is longer than the window, so that nothing fits beside it",
    ),
    Difference(
        "model_words::a_call_that_only_came_in_pieces_is_made",
        "reference",
        "passes over events of another shape in silence, and the call with them",
    ),
    Difference(
        "model_words::an_event_that_cannot_be_read_fails_the_turn_and_says_so",
        "reference",
        "passes over an event that cannot be read: the turn completes without it",
    ),
    Difference(
        "model_words::what_a_response_used_before_it_was_cut_is_counted[failed]",
        "reference",
        "does not count the tokens of a response that failed",
    ),
    Difference(
        "model_words::a_request_is_sent_on_to_where_the_gateway_points",
        "reference",
        "takes a gateway's own key headers along to another host",
    ),
    Difference(
        "model_words::a_gateway_that_points_in_circles_or_for_get_only_is_named",
        "reference",
        "repeats a request as GET after a 302, and counts circles as a network that is away",
    ),
    Difference(
        "model_words::credentials_in_the_address_are_sent_and_shown_nowhere",
        "reference",
        "shows the user and password of a base_url in errors, rollouts and config/read",
    ),
    *(
        Difference(
            f"model_error::a_request_that_will_be_refused_again_is_not_sent_again[{name}]",
            "reference",
            "sends a request with a wrong key or address again as often as it sends any",
        )
        for name in ("http-401", "http-403", "http-404")
    ),
    Difference(
        "context::a_projects_instructions_that_lead_out_of_it_are_not_sent",
        "reference",
        "follows an AGENTS.md that is a link, so that a repository can send any file of the user to the model",
    ),
    Difference(
        "web_search::a_user_who_wants_no_page_of_today_gets_none",
        "reference",
        "asks for pages of today where commands are not confined, whatever the user says of searches",
    ),
    Difference(
        "context_window::what_the_user_said_outlives_a_new_context",
        "reference",
        "lets a model forget what its user wants of it in the middle of the work",
    ),
    Difference(
        "odd_items::text_that_only_comes_as_a_finished_part_is_the_answer",
        "reference",
        "drops text that comes neither in deltas nor in an item",
    ),
    *(
        Difference(scenario, "reference", "shows nothing of a picture that it did not offer to make")
        for scenario in (
            "odd_items::a_picture_that_the_provider_made_is_shown_read_back_and_sent_on",
            "read_back::a_turn_reads_back_as_it_was_streamed[a picture that was made]",
        )
    ),
    Difference(
        "odd_items::an_item_of_an_unknown_kind_is_told_of_where_it_is_all_that_comes",
        "reference",
        "ends the turn without a word",
    ),
    Difference(
        "odd_items::a_provider_that_numbers_ids_anew_in_each_response_loses_nothing",
        "reference",
        "keys items by the provider's ids: of those that share one, only the last is read back; requests repeat ids",
    ),
    Difference(
        "odd_items::calls_under_names_that_are_none_do_not_spoil_later_requests",
        "reference",
        "drops a call without a call id in silence, and sends names and ids back that providers refuse",
    ),
    Difference(
        "odd_items::arguments_that_are_none_are_told_to_the_model_and_not_repeated",
        "reference",
        "sends arguments back that are no JSON object, which strict providers refuse, and drops calls whose are null",
    ),
    Difference(
        "odd_items::an_object_in_place_of_arguments_is_taken_as_meant",
        "reference",
        "drops a call with an object in place of its arguments in silence",
    ),
    Difference(
        "odd_items::a_message_that_is_never_said_to_be_done_is_what_was_read_of_it",
        "reference",
        "forgets a message that was streamed when the provider does not say that it is done",
    ),
    Difference(
        "pictures::a_pipe_or_a_device_in_place_of_a_picture_is_an_error",
        "reference",
        "waits for ever for a named pipe that the user gives as a picture",
    ),
    Difference(
        "pictures::a_picture_that_the_provider_refuses_is_left_out_from_then_on[spoken of]",
        "reference",
        "sends a picture that the provider refused again with every later turn, which fails for it",
    ),
    Difference(
        "pictures::a_picture_that_the_provider_refuses_is_left_out_from_then_on[not spoken of]",
        "reference",
        "sends a picture that the provider refused again with every later turn, which fails for it",
    ),
)
