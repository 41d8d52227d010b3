"""Sessions that work for the server itself: nobody follows them, answers them or brings anything along.

Owns what such a session is made of. Does not own what it is for (guardian, memories), nor where it is recorded.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import trio

from codex_trio.config.settings import EffectiveConfig
from codex_trio.engine.project_docs import ProjectDocs
from codex_trio.engine.session.companion import Companions
from codex_trio.engine.session.services import EngineServices, Listener, ThreadServices, no_extensions
from codex_trio.engine.session.session import Session
from codex_trio.engine.settings import ThreadSettings
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.thread import ThreadUse, open_thread_environments
from codex_trio.execpolicy.decision import CommandPolicy, ConfinedPolicy
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.tools.registry import OfferedTools, ToolOffer
from codex_trio.tools.review import ApprovalQuestion, ReviewDecision, ReviewOutcome
from codex_trio.util.stoppable_clock import StoppableClock


@asynccontextmanager
async def open_unattended(
    recorder: ThreadRecorder,
    settings: ThreadSettings,
    *,
    engine: EngineServices,
    environments: EnvironmentManager,
    config: EffectiveConfig,
    policy: CommandPolicy,
    tools: Callable[[ToolOffer], OfferedTools],
    listener: Listener,
    declines_because: str,
) -> AsyncGenerator[Session]:
    """Provide a session that ends, with all that it has running, with the block.

    What would be asked of a person is declined, for that reason. No rule in `policy` takes a command out of the
    sandbox: what such a session reads was written by others.
    """
    clock = StoppableClock()
    use = ThreadUse(thread_id=recorder.meta.id, variables=config.shell_environment_policy, clock=clock)
    async with trio.open_nursery() as nursery, open_thread_environments(environments, use) as opened:
        yield Session(
            thread_id=recorder.meta.id,
            settings=settings,
            usage=None,
            services=engine,
            thread=ThreadServices(
                recorder=recorder,
                environments=opened,
                policy=ConfinedPolicy(policy),
                approver=_Nobody(declines_because),
                nursery=nursery,
                tools=tools,
                tools_settled=trio.lowlevel.checkpoint,
                companions=Companions(),
                memories=_none,
                project_docs=_no_docs,
                extensions=no_extensions,
                config=config,
                clock=clock,
            ),
            listener=listener,
            raw_items=False,
        )
        nursery.cancel_scope.cancel()


class _Nobody:
    """Declines."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def hold(self, item_id: str) -> None:
        pass

    def release(self, item_id: str) -> None:
        pass

    async def ask(self, question: ApprovalQuestion) -> ReviewDecision:
        await trio.lowlevel.checkpoint()
        return ReviewDecision(outcome=ReviewOutcome.DECLINED, reason=self._reason)

    async def review(self, question: ApprovalQuestion) -> ReviewDecision:
        return await self.ask(question)


async def _none() -> str | None:
    await trio.lowlevel.checkpoint()
    return None


async def _no_docs(_settings: ThreadSettings) -> ProjectDocs:
    await trio.lowlevel.checkpoint()
    return ProjectDocs(text=None, sources=(), warnings=())
