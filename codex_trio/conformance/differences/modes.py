"""Where the reference differs in reviews, plans and other ways to work in a turn."""

from codex_trio.conformance.differences.difference import Difference

MODES: tuple[Difference, ...] = (
    *(
        Difference(
            f"review::{scenario}",
            "reference",
            "tells the beginning of a review's turn under another id than its answer, its items and its end have",
        )
        for scenario in (
            "a_turn_has_one_id_from_its_answer_to_its_end",
            "a_review_is_stopped_by_the_id_that_its_request_was_answered_with",
        )
    ),
    Difference(
        "review::what_differs_from_a_branch_can_be_reviewed_whatever_git_says_of_it",
        "reference",
        "reports an error where git knows nothing of the branch, and leaves the turn open for ever",
    ),
    Difference(
        "memories::a_summary_that_cannot_be_read_is_told_of_and_costs_no_turn",
        "reference",
        "answers that there is no summary where there is one that cannot be read",
    ),
    Difference(
        "plan_mode::a_question_is_void_when_its_turn_is_stopped",
        "reference",
        "does not tell clients that a question to the user is void when its turn is stopped",
    ),
    Difference(
        "compaction::what_a_model_refuses_to_sum_up_or_has_nothing_to_say_of_stays_as_it_is",
        "reference",
        "takes what the model said last before for the summary where that refuses, or says nothing",
    ),
    Difference(
        "plan_mode::who_answers_in_a_wrong_form_is_told_that_it_counts_for_nothing",
        "reference",
        "takes an answer that does not have its form for none, and says so in its log only",
    ),
    Difference(
        "review::every_item_that_begins_ends",
        "reference",
        "tells that messages of the reviewer begin, and never that they end",
    ),
    Difference(
        "read_back::a_turn_reads_back_as_it_was_streamed[a review]",
        "reference",
        "keeps nothing of a review's beginning, nor of its own question to the reviewer under the id that it has told",
    ),
    Difference(
        "review::what_a_reviewer_uses_counts_and_takes_no_room_in_the_thread",
        "reference",
        "counts nothing of what a reviewer uses, so that a review seems to cost nothing",
    ),
    Difference(
        "review::a_detached_review_runs_in_a_fork_that_its_client_follows",
        "reference",
        "knows reviews in the thread itself only, since 0.169.0",
    ),
)
