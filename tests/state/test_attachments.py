"""What every store of attachments promises, whether it keeps files or nothing."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from homes import KINDS, open_home
from store_lab import NOW_MS, Home

from codex_trio.domain.ids import uuid7
from codex_trio.state.store.attachments import Attachment, AttachmentName, AttachmentOwner
from codex_trio.state.store.organisation import OrganisationError

PULL = AttachmentName("pullRequest", "repo#1")


@pytest.fixture(params=KINDS)
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Home]:
    async with open_home(request.param, tmp_path) as opened:
        yield opened


async def attached(home: Home, thread_id: str) -> list[Attachment]:
    return [*(await home.attachments.list(thread_id, cursor=None, limit=None)).attachments]


async def owners(home: Home, name: AttachmentName = PULL, *, archived: bool | None = None) -> list[AttachmentOwner]:
    return [*(await home.attachments.owners(name, archived=archived, cursor=None, limit=None)).owners]


@pytest.mark.parametrize("payload", [None, 0, 1.5, True, "text", [], {}, {"deep": [1, {"a": None}], "b": "ü🙂"}])
async def test_any_json_is_kept_as_it_is_until_it_is_removed(home: Home, payload: Any) -> None:
    thread_id = await home.add("one")
    made, is_new = await home.attachments.add(thread_id, PULL, payload)
    assert is_new
    assert made == Attachment(id=made.id, name=PULL, payload=payload, created_at=NOW_MS // 1000)
    assert await home.attachments.add(thread_id, PULL, {"other": True}) == (made, False)
    assert await attached(home, thread_id) == [made]
    assert await home.attachments.remove(thread_id, PULL) == made.id
    assert await home.attachments.remove(thread_id, PULL) is None
    assert await attached(home, thread_id) == []
    again, is_new = await home.attachments.add(thread_id, PULL, payload)
    assert is_new
    assert again.id != made.id


async def test_type_and_key_together_name_it_as_they_are(home: Home) -> None:
    thread_id = await home.add("one")
    names = [PULL, AttachmentName("link", "repo#1"), AttachmentName("We ird/ü", " k "), AttachmentName("We ird/ü", "k")]
    for name in names:
        assert (await home.attachments.add(thread_id, name, 1))[1]
    assert [attachment.name for attachment in await attached(home, thread_id)] == names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (AttachmentName("", ""), "attachmentType must not be empty"),
        (AttachmentName(" ", "k"), "attachmentType must not be empty"),
        (AttachmentName("t", "\t"), "identityKey must not be empty"),
        (AttachmentName("ü" * 129, "k"), "attachmentType must not exceed 256 bytes"),
        (AttachmentName("t", "k" * 257), "identityKey must not exceed 256 bytes"),
    ],
)
async def test_a_name_says_something_and_is_short(home: Home, name: AttachmentName, text: str) -> None:
    for call in (home.attachments.add(uuid7(), name, {}), home.attachments.remove(uuid7(), name), owners(home, name)):
        with pytest.raises(OrganisationError, match=rf"^{text}$"):
            await call


async def test_a_payload_has_bounds(home: Home) -> None:
    thread_id = await home.add("one")
    with pytest.raises(OrganisationError, match=r"^attachment payload must not exceed 65536 bytes$"):
        await home.attachments.add(thread_id, PULL, "x" * 65535)
    assert (await home.attachments.add(thread_id, PULL, "x" * 65534))[1]


async def test_the_oldest_comes_first_a_page_at_a_time(home: Home) -> None:
    thread_id, other = await home.add("one"), await home.add("two")
    made: list[str] = []
    for number in range(5):
        name = AttachmentName("n", str(9 - number))
        made.append((await home.attachments.add(thread_id, name, number))[0].id)
        home.now_ms += 700
    found: list[str] = []
    cursor = None
    for _ in range(3):
        page = await home.attachments.list(thread_id, cursor=cursor, limit=2)
        found += [attachment.id for attachment in page.attachments]
        cursor = page.next_cursor
    assert (found, cursor) == (made, None)
    page = await home.attachments.list(thread_id, cursor=None, limit=0)
    assert page.next_cursor == f"{thread_id}|{NOW_MS // 1000}|{made[0]}"
    for bad in ("zz", "", f"{thread_id}|x|y", f"{thread_id}|1", f"{other}|{NOW_MS // 1000}|{made[0]}"):
        with pytest.raises(OrganisationError, match=r"^invalid pagination cursor$"):
            await home.attachments.list(thread_id, cursor=bad, limit=None)


async def test_the_threads_that_have_something_are_found_archived_or_not(home: Home) -> None:
    one, two, three, gone = sorted([await home.add(text) for text in ("one", "two", "three", "four")])
    for thread_id in (three, one, two, gone):
        await home.attachments.add(thread_id, PULL, thread_id)
    await home.attachments.add(one, AttachmentName("pullRequest", "repo#2"), 1)
    await home.store.delete(gone)
    await home.store.archive(two)
    # Nobody has ever heard of that thread.
    await home.attachments.add(uuid7(), PULL, 1)
    stays, archived, also = AttachmentOwner(one, False), AttachmentOwner(two, True), AttachmentOwner(three, False)  # noqa: FBT003
    assert await owners(home) == [stays, archived, also]
    assert await owners(home, archived=False) == [stays, also]
    assert await owners(home, archived=True) == [archived]
    assert await owners(home, AttachmentName("link", "repo#1")) == []


async def test_owners_come_a_page_at_a_time_for_the_same_question(home: Home) -> None:
    ids = sorted([await home.add(f"t{number}") for number in range(3)])
    for thread_id in ids:
        await home.attachments.add(thread_id, PULL, None)
    found: list[str] = []
    cursor = None
    for _ in ids:
        page = await home.attachments.owners(PULL, archived=None, cursor=cursor, limit=0)
        found += [owner.thread_id for owner in page.owners]
        cursor = page.next_cursor
    assert (found, cursor) == (ids, None)
    mine = (await home.attachments.owners(PULL, archived=None, cursor=None, limit=1)).next_cursor
    assert mine is not None
    for name, archived, cursor in (
        (PULL, None, "zz"),
        (PULL, True, mine),
        (AttachmentName("link", "repo#1"), None, mine),
    ):
        with pytest.raises(OrganisationError, match=r"^invalid pagination cursor$"):
            await home.attachments.owners(name, archived=archived, cursor=cursor, limit=None)


async def test_a_fork_gets_copies_that_are_its_own(home: Home) -> None:
    source, fork = await home.add("one"), await home.add("two")
    made = [(await home.attachments.add(source, AttachmentName("t", key), key))[0] for key in "ba"]
    home.now_ms += 60_000
    await home.placements.inherit(source, fork)
    copies = await attached(home, fork)
    assert [(copy.name, copy.payload, copy.created_at) for copy in copies] == [
        (original.name, original.payload, original.created_at) for original in made
    ]
    assert not {copy.id for copy in copies} & {original.id for original in made}
    await home.attachments.remove(fork, AttachmentName("t", "a"))
    assert await attached(home, source) == made


async def test_a_deleted_thread_leaves_nothing_attached(home: Home) -> None:
    thread_id = await home.add("one")
    await home.attachments.add(thread_id, PULL, 1)
    await home.store.delete(thread_id)
    assert await attached(home, thread_id) == []
