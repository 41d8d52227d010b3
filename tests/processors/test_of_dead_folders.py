"""A folder on a mount that answers no more: whoever names it is told so in time, and nobody else waits."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import trio
from codex_trio_protocol import decoding
from codex_trio_protocol.table import CLIENT_REQUESTS
from processor_lab import NotingOutgoing, made
from trio.testing import MockClock

from codex_trio.config.service import ConfigService
from codex_trio.config.sources import Sources
from codex_trio.processors import config, config_writes, features
from codex_trio.processors.services import WorkServices
from codex_trio.rpc.errors import RpcError

DEAD = Path("/dead")


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other, and is set on where time is to pass."""
    return MockClock(rate=1.0)


class DeadFolder(ConfigService):
    """Reads everything but one folder, which never answers."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, environ={}, system_dir=home / "system", cwd=home)
        self.asked, self.release = threading.Event(), threading.Event()

    def sources(self, cwd: Path | None, overrides: Mapping[str, Any] | None = None) -> Sources:
        if cwd == DEAD:
            self.asked.set()
            self.release.wait(60)
        return super().sources(cwd, overrides)


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("config/read", "failed to read configuration layers: the folder `/dead` did not answer within 10 seconds"),
        ("permissionProfile/list", "failed to load configuration: the folder `/dead` did not answer within 10 seconds"),
    ],
)
async def test_a_folder_that_never_answers_is_an_error_in_time(
    clock: MockClock, tmp_path: Path, method: str, said: str
) -> None:
    service = DeadFolder(tmp_path)
    services = made(WorkServices, config=service, outgoing=NotingOutgoing(), threads=_NoThreads())
    handler = {**config.handlers(services), **features.handlers(services)}[method]

    def params(cwd: Path) -> Any:
        return decoding.convert({"cwd": str(cwd)}, CLIENT_REQUESTS[method].params_type())

    async def others_are_served() -> None:
        assert await trio.to_thread.run_sync(service.asked.wait, 20)
        await cast("Any", handler(params(tmp_path), cast("Any", None)))
        clock.jump(10)

    try:
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(others_are_served)
                with pytest.raises(RpcError) as caught:
                    await cast("Any", handler(params(DEAD), cast("Any", None)))
        assert caught.value.message == said
    finally:
        service.release.set()


class _NoThreads:
    loaded = None


async def test_a_write_that_never_ends_is_an_error_in_time(clock: MockClock) -> None:
    asked, release = threading.Event(), threading.Event()

    def write() -> bool:
        asked.set()
        return release.wait(60)

    async def jump() -> None:
        assert await trio.to_thread.run_sync(asked.wait, 20)
        clock.jump(30)

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(jump)
            with pytest.raises(RpcError, match="could not be written within 30 seconds"):
                await config_writes.written(write)
    finally:
        release.set()
