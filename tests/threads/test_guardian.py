"""The automatic reviewer of a thread: how long it waits, what is told of reviews, and when nothing is allowed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock

from codex_trio.config.requirements import Requirements
from codex_trio.engine import events
from codex_trio.sandbox.policy import DangerFullAccess, ReadableParts, ReadOnly, SandboxLimits, WorkspaceWrite
from codex_trio.state.rollout.lines import SessionMeta
from codex_trio.threads.guardian.conversation import ConversationFailed, instructions_of, reading_only
from codex_trio.threads.guardian.reviewer import REVIEW_SECONDS, AutomaticReviewer, ReviewFailed
from codex_trio.tools.review import CommandQuestion, McpCallQuestion, PatchQuestion, ReviewOutcome

ALLOW, DENY = '{"outcome": "allow"}', '{"outcome": "deny", "rationale": "no"}'
PLACE: Any = {"turn_id": "turn", "item_id": "item", "started_ms": 1}
COMMAND = CommandQuestion(
    **PLACE, command=["ls"], cwd="/", environment_id="local", parsed_cmd=[], reason=None, proposed_amendment=None
)
QUESTIONS = {
    "command": COMMAND,
    "apply_patch": PatchQuestion(**PLACE, cwd="/", environment_id="l", files=["/f"], places=["/g"], patch="p"),
    "mcp_tool_call": McpCallQuestion(
        **PLACE, server="s", tool="t", title="T", description="", annotations={}, arguments={}
    ),
}

Script = Callable[[], Awaitable[str]]


class Bench:
    """A reviewer, the scripted words of its model, and what was told."""

    def __init__(self, *words: str | Exception | Script) -> None:
        self.words = list(words)
        self.asked: list[str] = []
        self.told: list[events.Event] = []
        settings = SimpleNamespace(confinement=ReadOnly())
        session = SimpleNamespace(active=None, settings=settings, model_items=self._items)
        recorder = SimpleNamespace(meta=SessionMeta(id="thread", timestamp=""))
        live = SimpleNamespace(id="thread", session=session, recorder=recorder)
        self.reviewer = AutomaticReviewer(cast("Any", live), cast("Any", self), self.told.append)

    async def _items(self) -> tuple[Any, ...]:
        await trio.lowlevel.checkpoint()
        return ()

    async def ask(self, content: list[str], settings: Any, *, on_behalf_of: str | None) -> str:
        """Stand in for the conversation."""
        assert on_behalf_of == "turn"
        self.asked.append("".join(content))
        await trio.lowlevel.checkpoint()
        words = self.words.pop(0)
        if isinstance(words, Exception):
            raise words
        return words if isinstance(words, str) else await words()

    @property
    def statuses(self) -> list[str]:
        return [event.review.status for event in self.told if isinstance(event, events.ApprovalReviewed)]


@pytest.mark.parametrize("kind", QUESTIONS)
async def test_any_request_is_shown_to_the_reviewer_and_told_of(kind: str) -> None:
    bench = Bench(ALLOW)
    decision = await bench.reviewer.decide(QUESTIONS[kind])
    assert decision.outcome is ReviewOutcome.ACCEPTED
    tool = "exec_command" if kind == "command" else kind
    assert f'"tool": "{tool}"' in bench.asked[0]
    first = bench.told[0]
    assert isinstance(first, events.ApprovalReviewed)
    assert first.review.action.__struct_config__.tag == kind
    assert bench.statuses == ["in_progress", "approved"]


async def test_a_reviewer_sees_where_the_paths_of_a_patch_lead() -> None:
    bench = Bench(ALLOW)
    await bench.reviewer.decide(QUESTIONS["apply_patch"])
    assert '"files_with_links_followed": [\n    "/g"\n  ]' in bench.asked[0]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["well"] * 3, 3),
        ([ConversationFailed("the model is down")] * 3, 3),
        ([""], 1),
        ([RuntimeError("a mistake of ours")], 1),
        ([DENY], 1),
    ],
)
async def test_nothing_is_allowed_without_a_verdict_that_says_so(
    autojump_clock: MockClock, words: list[str | Exception], asked: int
) -> None:
    bench = Bench(*words)
    decision = await bench.reviewer.decide(COMMAND)
    assert not decision.accepted
    assert (len(bench.asked), bench.statuses) == (asked, ["in_progress", "denied"])


async def test_a_model_that_says_nothing_sensible_at_first_is_asked_again(autojump_clock: MockClock) -> None:
    bench = Bench("well", ConversationFailed("down"), ALLOW)
    assert (await bench.reviewer.decide(COMMAND)).accepted


async def test_a_review_by_hand_takes_one_attempt() -> None:
    with pytest.raises(ReviewFailed):
        await Bench("well").reviewer.assess(COMMAND, attempts=1)


async def test_a_review_that_takes_too_long_allows_nothing_and_does_not_count_as_a_refusal(
    autojump_clock: MockClock,
) -> None:
    bench = Bench(DENY, DENY, trio.sleep_forever, DENY)
    began = trio.current_time()
    decisions = [await bench.reviewer.decide(COMMAND) for _ in range(4)]
    assert trio.current_time() - began == pytest.approx(REVIEW_SECONDS)
    assert [decision.accepted or decision.ends_turn for decision in decisions] == [False] * 4
    assert bench.statuses[5] == "timed_out"
    assert "timed out after 90 seconds" in decisions[2].reason


async def test_the_third_refusal_ends_the_turn_once_the_model_was_told() -> None:
    bench = Bench(DENY, DENY, DENY)
    decisions = [await bench.reviewer.decide(COMMAND) for _ in range(3)]
    assert [decision.ends_turn for decision in decisions] == [False, False, True]
    assert decisions[2].reason.startswith("This action was rejected due to unacceptable risk.\nReason: no\n")


async def test_a_review_that_nobody_waits_for_is_aborted_and_the_next_one_goes_on() -> None:
    began = trio.Event()

    async def hangs() -> str:
        began.set()
        await trio.sleep_forever()
        raise AssertionError

    bench = Bench(hangs, ALLOW)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.reviewer.decide, COMMAND)
        await began.wait()
        nursery.cancel_scope.cancel()
    assert bench.statuses == ["in_progress", "aborted"]
    assert (await bench.reviewer.decide(COMMAND)).accepted


async def test_reviews_wait_for_one_another_and_each_has_its_own_time(autojump_clock: MockClock) -> None:
    async def slow() -> str:
        await trio.sleep(REVIEW_SECONDS * 0.9)
        return ALLOW

    bench = Bench(slow, slow, slow)
    accepted: list[bool] = []

    async def review() -> None:
        accepted.append((await bench.reviewer.decide(COMMAND)).accepted)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(review)
    assert accepted == [True] * 3


@pytest.mark.parametrize(
    ("allowed", "reading"),
    [
        (DangerFullAccess(), ReadOnly()),
        (WorkspaceWrite(network_access=True, writable_roots=("/w",)), ReadOnly()),
        (
            WorkspaceWrite(limits=SandboxLimits(denied=("/secret",), read_only=("x",), scan_depth=3)),
            ReadOnly(limits=SandboxLimits(denied=("/secret",), scan_depth=3)),
        ),
        (
            ReadOnly(limits=SandboxLimits(readable=ReadableParts(paths=("/docs",), system=True))),
            ReadOnly(limits=SandboxLimits(readable=ReadableParts(paths=("/docs",), system=True))),
        ),
        (
            WorkspaceWrite(writable_roots=("/w",), limits=SandboxLimits(readable=ReadableParts(paths=("/docs",)))),
            ReadOnly(limits=SandboxLimits(readable=ReadableParts(paths=("/docs", ".", "/w")))),
        ),
    ],
)
def test_a_reviewer_reads_what_the_thread_may_read_and_does_nothing_else(allowed: Any, reading: ReadOnly) -> None:
    assert reading_only(allowed) == reading


@pytest.mark.parametrize(
    ("required", "own", "policy"),
    [
        (Requirements(), {}, "Deny what is `critical`"),
        (Requirements(), {"auto_review": {"policy": "Mine."}}, "Mine."),
        (Requirements(review_policy="Theirs."), {"auto_review": {"policy": "Mine."}}, "Theirs."),
        (Requirements(extra_review_policy="Theirs too."), {"auto_review": {"policy": "Mine."}}, "Mine.\n\nTheirs too."),
    ],
)
def test_an_administrators_policy_counts_more_than_the_users(required: Requirements, own: Any, policy: str) -> None:
    told = instructions_of(cast("Any", SimpleNamespace(requirements=required, merged=own)))
    assert policy in told
    assert ("Mine." in told) == (policy.startswith("Mine."))
    assert '"outcome"' in told
