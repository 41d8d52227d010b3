"""Processors of what threads and clients have running: which verb a request becomes, and what is refused."""

import types
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest
from processor_lab import Bench, open_bench

from codex_trio.identity.credentials import AuthFileError
from codex_trio.processors.account import AccountProcessor
from codex_trio.rpc.errors import RpcError
from codex_trio.threads.errors import ThreadError

MISSING = "01a20265-92c4-7a91-a8db-c0de722859c2"
SIZE = {"rows": 1, "cols": 1}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    async with open_bench(tmp_path) as opened:
        yield opened


async def started(bench: Bench) -> str:
    thread_id = (await bench.call("thread/start"))["thread"]["id"]
    bench.outgoing.told.clear()
    return thread_id


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("thread/backgroundTerminals/list", {}),
        ("thread/backgroundTerminals/clean", {}),
        ("thread/backgroundTerminals/terminate", {"processId": "1"}),
        ("thread/compact/start", {}),
        ("thread/shellCommand", {"command": "ls"}),
        ("review/start", {"target": {"type": "uncommittedChanges"}}),
        ("mcpServer/tool/call", {"server": "s", "tool": "t"}),
    ],
)
async def test_work_in_a_thread_that_is_not_loaded_is_refused(
    bench: Bench, method: str, params: dict[str, Any]
) -> None:
    with pytest.raises(ThreadError, match=f"thread not found: {MISSING}"):
        await bench.call(method, threadId=MISSING, **params)


async def test_a_thread_without_commands_lists_none_and_ends_none(bench: Bench) -> None:
    thread_id = await started(bench)
    assert await bench.call("thread/backgroundTerminals/list", threadId=thread_id) == {"data": [], "nextCursor": None}
    assert await bench.call("thread/backgroundTerminals/clean", threadId=thread_id) == {}
    for process_id in ("7", "not a number"):
        ended = await bench.call("thread/backgroundTerminals/terminate", threadId=thread_id, processId=process_id)
        assert ended == {"terminated": False}
    with pytest.raises(RpcError, match="invalid cursor: x"):
        await bench.call("thread/backgroundTerminals/list", threadId=thread_id, cursor="x")


async def test_compaction_and_reviews_run_as_turns(bench: Bench) -> None:
    thread_id = await started(bench)
    assert await bench.call("thread/compact/start", threadId=thread_id) == {}
    live = bench.lab.loaded.get(thread_id)
    assert live.runs_turn
    await live.end_turn()
    begun = await bench.call("review/start", threadId=thread_id, target={"type": "custom", "instructions": "look"})
    assert begun["reviewThreadId"] == thread_id
    assert live.session.active is not None
    assert live.session.active.id == begun["turn"]["id"]
    await live.end_turn()


async def test_work_that_says_nothing_is_refused(bench: Bench) -> None:
    thread_id = await started(bench)
    with pytest.raises(RpcError, match="command must not be empty"):
        await bench.call("thread/shellCommand", threadId=thread_id, command="  ")
    with pytest.raises(RpcError, match="instructions must not be empty"):
        await bench.call("review/start", threadId=thread_id, target={"type": "custom", "instructions": " "})
    assert not bench.lab.loaded.get(thread_id).runs_turn


async def test_a_sample_needs_a_loaded_thread_in_which_something_was_said(bench: Bench) -> None:
    thread_id = await started(bench)
    with pytest.raises(ThreadError, match=f"no rollout found for thread id {thread_id}"):
        await bench.call("thread/sample", threadId=thread_id, expectedTurnId=MISSING, prompt="x")
    with pytest.raises(RpcError, match="thread/sample requires a loaded source"):
        await bench.call("thread/sample", threadId=MISSING, expectedTurnId=MISSING, prompt="x")


@pytest.mark.parametrize("method", ["command/exec", "process/spawn"])
@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"command": []}, "command must not be empty"),
        ({"command": [""]}, "failed to spawn .*: the name of the program is empty"),
        ({"command": ["a\0"]}, "failed to spawn .*: nul byte found in provided data"),
        ({"command": ["true", "a\0b"]}, "failed to spawn .*: nul byte found in provided data"),
        ({"command": ["true"], "env": {"A": None, "B": "\0"}}, "failed to spawn .*: nul byte found in provided data"),
        (
            {"command": ["true"], "env": {"A=B": "c"}},
            "env has a variable named 'A=B': names are not empty",
        ),
        ({"command": ["true"], "env": {"": None}}, "env has a variable named '': names are not empty"),
    ],
)
async def test_what_is_no_command_is_not_started(
    bench: Bench, method: str, params: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    place = {} if method == "command/exec" else {"processHandle": "p", "cwd": str(tmp_path)}
    with pytest.raises(RpcError, match=problem):
        await bench.call(method, **params, **place)


@pytest.mark.parametrize(
    ("method", "params"),
    [("write", {"deltaBase64": "aGk="}), ("terminate", {}), ("resize", {"size": SIZE})],
)
async def test_a_command_that_does_not_run_takes_nothing(bench: Bench, method: str, params: dict[str, Any]) -> None:
    with pytest.raises(RpcError, match='no active command/exec for process id "x"'):
        await bench.call(f"command/exec/{method}", processId="x", **params)


@pytest.mark.parametrize(
    ("method", "params"),
    [("writeStdin", {"deltaBase64": "aGk="}), ("kill", {}), ("resizePty", {"size": SIZE})],
)
async def test_a_process_that_does_not_run_takes_nothing(bench: Bench, method: str, params: dict[str, Any]) -> None:
    with pytest.raises(RpcError, match='no active process for process handle "p"'):
        await bench.call(f"process/{method}", processHandle="p", **params)


# --- account ---


def account_of(credentials: Any, *, wants_login: bool) -> Any:
    """Return what is told of credentials under a provider that wants a login or none."""
    provider = types.SimpleNamespace(requires_openai_auth=wants_login)
    config = types.SimpleNamespace(startup_default=lambda: types.SimpleNamespace(model_provider=provider))
    services = types.SimpleNamespace(auth=types.SimpleNamespace(credentials=credentials), config=config)
    return AccountProcessor(cast("Any", services)).read(cast("Any", None), cast("Any", None))


def test_nobody_is_logged_in_without_credentials_and_a_provider_may_want_none() -> None:
    for wants_login in (True, False):
        told = account_of(lambda: None, wants_login=wants_login)
        assert (told.account, told.requires_openai_auth) == (None, wants_login)


def test_an_account_is_told_as_its_credentials_say() -> None:
    account = types.SimpleNamespace(mode="chatgpt", email="a@b.c", plan_type=None, user_id="u")
    told = account_of(lambda: types.SimpleNamespace(account=lambda: account), wants_login=True)
    assert (told.account.email, told.account.plan_type, told.user_id) == ("a@b.c", "unknown", "u")


def test_a_file_of_credentials_that_cannot_be_read_is_an_error() -> None:
    def broken() -> None:
        raise AuthFileError("auth.json is broken")

    with pytest.raises(RpcError, match=r"auth\.json is broken"):
        account_of(broken, wants_login=True)
