"""Automatic reviews of approval requests, as clients ask for them and overrule them.

Protocol source: `thread/guardianReview`, `thread/approveGuardianDeniedAction`, release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from codex_trio_protocol.v2 import guardian as wire

from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.processors.thread.load_requests import ThreadLoading
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error
from codex_trio.threads.guardian.by_hand import allow_denied, judge_last_call
from codex_trio.threads.guardian.reviewer import ReviewFailed
from codex_trio.wire.guardian import assessment_to_wire


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = GuardianProcessor(services)
    return {"thread/guardianReview": processor.review, "thread/approveGuardianDeniedAction": processor.approve}


class GuardianProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._gate = services.gate
        self._loading = ThreadLoading(services)

    def review(
        self, params: wire.ThreadGuardianReviewParams, context: RequestContext
    ) -> Coroutine[Any, Any, wire.ThreadGuardianReviewResponse]:
        """Judge the last call in a thread's history, and follow the thread from now on."""
        self._gate.check()
        return self._review(params, context)

    async def _review(
        self, params: wire.ThreadGuardianReviewParams, context: RequestContext
    ) -> wire.ThreadGuardianReviewResponse:
        live = self._threads.loaded.get(parse_thread_id(params.thread_id))
        live.subscribe(self._loading.origin(context).subscriber)
        try:
            judged = await judge_last_call(live)
        except ReviewFailed as failure:
            raise internal_error(
                f"Guardian review failed: Fatal error: Guardian assessment failed: {failure}"
            ) from failure
        return wire.ThreadGuardianReviewResponse(
            call_id=judged.call_id, assessment=assessment_to_wire(judged.assessment)
        )

    async def approve(
        self, params: wire.ThreadApproveGuardianDeniedActionParams, _context: RequestContext
    ) -> wire.ThreadApproveGuardianDeniedActionResponse:
        """Tell the model that the user allows an action that was refused; nothing runs by this."""
        await allow_denied(self._threads.loaded.get(parse_thread_id(params.thread_id)), params.event)
        return wire.ThreadApproveGuardianDeniedActionResponse()
