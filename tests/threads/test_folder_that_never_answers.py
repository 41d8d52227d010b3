"""A folder on a mount that answers no more keeps nobody waiting for ever."""

import threading
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from codex_trio.config.settings import EffectiveConfig
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.loading import CONFIG_SECONDS, answering
from codex_trio.threads.options import ThreadOptions


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other, and is set on where time is to pass."""
    return MockClock(rate=1.0)


async def test_the_configuration_of_a_folder_that_never_answers_is_an_error_in_time(clock: MockClock) -> None:
    asked, release = threading.Event(), threading.Event()

    def load(_folder: Path, _overrides: object, *, typed: object) -> EffectiveConfig:
        asked.set()
        release.wait(60)
        raise AssertionError

    async def wait_and_jump() -> None:
        assert await trio.to_thread.run_sync(asked.wait, 20)
        clock.jump(CONFIG_SECONDS)

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_and_jump)
            with pytest.raises(ThreadError, match="the folder `/dead` did not answer within 10 seconds"):
                await answering(load, Path("/dead"), ThreadOptions())
    finally:
        release.set()
