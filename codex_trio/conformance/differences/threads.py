"""Where the reference differs in threads, their history, their clients and the protocol's envelope."""

from codex_trio.conformance.differences.difference import Difference

THREADS: tuple[Difference, ...] = (
    Difference(
        "realtime::sound_that_is_none_is_refused",
        "reference",
        "passes on to the realtime server whatever a client says is sound",
    ),
    Difference(
        "memory_making::the_agent_that_writes_the_summary_can_write_nowhere_else",
        "reference",
        "gives the agent that brings memories together the user's own rights: with full access, those to everything",
    ),
    Difference(
        "envelope::a_line_that_is_not_utf_8_is_not_answered_and_does_no_harm",
        "reference",
        "stops reading its input at the first line that is not UTF-8, and stays silent from then on",
    ),
    Difference(
        "diagnostics::what_confines_commands_is_told",
        "reference",
        "says nothing of the sandbox in `server/diagnostics`",
    ),
    *(
        Difference(f"envelope::{scenario}", "reference", "takes any number of them, while others wait")
        for scenario in (
            "more_parts_of_input_than_anybody_gives_are_refused",
            "a_list_for_more_providers_than_there_are_is_refused",
        )
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
        "read_back::a_turn_reads_back_as_it_was_streamed[declined command]",
        "reference",
        "forgets commands that were declined: the turn reads back without their items",
    ),
    Difference(
        "turn_settings::workspace_roots_outlive_a_restart_and_end_with_another_environment",
        "reference",
        "falls back to the configured sandbox when it resumes a stored thread: here that is none at all",
    ),
    Difference(
        "environments::a_thread_works_where_its_client_says_also_after_a_restart",
        "reference",
        "does not store where a thread works: after a restart it goes on where new threads do, here on this machine",
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
    Difference(
        "pipelining::every_one_of_many_pipelined_requests_is_answered_once",
        "reference",
        "drops some requests without an answer when thousands come at once",
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
        "sections::every_client_hears_of_the_threads_whose_section_was_changed_or_removed",
        "reference",
        "tells nobody of a section that was renamed or removed, so that other clients go on showing what was",
    ),
    Difference(
        "goals::a_model_that_does_nothing_is_not_asked_for_ever",
        "reference",
        "begins one turn after the other for as long as the model answers: only a budget ends that",
    ),
    Difference(
        "goals::an_interrupted_goal_waits_for_its_user_also_after_a_restart",
        "reference",
        "leaves the goal active when its turn is interrupted, and takes it up again by itself after a restart",
    ),
)
