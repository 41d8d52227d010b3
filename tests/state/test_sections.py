"""What every store of sections promises, whether it keeps files or nothing."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from homes import KINDS, open_home
from msgspec import UNSET
from store_lab import NOW_MS, Home

from codex_trio.domain.ids import uuid7
from codex_trio.state.store.interface import InvalidCursor, ThreadStoreError
from codex_trio.state.store.organisation import OrganisationError
from codex_trio.state.store.placements import Placement
from codex_trio.state.store.sections import PINNED, PINNED_ID, Section, SectionAppearance


@pytest.fixture(params=KINDS)
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Home]:
    async with open_home(request.param, tmp_path) as opened:
        yield opened


async def add(home: Home, count: int) -> list[str]:
    return [await home.add(f"t{number}", at=number) for number in range(count)]


async def order(home: Home, section_id: str, *, descending: bool = False) -> list[str]:
    return await home.ids(section_id=section_id, sort_key="section_position", descending=descending)


async def test_there_is_a_pinned_section_that_stays_as_it_is(home: Home) -> None:
    assert [*(await home.sections.list(cursor=None, limit=None)).sections] == [PINNED]
    with pytest.raises(OrganisationError, match=r"^the built-in pinned section cannot be renamed$"):
        await home.sections.update(PINNED_ID, name="Pinned", appearance=UNSET)
    with pytest.raises(OrganisationError, match=r"^the built-in pinned section cannot be deleted$"):
        await home.sections.delete(PINNED_ID)


async def test_sections_are_listed_by_id_a_page_at_a_time(home: Home) -> None:
    look = SectionAppearance(icon="star", color="red")
    made = [await home.sections.create("Work", None), await home.sections.create("Work", look)]
    assert made[0].id != made[1].id
    expected = [PINNED, *made]
    assert [*(await home.sections.list(cursor=None, limit=None)).sections] == expected
    cursor, found = None, list[Section]()
    for _ in expected:
        page = await home.sections.list(cursor=cursor, limit=0)
        found += page.sections
        cursor = page.next_cursor
    assert (found, cursor) == (expected, None)
    assert [*(await home.sections.list(cursor="zz", limit=None)).sections] == []


async def test_a_change_keeps_clears_or_replaces_the_look(home: Home) -> None:
    section = await home.sections.create("A", SectionAppearance(icon="star", color="red"))

    async def change(name: str, appearance: Any) -> Section:
        changed, _ = await home.sections.update(section.id, name=name, appearance=appearance)
        assert changed in (await home.sections.list(cursor=None, limit=None)).sections
        return changed

    assert await change("B", UNSET) == Section(section.id, "B", section.appearance)
    assert await change("B", SectionAppearance(icon="x")) == Section(section.id, "B", SectionAppearance(icon="x"))
    assert await change("B", None) == Section(section.id, "B", None)
    with pytest.raises(OrganisationError, match=r"^thread section not found: nope$"):
        await home.sections.update("nope", name="x", appearance=None)


async def test_a_change_names_the_threads_that_it_concerns(home: Home) -> None:
    one, two, other = await add(home, 3)
    section = await home.sections.create("A", None)
    await home.sections.move(two, section.id)
    await home.sections.move(one, section.id)
    await home.sections.move(other, PINNED_ID)
    _, threads = await home.sections.update(section.id, name="A", appearance=None)
    assert [*threads] == []
    _, threads = await home.sections.update(section.id, name="B", appearance=UNSET)
    assert [*threads] == [two, one]
    assert [*await home.sections.delete(section.id)] == [two, one]
    with pytest.raises(OrganisationError, match=r"^thread section not found: "):
        await home.sections.delete(section.id)
    assert await home.ids(section_id=None) == [two, one]
    assert await home.ids(section_id=section.id) == []


async def test_threads_are_put_at_the_end_or_before_another_one(home: Home) -> None:
    a, b, c = await add(home, 3)
    section = (await home.sections.create("S", None)).id
    for thread_id in (a, b, c):
        await home.sections.move(thread_id, section)
    assert await order(home, section) == [a, b, c]
    await home.sections.move(c, section, before_thread_id=a)
    assert await order(home, section) == [c, a, b]
    assert await order(home, section, descending=True) == [b, a, c]
    await home.sections.move(c, section)
    assert await order(home, section) == [a, b, c]
    await home.sections.move(b, None)
    await home.sections.move(b, None)
    assert await order(home, section) == [a, c]
    assert await home.ids(section_id=None) == [b]
    assert await home.ids(section_id=section) == [c, a]


async def test_there_is_always_room_between_two_threads(home: Home) -> None:
    first, last, *others = await add(home, 30)
    section = (await home.sections.create("S", None)).id
    await home.sections.move(first, section)
    await home.sections.move(last, section)
    # Halving a gap of a million goes on for twenty times.
    for thread_id in others:
        await home.sections.move(thread_id, section, before_thread_id=last)
    pages = await home.walk(section_id=section, sort_key="section_position", descending=False, limit=10)
    assert [thread_id for page in pages for thread_id in page] == [first, *others, last]


async def test_when_a_thread_came_into_its_section_is_kept_while_it_moves_within(home: Home) -> None:
    a, b = await add(home, 2)
    one, two = (await home.sections.create("One", None)), (await home.sections.create("Two", None))
    await home.sections.move(a, one.id)
    await home.sections.move(b, one.id)
    home.now_ms += 1000
    await home.sections.move(a, one.id)
    assert await home.placements.of([a, b]) == {
        thread_id: Placement(section=one, section_entered_at_ms=NOW_MS) for thread_id in (a, b)
    }
    await home.sections.move(a, two.id)
    assert (await home.placements.of([a]))[a] == Placement(section=two, section_entered_at_ms=NOW_MS + 1000)


async def test_moves_that_cannot_be_change_nothing(home: Home) -> None:
    a, b = await add(home, 2)
    section = (await home.sections.create("S", None)).id
    await home.sections.move(a, section)
    for arguments, text in (
        ((b, "nope", None), "section nope does not exist"),
        ((b, section, b), f"thread {b} cannot be moved before itself"),
        ((b, None, a), "beforeThreadId requires a non-null sectionId"),
        ((a, PINNED_ID, b), f"before thread {b} is not in section {PINNED_ID}"),
    ):
        thread_id, section_id, before = arguments
        with pytest.raises(ThreadStoreError, match=rf"^{text}$") as caught:
            await home.sections.move(thread_id, section_id, before_thread_id=before)
        assert caught.value.kind == "invalid_request"
    assert await order(home, section) == [a]
    assert await home.ids(section_id=None) == [b]


async def test_pages_in_the_order_of_a_section_go_both_ways(home: Home) -> None:
    ids = await add(home, 5)
    section = (await home.sections.create("S", None)).id
    for thread_id in ids:
        await home.sections.move(thread_id, section)
    query = {"section_id": section, "sort_key": "section_position"}
    assert await home.walk(descending=False, limit=2, **query) == [ids[:2], ids[2:4], ids[4:]]
    assert await home.walk(descending=True, limit=3, **query) == [ids[:1:-1], ids[1::-1]]
    page = await home.page(descending=False, limit=1, **query)
    assert page.next_cursor == f"1000000|{ids[0]}"
    assert page.backwards_cursor == f"1000001|{ids[0]}"
    second = await home.page(descending=False, limit=1, cursor=page.next_cursor, **query)
    back = await home.page(descending=True, cursor=second.backwards_cursor, **query)
    assert [thread.thread_id for thread in back.threads] == [ids[1], ids[0]]
    for cursor in ("zz", "1|", "1|zz", "2026-01-01T00:00:00Z", f"x|{ids[0]}"):
        with pytest.raises(InvalidCursor):
            await home.page(cursor=cursor, **query)


async def test_a_thread_in_a_section_is_shown_there_before_anything_was_said_in_it(home: Home) -> None:
    silent = await home.add(None)
    section = (await home.sections.create("S", None)).id
    await home.sections.move(silent, section)
    assert await home.ids() == []
    assert await order(home, section) == [silent]
    assert await home.ids(section_id=section) == [silent]


async def test_archived_threads_keep_their_place_and_deleted_ones_leave_none(home: Home) -> None:
    a, b, c = await add(home, 3)
    section = (await home.sections.create("S", None)).id
    for thread_id in (a, b, c):
        await home.sections.move(thread_id, section)
    await home.store.archive(b)
    assert await order(home, section) == [a, c]
    assert await home.ids(section_id=section, archived=True) == [b]
    await home.store.unarchive(b)
    assert await order(home, section) == [a, b, c]
    await home.store.delete(b)
    assert await order(home, section) == [a, c]
    assert await home.placements.of([b]) == {}
    with pytest.raises(ThreadStoreError, match="is not in section"):
        await home.sections.move(a, section, before_thread_id=b)


async def test_a_fork_is_in_no_section(home: Home) -> None:
    a, b = await add(home, 2)
    await home.sections.move(a, PINNED_ID)
    await home.placements.inherit(a, b)
    assert await home.ids(section_id=PINNED_ID) == [a]
    assert await home.placements.of([uuid7()]) == {}
