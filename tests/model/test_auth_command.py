"""Keys that a command gives: when it runs, and what its user is told when it gives none."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from codex_trio.config.providers import AuthCommand
from codex_trio.conformance.processes import wait_gone
from codex_trio.model.auth_command import AuthCommands, CommandKey
from codex_trio.model.errors import ModelError

ENVIRON = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other, and can be set on."""
    return MockClock(rate=1.0)


def key_of(script: str, *, cwd: Path | None = None, timeout_ms: int = 60_000, refresh_ms: int = 300_000) -> CommandKey:
    """Return the key that a script prints."""
    folder = None if cwd is None else str(cwd)
    command = AuthCommand(
        command="sh", args=("-c", script), cwd=folder, timeout_ms=timeout_ms, refresh_interval_ms=refresh_ms
    )
    return AuthCommands(ENVIRON, folder=Path("/")).key_of(command)


COUNTING = "echo x >> runs; wc -l < runs"


async def test_a_key_is_kept_as_long_as_it_is_said_to_be_good(tmp_path: Path, clock: MockClock) -> None:
    key = key_of(COUNTING, cwd=tmp_path)
    assert [await key.current() for _ in range(3)] == ["1", "1", "1"]
    clock.jump(299)
    assert await key.current() == "1"
    clock.jump(2)
    assert await key.current() == "2"


async def test_without_an_interval_a_key_is_good_until_it_is_refused(tmp_path: Path, clock: MockClock) -> None:
    key = key_of(COUNTING, cwd=tmp_path, refresh_ms=0)
    assert await key.current() == "1"
    clock.jump(1e9)
    assert [await key.current(), await key.after_refusal("1"), await key.current()] == ["1", "2", "2"]


async def test_a_refused_key_is_asked_for_anew_once_for_all_who_had_it(tmp_path: Path, clock: MockClock) -> None:
    key = key_of(COUNTING, cwd=tmp_path)
    assert await key.current() == "1"
    got: list[str] = []

    async def refused() -> None:
        got.append(await key.after_refusal("1"))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(refused)
    assert got == ["2"] * 5


async def test_a_command_that_fails_is_run_once_for_all_who_wait_for_it(tmp_path: Path) -> None:
    key = key_of("echo x >> runs; exit 1", cwd=tmp_path)
    told: list[str] = []

    async def ask() -> None:
        with pytest.raises(ModelError) as caught:
            await key.current()
        told.append(caught.value.message)

    for runs in (1, 2):
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
        assert (tmp_path / "runs").read_text() == "x\n" * runs
    assert ["failed with status 1" in message for message in told] == [True] * 10


async def test_providers_with_the_same_command_share_its_key() -> None:
    keys = AuthCommands(ENVIRON, folder=Path("/"))
    one, same, other = (keys.key_of(AuthCommand(command=name)) for name in ("a", "a", "b"))
    assert one is same
    assert one is not other


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo who are you >&2; exit 3", "failed with status 3: who are you"),
        ("kill -9 $$", "failed with status -9"),
        ("echo", "printed no key"),
        ("printf 'one\\ntwo'", "printed nothing that can be a key"),
        ("head -c 65537 /dev/zero | tr '\\0' a", "printed more than 64 KiB"),
    ],
)
async def test_a_command_that_gives_no_key_is_named_with_the_reason(script: str, told: str) -> None:
    with pytest.raises(ModelError) as caught:
        await key_of(script).current()
    assert told in caught.value.message
    assert "`auth` of the provider" in caught.value.message
    assert caught.value.info.kind == "unauthorized"


async def test_a_command_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match="`no-such-command`, could not be run"):
        await AuthCommands(ENVIRON, folder=Path("/")).key_of(AuthCommand(command="no-such-command")).current()


async def test_a_command_runs_in_the_servers_folder_or_its_own_and_a_missing_one_is_named(tmp_path: Path) -> None:
    keys = AuthCommands(ENVIRON, folder=tmp_path)
    assert await keys.key_of(AuthCommand(command="pwd")).current() == str(tmp_path)
    assert await keys.key_of(AuthCommand(command="pwd", cwd="/")).current() == "/"
    with pytest.raises(ModelError, match=r"`pwd`, could not be run: No such file or directory: /no/such/folder\."):
        await keys.key_of(AuthCommand(command="pwd", cwd="/no/such/folder")).current()


async def test_a_command_that_takes_too_long_is_stopped_with_all_that_it_started(tmp_path: Path) -> None:
    key = key_of("echo $$ > pids; sleep 1000 & echo $! >> pids; wait", cwd=tmp_path, timeout_ms=300)
    with pytest.raises(ModelError, match="gave no key within 300 ms"):
        await key.current()
    # It may have been stopped before it said so much.
    if (tmp_path / "pids").exists():
        await wait_gone(*map(int, (tmp_path / "pids").read_text().split()))


async def test_what_a_command_leaves_running_is_not_waited_for(tmp_path: Path) -> None:
    key = key_of("sleep 1000 & echo $! > pid; echo secret", cwd=tmp_path)
    assert await key.current() == "secret"
    await wait_gone(int((tmp_path / "pid").read_text()))
