"""Which environments a client may choose, and what its choice means."""

from __future__ import annotations

import pytest

from codex_trio.environments.errors import UnusableEnvironment
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.selection import LOCAL, EnvironmentChoice, EnvironmentSelection
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
