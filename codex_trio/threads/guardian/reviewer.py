"""The automatic reviewer of one thread: has a model assess what is asked for, and decides by its verdict.

Owns how often it asks, how long it waits, what clients are told of reviews, and what the thread's model is told of a
refusal. Whatever goes wrong, nothing is allowed. Does not own the conversation with the model (conversation.py), or the
words of it (engine/guardian).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence

import msgspec
import trio

from codex_trio.domain.approval_reviews import ApprovalReview, Assessment
from codex_trio.engine import events
from codex_trio.engine.guardian.breaker import Breaker
from codex_trio.engine.guardian.prompt import ActionTooLong, Evidence, review_prompt
from codex_trio.engine.guardian.transcript import entries_of, shown
from codex_trio.engine.guardian.verdict import BadVerdict, read_verdict
from codex_trio.engine.lineage import lineage_of
from codex_trio.engine.response_items import ResponseItem
from codex_trio.sandbox.policy import limits_of
from codex_trio.threads.guardian.conversation import Conversation, ConversationFailed
from codex_trio.threads.live import LiveThread
from codex_trio.tools.review import ApprovalQuestion, ReviewDecision, ReviewOutcome
from codex_trio.util.clock import now_ms
from codex_trio.util.visible import with_unseen

_log = logging.getLogger(__name__)

REVIEW_SECONDS = 90.0
"""How long one review may take, all its attempts together (0.171.0)."""

ATTEMPTS = 3
"""How often a model is asked that gives no verdict (0.171.0)."""

_PAUSE_SECONDS = 0.1
_SHORT_HISTORY = 40
_MOST_RATIONALE = 2_000

NO_ASSESSMENT = "guardian review completed without an assessment payload"
_REFUSED = (
    "This action was rejected due to unacceptable risk.\nReason: {}\nDo not try to get the same done in another way, "
    "by a detour or by weakening what prevented it. Go on with something that is clearly safer, or stop, tell the user "
    "what the risk is, and go on when they have allowed it."
)
_FAILED = (
    "{}\nThe action was not carried out, since nobody could review it. That says nothing of its risk. Do not get "
    "around the review; mend what made it fail, or ask the user what to do."
)
_TIMED_OUT = "Automatic approval review timed out after {:g} seconds."


class ReviewFailed(Exception):
    """There is no verdict; the text says why."""


class ReviewTimedOut(ReviewFailed):
    """The review took too long."""


class AutomaticReviewer:
    """Reviews one request at a time. `emit` tells clients."""

    is_person = False

    def __init__(self, live: LiveThread, conversation: Conversation, emit: Callable[[events.Event], None]) -> None:
        self._live = live
        self._conversation = conversation
        self._emit = emit
        self._breaker = Breaker()
        self._one_at_a_time = trio.Lock()
        self._read: Sequence[ResponseItem] = ()
        """What of the thread's history the reviewing model has read."""

    async def decide(self, question: ApprovalQuestion) -> ReviewDecision:
        review = ApprovalReview(
            id=str(uuid.uuid4()),
            turn_id=question.turn_id,
            target_item_id=question.target_item_id,
            action=question.action,
            started_ms=now_ms(),
        )
        self._emit(events.ApprovalReviewed(turn_id=question.turn_id, review=review))
        try:
            assessment = await self.assess(question, attempts=ATTEMPTS)
        except ReviewFailed as failure:
            return self._not_reviewed(review, failure)
        except BaseException:
            self._close(msgspec.structs.replace(review, status="aborted"))
            raise
        return self._reviewed(review, assessment)

    async def assess(self, question: ApprovalQuestion, *, attempts: int) -> Assessment:
        """Return the verdict of the reviewing model, which is asked again so often. Raises ReviewFailed."""
        async with self._one_at_a_time:
            with trio.move_on_after(REVIEW_SECONDS):
                try:
                    return await self._assess(question, attempts)
                except ReviewFailed:
                    raise
                except Exception as error:
                    _log.exception("the review of %s broke", question.item_id)
                    raise ReviewFailed(f"internal error: {error}") from error
            self._read = ()
            raise ReviewTimedOut(_TIMED_OUT.format(REVIEW_SECONDS))

    async def _assess(self, question: ApprovalQuestion, attempts: int) -> Assessment:
        failure = ReviewFailed(NO_ASSESSMENT)
        for attempt in range(attempts):
            if attempt:
                await trio.sleep(_PAUSE_SECONDS * attempt)
            try:
                words = await self._ask(question)
                if not words.strip():
                    raise ReviewFailed(NO_ASSESSMENT)
                return read_verdict(words)
            except ActionTooLong as error:
                raise ReviewFailed(str(error)) from error
            except BadVerdict as error:
                failure = ReviewFailed(str(error))
            except ConversationFailed as error:
                # It may have read nothing of what it was told.
                self._read = ()
                failure = ReviewFailed(str(error))
        raise failure

    async def _ask(self, question: ApprovalQuestion) -> str:
        session = self._live.session
        settings = (session.active or session).settings
        items = await session.model_items()
        limits = limits_of(settings.confinement)
        known = len(self._read)
        is_addition = 0 < known <= len(items) and items[known - 1] is self._read[-1]
        of_agent = lineage_of(self._live.recorder.meta).parent_thread_id is not None

        def prompt() -> list[str]:
            entries = entries_of(items, of_agent=of_agent)
            seen = len(entries_of(items[:known], of_agent=of_agent)) if is_addition else 0
            evidence = Evidence(
                thread_id=self._live.id,
                conversation=shown(entries[seen:]),
                is_addition=is_addition,
                denied=() if limits is None else limits.denied,
            )
            return review_prompt(question.planned, evidence)

        # A long conversation takes a while to be written out.
        content = prompt() if len(items) <= _SHORT_HISTORY else await trio.to_thread.run_sync(prompt)
        self._read = items
        return await self._conversation.ask(content, settings, on_behalf_of=question.turn_id or None)

    def _reviewed(self, review: ApprovalReview, assessment: Assessment) -> ReviewDecision:
        refused = assessment.outcome == "deny"
        word = "denied" if refused else "approved"
        rationale = with_unseen(assessment.rationale[:_MOST_RATIONALE])
        self._warn(
            f"Automatic approval review {word} (risk: {assessment.risk_level}, authorization: "
            f"{assessment.user_authorization}): {rationale}"
        )
        self._close(
            msgspec.structs.replace(
                review,
                status=word,
                risk_level=assessment.risk_level,
                user_authorization=assessment.user_authorization,
                rationale=rationale,
            )
        )
        tripped = self._breaker.note(review.turn_id, refused=refused)
        if tripped is not None:
            self._warn(tripped)
        if not refused:
            return ReviewDecision(outcome=ReviewOutcome.ACCEPTED)
        return ReviewDecision(
            outcome=ReviewOutcome.DECLINED, reason=_REFUSED.format(rationale), ends_turn=tripped is not None
        )

    def _not_reviewed(self, review: ApprovalReview, failure: ReviewFailed) -> ReviewDecision:
        is_late = isinstance(failure, ReviewTimedOut)
        text = with_unseen(str(failure)[:_MOST_RATIONALE])
        text = text if is_late else f"Automatic approval review failed: {text}"
        self._breaker.note(review.turn_id, refused=False)
        self._warn(text)
        self._close(msgspec.structs.replace(review, status="timed_out" if is_late else "denied", rationale=text))
        return ReviewDecision(outcome=ReviewOutcome.DECLINED, reason=_FAILED.format(text))

    def _warn(self, message: str) -> None:
        self._emit(events.GuardianWarning(message=message))

    def _close(self, review: ApprovalReview) -> None:
        review = msgspec.structs.replace(review, completed_ms=now_ms())
        self._emit(events.ApprovalReviewed(turn_id=review.turn_id, review=review))
