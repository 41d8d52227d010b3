"""Where the reference differs in what it does with files for clients."""

from codex_trio.conformance.differences.difference import Difference

FILES: tuple[Difference, ...] = (
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
    *(
        Difference(f"fs_watch::{scenario}", "reference", f"tells nothing when {what}")
        for scenario, what in (
            ("a_link_that_leads_elsewhere_is_followed", "a watched link is replaced, and goes on with its old target"),
            ("a_folder_on_the_way_that_is_replaced_is_noticed", "a folder above the watched path is replaced"),
            (
                "a_file_is_watched_whatever_happens_to_it",
                "a watched file is removed that had taken another one's place",
            ),
            ("a_name_that_is_no_text_is_told_of_as_far_as_it_is", "the name is not UTF-8"),
        )
    ),
    Difference(
        "fuzzy_search::a_file_that_is_made_later_is_found",
        "reference",
        "lists the files of a session once, and never finds one that is made later",
    ),
    Difference(
        "fuzzy_search::a_session_ends_with_the_client_that_started_it",
        "reference",
        "keeps sessions of clients that are gone, with all that they have listed, until somebody stops them",
    ),
    Difference(
        "fuzzy_search::what_ripgrep_lists_is_found",
        "reference",
        "finds named pipes and folders without files in them too, and takes no notice of `.rgignore`: ripgrep, which "
        "walks for us, lists files alone, and has no option that ends `.rgignore` and not `.ignore` with it",
    ),
    Difference(
        "fuzzy_search::roots_that_are_no_folders_are_named",
        "reference",
        "answers with no files and without a word where a root is missing, as if nothing matched there",
    ),
    Difference(
        "git_diff::new_files_of_the_whole_work_tree_are_told_from_a_folder_in_it",
        "reference",
        "tells new files of the folder alone, and by paths that lead nowhere from the work tree",
    ),
    Difference(
        "git_diff::a_folder_whose_name_is_no_text_can_be_worked_in_by_the_name_that_is_listed",
        "reference",
        "lists names that are not UTF-8 with U+FFFD, and finds nothing under what it lists",
    ),
)
