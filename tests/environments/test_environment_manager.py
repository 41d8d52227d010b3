"""Which environments a client may choose, and what its choice means."""

from __future__ import annotations

import pytest

from codex_trio.environments.environment import EnvironmentStatus
from codex_trio.environments.errors import UnusableEnvironment
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.selection import LOCAL, EnvironmentChoice, EnvironmentSelection
from codex_trio.environments.targets import WebsocketTarget
from codex_trio.testing.environments import MemoryEnvironment


def chosen(environment_id: str, cwd: str = "/work", roots: tuple[str, ...] | None = None) -> EnvironmentSelection:
    return EnvironmentSelection(id=environment_id, cwd=cwd, workspace_roots=roots)


@pytest.fixture
def manager() -> EnvironmentManager:
    return EnvironmentManager(MemoryEnvironment(LOCAL), MemoryEnvironment("far"))


def test_where_the_first_one_works_is_where_the_thread_does(manager: EnvironmentManager) -> None:
    assert manager.choose([chosen("far", "/a", ("/b",)), chosen(LOCAL, "/c")]) == EnvironmentChoice(
        environments=(EnvironmentSelection(id="far"), chosen(LOCAL, "/c")), cwd="/a", workspace_roots=("/b",)
    )


def test_no_environment_is_a_choice(manager: EnvironmentManager) -> None:
    assert manager.choose([]) == EnvironmentChoice(environments=())
    assert manager.first(()).id == LOCAL
    assert manager.first([chosen("far")]).id == "far"


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ([chosen(LOCAL), chosen("x")], "unknown turn environment id `x`"),
        ([chosen("far"), chosen(LOCAL), chosen("far")], "duplicate turn environment id `far`"),
        ([chosen("far", "work")], "invalid cwd for environment `far`: path `work` is not absolute"),
        ([chosen(LOCAL, roots=("/a", "b"))], "invalid cwd for environment `local`: path `b` is not absolute"),
    ],
)
def test_what_cannot_be_used_is_refused(
    manager: EnvironmentManager, asked: list[EnvironmentSelection], refusal: str
) -> None:
    with pytest.raises(UnusableEnvironment) as refused:
        manager.choose(asked)
    assert str(refused.value) == refusal


@pytest.mark.parametrize(
    ("environment_id", "target", "refusal"),
    [
        ("", WebsocketTarget(url="ws://h"), "environment id cannot be empty"),
        (LOCAL, WebsocketTarget(url="ws://h"), "environment id `local` is reserved for this machine"),
        ("x", WebsocketTarget(url=""), "remote environment requires an exec-server url"),
        ("x", WebsocketTarget(url="None"), "remote environment cannot use disabled exec-server url"),
        ("x", WebsocketTarget(url="http://h"), "environment url `http://h` must use ws:// or wss://"),
        *(
            ("x", WebsocketTarget(url=f"ws://h{odd}"), "environment url `ws://...` is invalid: only visible ASCII")
            for odd in (" ", "\n", "\t:1", "/a b", "\u200b", "/\xe9")
        ),
        ("x", WebsocketTarget(url="WS://h", token="t"), "headers require wss:// or a loopback destination"),
        ("x", WebsocketTarget(url="wss://h", request_id="a\nb"), "invalid value for exec-server WebSocket header"),
    ],
)
def test_what_cannot_be_added_is_refused(environment_id: str, target: WebsocketTarget, refusal: str) -> None:
    manager = EnvironmentManager(MemoryEnvironment(LOCAL), connect=lambda target: MemoryEnvironment(target.id))
    with pytest.raises(UnusableEnvironment, match="exec-server protocol error: ") as refused:
        manager.add(environment_id, target)
    assert refusal in str(refused.value)
    assert [selection.id for selection in manager.usual()] == [LOCAL]


def test_what_is_added_can_be_chosen_and_another_one_can_take_its_id() -> None:
    manager = EnvironmentManager(MemoryEnvironment(LOCAL), connect=lambda target: MemoryEnvironment(target.id))
    manager.add("bad id!", WebsocketTarget(url="ws://127.0.0.1:1", token="t"))
    first = manager.get("bad id!")
    assert manager.status("bad id!") == EnvironmentStatus(kind="ready")
    assert [selection.id for selection in manager.usual()] == [LOCAL, "bad id!"]
    assert isinstance(first, MemoryEnvironment)
    assert not first.was_let_go
    manager.add("bad id!", WebsocketTarget(url="ws://127.0.0.1:2"))
    assert manager.get("bad id!") is not first
    assert first.was_let_go
