"""Where the reference differs in what it lets commands and patches do, and in how they run and end."""

from codex_trio.conformance.differences.difference import Difference

COMMANDS: tuple[Difference, ...] = (
    Difference(
        "client_command::text_whose_last_character_was_cut_off_stays_what_it_was",
        "reference",
        "takes a text in UTF-8 for one in another encoding, from its first line on, once the cap of its output has cut "
        "a character",
    ),
    Difference(
        "guardian::a_verdict_stands_alone",
        "reference",
        "finds a verdict among other words, whatever these say of it",
    ),
    Difference(
        "guardian::an_interrupted_turn_ends_its_review_and_says_so",
        "reference",
        "never tells that a review is over which ended with its turn",
    ),
    Difference(
        "guardian::what_a_reviewer_was_told_of_a_thread_is_deleted_with_the_thread",
        "reference",
        "keeps the reviewer's thread, with what it holds of the deleted one",
    ),
    Difference(
        "notify::the_users_program_is_told_what_the_turn_was_asked_and_not_the_turns_before",
        "reference",
        "tells its program all that the user said in the thread, after a compaction also the summary",
    ),
    Difference(
        "sandbox::no_words_of_a_command_have_anybody_asked_to_run_it_without_the_sandbox",
        "reference",
        "asks under a granular policy to run a command again without the sandbox that says `Permission denied` or the "
        "like and fails within about 150 ms: any program can say so, and what it had done is done twice; here the "
        "model is told, and asks with `require_escalated` where it needs to",
        is_certain=False,
    ),
    Difference(
        "permissions::a_client_can_grant_less_than_was_asked_for_but_not_more",
        "reference",
        "lets a client that was asked for a folder grant what stays protected in it, such as `.git`",
    ),
    Difference(
        "permissions::nobody_is_asked_to_agree_to_what_no_command_may_do",
        "reference",
        "asks for paths that lead nowhere or are too long to be any, and lets its own home be written",
    ),
    Difference(
        "guardian::a_denial_may_be_given_back_as_it_was_told",
        "reference",
        "refuses its own words of a review, and takes only those in which it stores one",
    ),
    Difference(
        "tool::a_plan_is_published_to_the_client",
        "reference",
        "offers update_plan to none of its current models, and tells the model that the call is not supported",
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
        "user_shell::an_interrupted_command_is_ended_with_all_that_it_started",
        "reference",
        "leaves running what the command has started in the background",
    ),
    *(
        Difference(
            f"user_shell::what_is_said_during_a_command_is_answered_after_it[{method}]",
            "reference",
            "takes up what is said while a command of the user runs, and leaves it unanswered",
        )
        for method in ("turn/steer", "turn/start")
    ),
    Difference(
        "client_process::the_configured_variables_are_what_a_process_sees",
        "reference",
        "gives a process of the client all of its own variables, whatever shell_environment_policy says",
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
        "approval::the_same_command_called_three_times_at_once_is_asked_about_once_a_session",
        "reference",
        "asks again about each call that was made before the answer, though that holds for the session",
        is_certain=False,
    ),
    Difference(
        "approval::a_declined_command_reads_back_as_it_was_streamed",
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
        "network::a_host_is_asked_about_once_for_all_who_want_it",
        "reference",
        "asks about hosts where an administrator limits them, and not where a permission profile does",
    ),
    Difference(
        "sandbox::an_event_loop_is_woken_by_its_threads_without_the_network",
        "reference",
        "refuses send(2) on a socket pair, by which the event loops of Python and others are woken",
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
        "approval::files_may_be_removed_by_force_where_everything_is_switched_off",
        "reference",
        "refuses `rm -rf build` to those who have switched off both the sandbox and all questions",
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
    Difference(
        "elicitation_count::the_end_of_a_quick_call_is_told_meanwhile_too",
        "reference",
        "tells the end of a command that ended before its call gave up waiting only when the question was answered",
    ),
    Difference(
        "client_command::a_program_that_a_sandboxed_command_does_not_find_is_named",
        "reference",
        "answers a sandboxed command whose program there is not with 101 and what its helper says as it breaks",
    ),
)
