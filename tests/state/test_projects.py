"""What every store of projects promises, whether it keeps files or nothing."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from homes import KINDS, open_home
from store_lab import NOW_MS, Home

from codex_trio.domain.ids import uuid7
from codex_trio.state.store.organisation import OrganisationError
from codex_trio.state.store.projects import NewProject, Project, ProjectChange, ProjectQuery


@pytest.fixture(params=KINDS)
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Home]:
    async with open_home(request.param, tmp_path) as opened:
        yield opened


def new(key: str, **fields: Any) -> NewProject:
    return NewProject(**{"key": key, "name": key.upper(), "roots": (), "metadata": {}, **fields})


async def make(home: Home, key: str, *threads: str) -> str:
    project, is_new = await home.projects.create(new(key), threads=threads)
    assert is_new
    return project.id


async def listed(home: Home, **query: Any) -> list[Project]:
    return [*(await home.projects.list(ProjectQuery(**query))).projects]


async def names(home: Home, **query: Any) -> list[str]:
    return [project.name for project in await listed(home, **query)]


async def walk(home: Home, **query: Any) -> list[str]:
    """Return the names on all pages of one."""
    found: list[str] = []
    cursor = None
    for _ in range(10):
        page = await home.projects.list(ProjectQuery(limit=1, cursor=cursor, **query))
        found += [project.name for project in page.projects]
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise AssertionError(found)


async def test_a_project_is_made_once_for_its_key_and_stays_as_it_was_made(home: Home) -> None:
    made, is_new = await home.projects.create(new("k", name="First", roots=("/b", "/a"), metadata={"color": "red"}))
    assert is_new
    assert made == Project(
        id=made.id,
        name="First",
        roots=("/b", "/a"),
        metadata={"color": "red"},
        position=0,
        created_at_ms=NOW_MS,
        updated_at_ms=NOW_MS,
    )
    assert await home.projects.create(new("k", name="Other")) == (made, False)
    assert await home.projects.read(made.id) == made
    assert await listed(home) == [made]


async def test_the_key_of_a_removed_project_is_never_used_again(home: Home) -> None:
    project = await make(home, "k")
    assert [*await home.projects.delete(project)] == []
    with pytest.raises(OrganisationError, match=r"^idempotency key refers to deleted project: k$"):
        await home.projects.create(new("k"))
    assert await listed(home) == []


async def test_what_is_not_there_cannot_be_read_changed_moved_or_removed(home: Home) -> None:
    there = await make(home, "a")
    with pytest.raises(OrganisationError, match=r"^project not found: nope$"):
        await home.projects.check("nope")
    with pytest.raises(OrganisationError, match=r"^project not found: nope$"):
        await home.projects.read("nope")
    with pytest.raises(OrganisationError, match=r"^project not found: nope$"):
        await home.projects.update("nope", ProjectChange(name="x"))
    with pytest.raises(OrganisationError, match=r"^project not found: nope$"):
        await home.projects.move("nope", before_project_id=None)
    with pytest.raises(OrganisationError, match=r"^project not found: nope$"):
        await home.projects.delete("nope")
    with pytest.raises(OrganisationError, match=r"^project not found: nope$"):
        await home.projects.assign(uuid7(), "nope")
    with pytest.raises(OrganisationError, match=r"^before project not found: nope$"):
        await home.projects.move(there, before_project_id="nope")
    with pytest.raises(OrganisationError, match=rf"^project {there} cannot be moved before itself$"):
        await home.projects.move(there, before_project_id=there)
    await home.projects.check(there)


async def test_given_fields_replace_whole_and_a_change_to_the_same_is_none(home: Home) -> None:
    project, _ = await home.projects.create(new("k", roots=("/a",), metadata={"a": "1"}))
    home.now_ms += 5000
    same, is_other = await home.projects.update(project.id, ProjectChange(name="K", roots=("/a",), metadata={"a": "1"}))
    assert (same, is_other) == (project, False)
    other, is_other = await home.projects.update(project.id, ProjectChange(metadata={"b": "2"}))
    assert is_other
    assert (other.name, other.roots, other.metadata) == ("K", ("/a",), {"b": "2"})
    assert (other.created_at_ms, other.updated_at_ms) == (NOW_MS, NOW_MS + 5000)
    cleared, _ = await home.projects.update(project.id, ProjectChange(name="New", roots=()))
    assert (cleared.name, cleared.roots, cleared.metadata) == ("New", (), {"b": "2"})
    assert await home.projects.read(project.id) == cleared


async def test_projects_are_in_the_order_that_their_user_puts_them_in(home: Home) -> None:
    a, b, c, d = [await make(home, key) for key in "abcd"]
    await home.projects.move(c, before_project_id=a)
    assert await names(home) == ["C", "A", "B", "D"]
    home.now_ms += 1000
    await home.projects.move(a, before_project_id=None)
    assert await names(home) == ["C", "B", "D", "A"]
    assert (await home.projects.read(a)).updated_at_ms == NOW_MS + 1000
    assert (await home.projects.read(b)).updated_at_ms == NOW_MS
    await home.projects.delete(d)
    await make(home, "e")
    assert await names(home) == ["C", "B", "A", "E"]
    assert await walk(home) == ["C", "B", "A", "E"]
    assert await walk(home, descending=True) == ["E", "A", "B", "C"]


async def test_recency_is_that_of_the_newest_thread_that_is_not_archived(home: Home) -> None:
    old, newer, newest = [await home.add(text, at=at) for text, at in (("old", 0), ("newer", 1000), ("newest", 2000))]
    project = await make(home, "a", old, newer, newest)
    assert (await home.projects.read(project)).recency_ms == NOW_MS + 2000
    await home.store.archive(newest)
    assert (await home.projects.read(project)).recency_ms == NOW_MS + 1000
    await home.store.delete(newer)
    assert [project.recency_ms for project in await listed(home)] == [NOW_MS]
    await home.store.unarchive(newest)
    assert (await home.projects.read(project)).recency_ms == NOW_MS + 2000
    await home.projects.assign(newest, None)
    assert (await home.projects.update(project, ProjectChange()))[0].recency_ms == NOW_MS


async def test_sorted_by_recency_projects_without_threads_come_last_either_way(home: Home) -> None:
    old, newer = await home.add("old", at=0), await home.add("newer", at=1000)
    await make(home, "none")
    await make(home, "old", old)
    await make(home, "newer", newer)
    await make(home, "also none")
    by_recency = {"sort_key": "recencyAt"}
    assert await names(home, descending=True, **by_recency) == ["NEWER", "OLD", "ALSO NONE", "NONE"]
    assert await names(home, **by_recency) == ["OLD", "NEWER", "NONE", "ALSO NONE"]
    assert await walk(home, descending=True, **by_recency) == ["NEWER", "OLD", "ALSO NONE", "NONE"]
    assert await walk(home, **by_recency) == ["OLD", "NEWER", "NONE", "ALSO NONE"]


@pytest.mark.parametrize(
    "cursor", ["zz", "", "1", "1|zz", "-1|{id}", "v1|recencyAt|desc|1|{id}", "null|{id}", "²|{id}"]
)
async def test_a_cursor_of_another_order_or_of_none_is_refused(home: Home, cursor: str) -> None:
    project = await make(home, "a")
    with pytest.raises(OrganisationError, match=r"^invalid project cursor: malformed or mismatched sort anchor$"):
        await listed(home, cursor=cursor.format(id=project))
    mine = (await home.projects.list(ProjectQuery(limit=1))).next_cursor
    assert mine is None
    with pytest.raises(OrganisationError):
        await listed(home, cursor=f"0|{project}", sort_key="recencyAt")


async def test_a_thread_is_in_one_project_at_most(home: Home) -> None:
    one, two = await home.add("one"), await home.add("two", at=1)
    a, b = await make(home, "a", one, two), await make(home, "b")
    assert await home.projects.assign(one, b)
    assert not await home.projects.assign(one, b)
    assert await home.ids(project_id=a) == [two]
    assert await home.ids(project_id=b) == [one]
    assert await home.projects.assign(two, None)
    assert not await home.projects.assign(two, None)
    assert await home.ids(project_id=None) == [two]
    assert await home.ids() == [two, one]
    placed = await home.placements.of([one, two, uuid7()])
    assert {thread_id: placement.project_id for thread_id, placement in placed.items()} == {one: b}


async def test_threads_that_are_imported_leave_the_project_that_they_were_in(home: Home) -> None:
    one, two = await home.add("one"), await home.add("two", at=1)
    first = await make(home, "a", one)
    second = await make(home, "b", one, two)
    assert await home.ids(project_id=first) == []
    assert await home.ids(project_id=second) == [two, one]
    again, is_new = await home.projects.create(new("a"), threads=[two])
    assert (again.id, is_new) == (first, False)
    assert await home.ids(project_id=second) == [two, one]


async def test_a_removed_projects_threads_stay_without_one(home: Home) -> None:
    one, two = sorted([await home.add("one"), await home.add("two", at=1)])
    project = await make(home, "a", one, two)
    assert [*await home.projects.delete(project)] == [one, two]
    assert await home.ids(project_id=project) == []
    assert sorted(await home.ids(project_id=None)) == [one, two]


async def test_a_fork_inherits_the_project(home: Home) -> None:
    source, fork, other = await home.add("one"), await home.add("fork", at=1), await home.add("other", at=2)
    project = await make(home, "a", source)
    await home.placements.inherit(source, fork)
    await home.placements.inherit(other, other)
    assert await home.ids(project_id=project) == [fork, source]


async def test_lists_by_project_go_on_page_by_page_and_know_archived_threads(home: Home) -> None:
    ids = [await home.add(f"t{number}", at=number) for number in range(5)]
    project = await make(home, "a", *ids[1:])
    assert await home.walk(project_id=project, limit=2) == [[ids[4], ids[3]], [ids[2], ids[1]]]
    await home.store.archive(ids[3])
    assert await home.ids(project_id=project) == [ids[4], ids[2], ids[1]]
    assert await home.ids(project_id=project, archived=True) == [ids[3]]
