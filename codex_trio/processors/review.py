"""Having code reviewed.

Protocol source: `review/start`, release 0.171.0; `delivery: "detached"`, release 0.131.0.
"""

from __future__ import annotations

from functools import partial

from codex_trio_protocol.v2 import review as wire
from codex_trio_protocol.v2.item import UserMessageThreadItem
from codex_trio_protocol.v2.user_input import TextUserInput

from codex_trio.domain.ids import uuid7
from codex_trio.engine import review
from codex_trio.engine.tasks.review import Review
from codex_trio.processors.input_parts import check_size
from codex_trio.processors.notices import Notices
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.processors.thread.load_requests import ThreadLoading
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.threads.live import LiveThread
from codex_trio.threads.loading import ForkSource
from codex_trio.threads.options import ThreadOptions
from codex_trio.wire.events import running_turn
from codex_trio.wire.threads import project_thread


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"review/start": ReviewProcessor(services).start}


class ReviewProcessor:
    """See the module."""

    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._gate = services.gate
        self._loading = ThreadLoading(services)
        self._notices = Notices(services.outgoing)

    async def start(self, params: wire.ReviewStartParams, context: RequestContext) -> wire.ReviewStartResponse:
        """Start a review, in the thread or in a fork of it. A turn that runs in the thread is stopped for it."""
        self._gate.check()
        live = self._threads.loaded.get(parse_thread_id(params.thread_id))
        target = _target(params.target)
        if params.delivery == "detached":
            live = await self._fork(live, context)
        turn_id = uuid7()
        await live.replace_turn(partial(Review, turn_id=turn_id, target=target), context)
        turn = running_turn(turn_id, turn_id, started_at=None)
        turn.items = [UserMessageThreadItem(id=turn_id, content=[TextUserInput(text=target.hint)])]
        return wire.ReviewStartResponse(turn=turn, review_thread_id=live.id)

    async def _fork(self, live: LiveThread, context: RequestContext) -> LiveThread:
        """Return a fork of the thread, which its client has been told of."""
        with self._notices.of_rules(context):
            fork = await self._threads.manager.fork(
                ForkSource(thread_id=live.id), ThreadOptions(), self._loading.origin(context)
            )
        facts = await self._threads.organisation.placed(fork.live.facts)
        self._loading.announce(project_thread(facts), fork.live, context)
        return fork.live


def _target(target: wire.ReviewTarget) -> review.Target:
    """Return what to review, without the space around it. Raises RpcError when it says nothing."""
    match target:
        case wire.UncommittedChangesReviewTarget():
            return review.Uncommitted()
        case wire.BaseBranchReviewTarget():
            return review.Branch(branch=_said("branch", target.branch))
        case wire.CommitReviewTarget():
            title = (target.title or "").strip()
            return review.Commit(sha=_said("sha", target.sha), title=title or None)
        case wire.CustomReviewTarget():
            return review.Custom(instructions=_said("instructions", target.instructions))


def _said(field: str, text: str) -> str:
    said = text.strip()
    if not said:
        raise invalid_request(f"{field} must not be empty")
    check_size(len(said))
    return said
