"""Where a known server differs from what a scenario asks, and why.

A scenario says what a client can rely on. A server that is known to do otherwise is listed here with the reason; the
scenario then has to fail on it, and an entry that no longer applies fails the run. Owns the list; read by the plugin.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One scenario that a kind of server does not fulfil."""

    scenario: str
    """`module::function` of the scenario, the module without its package."""
    kind: str
    """`codex-trio` or `reference`."""
    reason: str
    release: str | None = None
    """The only release of that server that it is about; None for every one."""


DIFFERENCES: tuple[Difference, ...] = (
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
    Difference(
        "envelope::a_line_that_is_not_utf_8_is_not_answered_and_does_no_harm",
        "reference",
        "stops reading its input at the first line that is not UTF-8, and stays silent from then on",
    ),
    *(
        Difference(f"envelope::{scenario}", "reference", "takes any number of them, while others wait")
        for scenario in (
            "more_parts_of_input_than_anybody_gives_are_refused",
            "a_list_for_more_providers_than_there_are_is_refused",
        )
    ),
    Difference(
        "fs::a_file_copied_onto_itself_keeps_its_content",
        "reference",
        "answers `{}` to a copy of a file onto itself, and leaves it empty",
    ),
    Difference(
        "fs::a_pipe_is_neither_waited_for_nor_written",
        "reference",
        "waits for ever for a reader of a named pipe that it is to write",
    ),
    Difference(
        "thread::a_threads_history_is_refused_before_its_first_turn",
        "reference",
        "answers clients with experimentalApi with -32601 `list_turns is not supported yet` instead of saying why",
    ),
    Difference(
        "items_read::all_of_a_long_output_is_had_by_reading_the_item",
        "reference",
        "keeps no more than 65,536 bytes of a command's output",
    ),
    Difference(
        "queue::a_message_that_is_taken_up_is_there_once_when_the_server_is_killed",
        "reference",
        "takes a message out of the queue before its turn has stored it, and loses it when it is killed in between",
    ),
    Difference(
        "search::a_term_that_no_text_has_room_for_is_refused_by_its_name",
        "reference",
        "hands the term to a program, and answers with the operating system's error: Argument list too long",
    ),
    Difference(
        "tool::a_plan_is_published_to_the_client",
        "reference",
        "offers update_plan to none of its current models, and tells the model that the call is not supported",
    ),
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
        "transcript::a_recorded_conversation_goes_the_same_way_again[errors-model_http_429_plain]",
        "codex-trio",
        "adds the provider's own words to `exceeded retry limit`",
    ),
    Difference(
        "interrupt::an_interrupt_kills_the_command_that_runs_with_all_its_children",
        "reference",
        "leaves children that made a session of their own running, and completes no item for the command",
    ),
    Difference(
        "interrupt::an_interrupted_command_is_completed_as_failed_and_says_so",
        "reference",
        "completes the item after the turn, and what it says does not tell the interruption from a failure",
    ),
    Difference(
        "background_command::a_command_that_has_ended_is_listed_no_more",
        "reference",
        "says of a command that has ended, and that it lists no more, that it was terminated",
    ),
    *(
        Difference(
            f"shell::programs_on_the_servers_path_are_found_behind_login_files[{sandbox}]",
            "reference",
            "leaves PATH as login files have set it, which on many systems forgets the user's own",
        )
        for sandbox in ("danger-full-access", "read-only")
    ),
    *(
        Difference(
            f"shell::a_script_may_be_longer_than_one_argument[{sandbox}]",
            "reference",
            "passes scripts as arguments, however long: the system refuses one of 128 KiB",
        )
        for sandbox in ("danger-full-access", "workspace-write")
    ),
    Difference(
        "shell::a_script_that_nobody_would_write_is_refused_with_a_way_out",
        "reference",
        "passes scripts as arguments, however long, and tells what the system says of it",
    ),
    Difference(
        "approval::a_declined_command_reads_back_as_it_was_streamed",
        "reference",
        "forgets commands that were declined: the turn reads back without their items",
    ),
    Difference(
        "read_back::a_turn_reads_back_as_it_was_streamed[declined command]",
        "reference",
        "forgets commands that were declined: the turn reads back without their items",
    ),
    *(
        Difference(
            f"sandbox::commands_run_where_a_link_stands_for_settings_and_the_link_stays[{name}]",
            "reference",
            "runs no sandboxed command at all where a link stands in place of .git, .codex or .agents",
        )
        for name in (".git", ".codex", ".agents")
    ),
    Difference(
        "sandbox::neither_commands_nor_patches_write_the_codex_home_in_the_workspace",
        "reference",
        "lets commands write config.toml, rules and auth.json, or move the home, where it lies in a writable folder",
    ),
    Difference(
        "sandbox::a_subfolder_of_a_repository_shows_nothing_that_is_not_there",
        "reference",
        "puts empty .git, .codex, .agents and .aws there for every command, so that tools find no repository above",
    ),
    Difference(
        "sandbox::an_event_loop_is_woken_by_its_threads_without_the_network",
        "reference",
        "refuses send(2) on a socket pair, by which the event loops of Python and others are woken",
    ),
    Difference(
        "turn_settings::workspace_roots_outlive_a_restart_and_end_with_another_environment",
        "reference",
        "falls back to the configured sandbox when it resumes a stored thread: here that is none at all",
    ),
    Difference(
        "settings_update::a_thread_without_an_environment_has_none_after_a_restart",
        "reference",
        "does not store that a thread has no environment: after a restart it may use this machine again",
    ),
    Difference(
        "resume::what_a_running_turn_was_told_outlives_a_killed_server",
        "reference",
        "keeps what a running turn is told in memory until the model can hear it",
    ),
    Difference(
        "drain::a_running_turn_can_be_joined_and_its_question_answered_while_the_server_drains",
        "reference",
        "refuses thread/resume while it drains, so that a question whose clients are gone keeps it waiting for ever",
    ),
    *(
        Difference(
            f"drain::clients_get_the_end_of_the_turn_and_are_told_why_the_connection_ends[{place}]",
            "reference",
            "drops connections without a close frame, mostly before the last messages of the turn are written",
        )
        for place in ("websocket", "unix")
    ),
    *(
        Difference(
            f"trust::starting_a_thread_decides_nothing_about_a_project[{sandbox}]",
            "reference",
            "marks a repository as trusted by itself and obeys the settings in it, as soon as a thread may write there",
        )
        for sandbox in ("workspace-write", "danger-full-access")
    ),
    Difference(
        "trust::a_request_cannot_trust_the_project_that_it_starts_a_thread_in",
        "reference",
        "takes trust from the request that starts the thread",
    ),
    *(
        Difference(
            f"trust::settings_that_a_sandboxed_command_wrote_have_no_effect[{place}]",
            "reference",
            "obeys settings that a sandboxed command wrote into a folder of a trusted project",
        )
        for place in ("a folder of the workspace", "a folder of a folder above")
    ),
    Difference(
        "context::a_projects_instructions_that_lead_out_of_it_are_not_sent",
        "reference",
        "follows an AGENTS.md that is a link, so that a repository can send any file of the user to the model",
    ),
    *(
        Difference(f"patch::a_patch_changes_nothing_else_in_a_file[{what}]", "reference", reason)
        for what, reason in (
            ("byte order mark", "takes a byte order mark for a part of the first line, which then is not found"),
            ("no newline at the end", "adds a newline to the end of every file that it changes"),
            ("line endings around", "ends new lines as the first line of the file, whatever those around them have"),
        )
    ),
    Difference(
        "patch::a_moved_file_keeps_its_mode",
        "reference",
        "makes a new file with the usual mode at the new place",
    ),
    Difference(
        "patch::a_file_that_is_no_text_can_be_deleted",
        "reference",
        "reads files as text before it deletes them",
    ),
    *(
        Difference(
            f"patch::a_named_pipe_is_not_taken_for_a_file[{how}]",
            "reference",
            "opens a named pipe to write to it, and waits for a reader",
        )
        for how in ("add", "move")
    ),
    Difference(
        "patch::a_patch_behind_a_cd_into_nowhere_is_refused",
        "reference",
        "makes the folder that the `cd` would have failed for",
    ),
    Difference(
        "pipelining::every_one_of_many_pipelined_requests_is_answered_once",
        "reference",
        "drops some requests without an answer when thousands come at once",
    ),
    Difference(
        "approval::files_may_be_removed_by_force_where_everything_is_switched_off",
        "reference",
        "refuses `rm -rf build` to those who have switched off both the sandbox and all questions",
    ),
    Difference(
        "several_clients::a_client_that_was_not_asked_cannot_answer",
        "reference",
        "takes the answer to a question from any connection that guesses its number",
    ),
    Difference(
        "thread_list::threads_whose_files_say_oddly_where_they_come_from_are_listed_like_others",
        "reference",
        "leaves a thread out of every list when its file says of no known form where it comes from",
    ),
    Difference(
        "envelope::errors_repeat_long_values_in_part_only", "reference", "repeats whole what it refuses, megabytes too"
    ),
    Difference(
        "odd_items::text_that_only_comes_as_a_finished_part_is_the_answer",
        "reference",
        "drops text that comes neither in deltas nor in an item",
    ),
    Difference(
        "odd_items::a_picture_that_the_provider_made_is_shown_read_back_and_sent_on",
        "reference",
        "shows nothing of a picture that it did not offer to make",
    ),
    Difference(
        "odd_items::an_item_of_an_unknown_kind_is_told_of_where_it_is_all_that_comes",
        "reference",
        "ends the turn without a word",
    ),
    *(
        Difference(f"rules::{scenario}", "reference", "sees the commands of scripts of nothing but plain words only")
        for scenario in (
            "a_forbidden_command_does_not_run_however_the_script_around_it_is_written",
            "a_command_is_asked_about_however_the_script_around_it_is_written",
            "commands_that_a_script_hides_are_asked_about",
        )
    ),
    *(
        Difference(f"rules::{scenario}", "reference", "goes on without any rules when a file of them cannot be used")
        for scenario in (
            "no_thread_is_loaded_without_the_rules_of_a_broken_file",
            "a_turn_is_refused_while_a_rules_file_is_broken_and_begins_when_it_is_mended",
            "the_place_of_a_bracket_that_stays_open_is_the_end_of_the_file",
        )
    ),
    *(
        Difference(
            f"rules::{scenario}", "reference", "takes any absolute path, and any repository, for what a rule allows"
        )
        for scenario in (
            "a_rule_does_not_let_a_program_of_the_workspace_leave_the_sandbox",
            "a_rule_does_not_let_a_repository_made_by_a_command_leave_the_sandbox",
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
            ("thread::work_on_an_unknown_thread_is_refused[thread/shellCommand]", "thread/shellCommand"),
            ("transcript::a_recorded_conversation_goes_the_same_way_again[errors-envelope]", "memory/reset"),
            ("transcript::a_recorded_conversation_goes_the_same_way_again[errors-no_experimental]", "thread/goal/get"),
        )
    ),
    Difference(
        "elicitation_count::the_end_of_a_quick_call_is_told_meanwhile_too",
        "reference",
        "tells the end of a command that ended before its call gave up waiting only when the question was answered",
    ),
    Difference(
        "sections::every_client_hears_of_the_threads_whose_section_was_changed_or_removed",
        "reference",
        "tells nobody of a section that was renamed or removed, so that other clients go on showing what was",
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
    Difference(
        "client_command::a_program_that_a_sandboxed_command_does_not_find_is_named",
        "reference",
        "answers a sandboxed command whose program there is not with 101 and what its helper says as it breaks",
    ),
)
