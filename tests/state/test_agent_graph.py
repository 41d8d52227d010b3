"""What every store of the agent graph promises."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from codex_trio.state.db.initializer import open_state_db, state_db_path
from codex_trio.state.local.graph import LocalAgentGraph
from codex_trio.state.memory.graph import MemoryAgentGraph
from codex_trio.state.store.interface import AgentGraphStore


@pytest.fixture(params=["local", "memory"])
async def graph(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AgentGraphStore]:
    if request.param == "memory":
        yield MemoryAgentGraph()
        return
    database = await open_state_db(state_db_path(tmp_path))
    yield LocalAgentGraph(database)
    await database.aclose()


async def test_children_are_given_by_id_and_by_status(graph: AgentGraphStore) -> None:
    await graph.upsert("parent", "c", "open")
    await graph.upsert("parent", "a", "closed")
    await graph.upsert("parent", "b", "open")
    assert [*await graph.children("parent")] == ["a", "b", "c"]
    assert [*await graph.children("parent", "open")] == ["b", "c"]
    assert [*await graph.children("parent", "closed")] == ["a"]
    assert [*await graph.children("a")] == []


async def test_a_thread_has_one_parent(graph: AgentGraphStore) -> None:
    await graph.upsert("first", "child", "open")
    await graph.upsert("second", "child", "closed")
    assert [*await graph.children("first")] == []
    assert [*await graph.children("second", "closed")] == ["child"]


async def test_descendants_come_by_depth_then_by_id(graph: AgentGraphStore) -> None:
    for parent, child in (("root", "z"), ("root", "b"), ("z", "a"), ("b", "c"), ("a", "0"), ("other", "x")):
        await graph.upsert(parent, child, "open")
    assert [*await graph.descendants("root")] == ["b", "z", "a", "c", "0"]
    assert [*await graph.descendants("b")] == ["c"]
    assert [*await graph.descendants("0")] == []


async def test_a_closed_edge_hides_what_is_below_it_from_those_who_ask_for_open_ones(graph: AgentGraphStore) -> None:
    for parent, child in (("root", "one"), ("one", "two"), ("two", "three")):
        await graph.upsert(parent, child, "open")
    await graph.set_status("two", "closed")
    assert [*await graph.descendants("root", "open")] == ["one"]
    assert [*await graph.descendants("root", "closed")] == []
    assert [*await graph.descendants("root")] == ["one", "two", "three"]
    await graph.set_status("two", "open")
    assert [*await graph.descendants("root", "open")] == ["one", "two", "three"]


async def test_a_status_of_a_thread_without_a_parent_is_nothing(graph: AgentGraphStore) -> None:
    await graph.set_status("nobody's", "closed")
    assert [*await graph.descendants("nobody's")] == []


async def test_a_circle_ends(graph: AgentGraphStore) -> None:
    await graph.upsert("a", "b", "open")
    await graph.upsert("b", "a", "open")
    assert [*await graph.descendants("a")] == ["b"]


async def test_ids_may_come_in_any_case(graph: AgentGraphStore) -> None:
    await graph.upsert("ABC", "DEF", "open")
    assert [*await graph.children("abc")] == ["def"]
    await graph.set_status("Def", "closed")
    assert [*await graph.descendants("Abc", "closed")] == ["def"]
