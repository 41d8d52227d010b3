"""What clients attach to threads, and finding threads by what is attached to them."""

from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.shapes import ANY_INT, ANY_STR
from codex_trio.conformance.threads import UNKNOWN_THREAD, next_told, thread_with_turns

UPDATED = "thread/attachment/updated"
PULL = {"attachmentType": "pullRequest", "identityKey": "repo#1"}


async def add(probe: Probe, thread_id: str, payload: Any = None, **name: str) -> dict[str, Any]:
    """Attach something; the answer."""
    params = {"threadId": thread_id, "payload": payload, **PULL, **name}
    return await probe.request("thread/attachment/add", params)


async def attached(probe: Probe, thread_id: str) -> list[dict[str, Any]]:
    """Return what is attached to a thread."""
    return (await probe.request("thread/attachment/list", {"threadId": thread_id}))["data"]


async def owners(probe: Probe, **query: Any) -> list[tuple[str, bool]]:
    """Return the threads that have the attachment, and whether they are archived."""
    found = await probe.request("thread/attachmentOwner/list", {**PULL, **query})
    return [(owner["threadId"], owner["archived"]) for owner in found["data"]]


async def test_what_is_attached_is_told_to_every_client_after_the_answer(lab: Lab) -> None:
    async with (
        lab.listen() as server,
        server.connect() as probe,
        server.connect(experimental=False) as other,
    ):
        thread_id, _ = await thread_with_turns(lab, probe, 1)
        payload = {"url": "https://example.com/1", "deep": [1, {"a": None}]}
        probe.log.skip()
        before = len(probe.log.from_server)
        result = await add(probe, thread_id, payload)
        attachment = {"id": ANY_STR, **PULL, "payload": payload, "createdAt": ANY_INT}
        assert result == {"outcome": "created", "attachment": attachment}
        told = {"threadId": thread_id, **PULL, "attachmentId": result["attachment"]["id"], "operation": "created"}
        assert await next_told(probe, UPDATED) == told
        assert [sent.get("method", "answer") for sent in probe.log.from_server[before:]][:2] == ["answer", UPDATED]
        assert await next_told(other, UPDATED) == told
        assert await attached(other, thread_id) == [result["attachment"]]
        params = {"threadId": thread_id, **PULL}
        assert await other.request("thread/attachment/remove", params) == {}
        assert await next_told(probe, UPDATED) == {**told, "operation": "deleted"}
        assert await attached(probe, thread_id) == []


async def test_attaching_twice_and_detaching_nothing_change_nothing(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    first = await add(probe, thread_id, {"first": True})
    await next_told(probe, UPDATED)
    again = await add(probe, thread_id, {"second": True})
    assert again == {"outcome": "existing", "attachment": first["attachment"]}
    params = {"threadId": thread_id, "attachmentType": "link", "identityKey": "repo#1"}
    assert await probe.request("thread/attachment/remove", params) == {}
    await probe.nothing_more()
    assert await attached(probe, thread_id) == [first["attachment"]]


@pytest.mark.parametrize("payload", [None, 1, -1.5, "text", [], True, {"ü": "🙂"}])
async def test_any_json_may_be_attached_and_outlives_the_server(lab: Lab, payload: Any) -> None:
    async with lab.run() as probe:
        thread_id, _ = await thread_with_turns(lab, probe, 1)
        made = (await add(probe, thread_id, payload, attachmentType="We ird/ü", identityKey=" k "))["attachment"]
    async with lab.run() as probe:
        [found] = await attached(probe, thread_id)
        assert found == made
        assert (found["payload"], found["identityKey"]) == (payload, " k ")


async def test_attachments_come_oldest_first_a_page_at_a_time(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    made = [(await add(probe, thread_id, key, identityKey=key))["attachment"] for key in "cab"]
    found: list[dict[str, Any]] = []
    cursor = None
    for _ in made:
        page = await probe.request("thread/attachment/list", {"threadId": thread_id, "limit": 0, "cursor": cursor})
        found += page["data"]
        cursor = page["nextCursor"]
    assert (found, cursor) == (made, None)
    error = await probe.refusal("thread/attachment/list", {"threadId": thread_id, "cursor": "zz"})
    assert (error.code, error.message) == (-32602, "invalid pagination cursor")


async def test_threads_are_found_by_what_is_attached_to_them(lab: Lab) -> None:
    async with lab.run() as probe:
        first, second = [(await thread_with_turns(lab, probe, 1))[0] for _ in range(2)]
    async with lab.run() as probe:
        for thread_id in (second, first):
            await add(probe, thread_id)
        assert await owners(probe) == [(first, False), (second, False)]
        page = await probe.request("thread/attachmentOwner/list", {**PULL, "limit": 1})
        assert page["data"] == [{"threadId": first, "archived": False}]
        assert await owners(probe, cursor=page["nextCursor"]) == [(second, False)]
        await probe.request("thread/archive", {"threadId": second})
        assert await owners(probe) == [(first, False), (second, True)]
        assert await owners(probe, archived=False) == [(first, False)]
        assert await owners(probe, archived=True) == [(second, True)]
        await add(probe, second, attachmentType="link")
        assert len(await attached(probe, second)) == 2
        await probe.request("thread/delete", {"threadId": first})
        assert await owners(probe) == [(second, True)]
        assert await owners(probe, identityKey="repo#2") == []


async def test_a_fork_gets_copies(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    made = [(await add(probe, thread_id, key, identityKey=key))["attachment"] for key in "ab"]
    for _ in made:
        await next_told(probe, UPDATED)
    fork = (await probe.request("thread/fork", {"threadId": thread_id, "excludeTurns": True}))["thread"]["id"]
    copies = await attached(probe, fork)
    assert [copy["payload"] for copy in copies] == ["a", "b"]
    assert not {copy["id"] for copy in copies} & {original["id"] for original in made}
    await probe.request("thread/loaded/list")
    assert probe.log.methods().count(UPDATED) == 2
    await probe.request("thread/attachment/remove", {"threadId": fork, **PULL, "identityKey": "a"})
    assert await attached(probe, thread_id) == made


async def test_the_model_is_told_nothing_of_it(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    await add(probe, thread_id, "ATTACHED")
    await thread_with_turns(lab, probe, 1)
    assert b"ATTACHED" not in b"".join(path.read_bytes() for path in lab.rollouts())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"attachmentType": ""}, "attachmentType must not be empty"),
        ({"attachmentType": " "}, "attachmentType must not be empty"),
        ({"identityKey": "\t"}, "identityKey must not be empty"),
        ({"attachmentType": "ü" * 129}, "attachmentType must not exceed 256 bytes"),
        ({"identityKey": "k" * 257}, "identityKey must not exceed 256 bytes"),
        ({"payload": "x" * 65535}, "attachment payload must not exceed 65536 bytes"),
        ({"threadId": UNKNOWN_THREAD}, f"thread not found: {UNKNOWN_THREAD}"),
    ],
)
async def test_what_cannot_be_attached_is_refused(lab: Lab, probe: Probe, change: dict[str, Any], text: str) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    params: dict[str, Any] = {"threadId": thread_id, **PULL, "payload": {}, **change}
    error = await probe.refusal("thread/attachment/add", params)
    assert (error.code, error.message) == (-32602, text)
    assert await attached(probe, thread_id) == []


async def test_a_thread_that_is_not_stored_has_nothing_attached(lab: Lab, probe: Probe) -> None:
    fresh = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    ephemeral = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
    for thread_id in (fresh, ephemeral, UNKNOWN_THREAD):
        for method in ("add", "remove"):
            error = await probe.refusal(f"thread/attachment/{method}", {"threadId": thread_id, **PULL, "payload": 1})
            assert (error.code, error.message) == (-32602, f"thread not found: {thread_id}")
        assert await attached(probe, thread_id) == []
    for method, params in (("list", {}), ("add", {**PULL, "payload": 1}), ("remove", PULL)):
        error = await probe.refusal(f"thread/attachment/{method}", {"threadId": "nope", **params})
        assert error.code == -32602
        assert error.message.startswith("invalid thread id: invalid character")


async def test_a_question_for_owners_names_something(probe: Probe) -> None:
    for change, text in (
        ({"attachmentType": ""}, "attachmentType must not be empty"),
        ({"identityKey": " "}, "identityKey must not be empty"),
        ({"cursor": "zz"}, "invalid pagination cursor"),
    ):
        error = await probe.refusal("thread/attachmentOwner/list", {**PULL, **change})
        assert (error.code, error.message) == (-32602, text)
