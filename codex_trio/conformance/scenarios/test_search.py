"""Finding threads, and places in a thread, by their words."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.conformance.threads import thread_with_turns
from codex_trio.testing.model_script import answer, message


async def thread_about(lab: Lab, probe: Probe, question: str, reply: str = "Hm.") -> str:
    """Return a thread with one finished turn about something; its id."""
    lab.script(answer(message(reply, item_id="m1")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.run_turn(thread_id, question)
    return thread_id


async def found(probe: Probe, term: str, **params: Any) -> list[str]:
    """Return the ids of the threads that a search finds."""
    result = await probe.request("thread/search", {"searchTerm": term, **params})
    return [row["thread"]["id"] for row in result["data"]]


async def occurrences(probe: Probe, thread_id: str, term: str, **params: Any) -> dict[str, Any]:
    return await probe.request("thread/searchOccurrences", {"threadId": thread_id, "searchTerm": term, **params})


# Threads


async def test_threads_are_found_by_words_of_the_user_and_of_the_model(lab: Lab, probe: Probe) -> None:
    haystack = await thread_about(lab, probe, "Where is the Needle?", "In the haystack, I think.")
    other = await thread_about(lab, probe, "Something else", "A needle is a tool for sewing.")
    assert await found(probe, "needle") == [other, haystack]
    assert await found(probe, "HAYSTACK, I") == [haystack]
    assert await found(probe, "nothing like that") == []
    result = await probe.request("thread/search", {"searchTerm": "haystack"})
    assert result["data"][0]["snippet"] == "In the haystack, I think."
    row = (await probe.request("thread/list"))["data"][1]
    assert result["data"][0]["thread"] == row


async def test_words_are_found_as_they_stand_and_not_one_by_one(lab: Lab, probe: Probe) -> None:
    thread_id = await thread_about(lab, probe, 'Is 100% of foo_bar* "quoted" in the (text)?')
    for term in ("100%", "foo_bar*", '"quoted"', "the (text)?", "oo_ba"):
        assert await found(probe, term) == [thread_id]
    for term in ("bar foo", "foo*", "foo-bar"):
        assert await found(probe, term) == []


async def test_a_long_text_is_cut_around_the_match(lab: Lab, probe: Probe) -> None:
    await thread_about(lab, probe, "Well", "before " * 40 + "needle " + "after " * 40)
    result = await probe.request("thread/search", {"searchTerm": "needle"})
    snippet = result["data"][0]["snippet"]
    assert snippet.startswith("... ")
    assert snippet.endswith(" ...")
    assert "before needle after" in snippet
    assert len(snippet) < 200


async def test_searching_goes_page_by_page_and_in_both_orders(lab: Lab, probe: Probe) -> None:
    ids = [await thread_about(lab, probe, f"needle {number}") for number in range(3)]
    pages: list[str] = []
    cursor: str | None = None
    while not pages or cursor is not None:
        # By creation, the established server loses threads of the same second between two pages.
        params = {"searchTerm": "needle", "limit": 2, "cursor": cursor, "sortKey": "updated_at"}
        page = await probe.request("thread/search", params)
        pages += [row["thread"]["id"] for row in page["data"]]
        cursor = page["nextCursor"]
    assert pages == ids[::-1]
    assert await found(probe, "needle", sortKey="updated_at", sortDirection="asc") == ids


async def test_archived_threads_are_found_when_they_are_asked_for(lab: Lab, probe: Probe) -> None:
    kept = await thread_about(lab, probe, "a needle")
    away = await thread_about(lab, probe, "another needle")
    await probe.request("thread/archive", {"threadId": away})
    assert await found(probe, "needle") == [kept]
    assert await found(probe, "needle", archived=True) == [away]


async def test_only_threads_of_the_kinds_asked_for_are_found(lab: Lab, probe: Probe) -> None:
    thread_id = await thread_about(lab, probe, "a needle")
    assert await found(probe, "needle", sourceKinds=["exec"]) == []
    assert await found(probe, "needle", sourceKinds=["vscode"]) == [thread_id]


async def test_threads_of_an_earlier_server_are_found(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = await thread_about(lab, probe, "a needle")
    async with lab.run() as probe:
        assert await found(probe, "needle") == [thread_id]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"searchTerm": ""}, "thread/search requires a non-empty searchTerm"),
        ({"searchTerm": "  "}, "thread/search requires a non-empty searchTerm"),
        ({"searchTerm": "needle", "cursor": "zz"}, "invalid cursor: zz"),
    ],
)
async def test_a_search_for_nothing_is_refused(probe: Probe, params: dict[str, Any], text: str) -> None:
    error = await probe.refusal("thread/search", params)
    assert (error.code, error.message) == (-32600, text)


@pytest.mark.parametrize("term", ["\ud7ff", "\U0010ffff", "n\U0010ffff", '"', "'*"])
async def test_odd_words_are_searched_for_like_others(lab: Lab, probe: Probe, term: str) -> None:
    thread_id = await thread_about(lab, probe, f"between {term} and it")
    assert await found(probe, term) == [thread_id]


async def test_a_term_that_no_text_has_room_for_is_refused_by_its_name(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    for method, params in (("thread/search", {}), ("thread/searchOccurrences", {"threadId": thread_id})):
        assert await probe.request(method, {**params, "searchTerm": "ab c" * 2000}) is not None
        error = await probe.refusal(method, {**params, "searchTerm": "ab c" * 500_000})
        assert error.code == -32602
        assert "`searchTerm`" in error.message
        error = await probe.refusal(method, {**params, "searchTerm": "a\0b"})
        assert error.code == -32600
        assert "`searchTerm`" in error.message


# Searches that tell what they find, and searches that are given up


def ends(request_id: Any) -> Callable[[Message], bool]:
    """Return whether a message is the answer to that request."""
    return lambda message: message.get("id") == request_id and "method" not in message


def without_environments(row: Message) -> Message:
    """Return a found thread but for its environments, which not every server tells before the page."""
    return {**row, "thread": {**row["thread"], "environments": None}}


async def test_a_streamed_search_tells_some_threads_before_its_page(lab: Lab, probe: Probe) -> None:
    ids = {await thread_about(lab, probe, f"needle {number}") for number in range(3)}
    page = await probe.request("thread/search", {"searchTerm": "needle"})
    for request_id in ("by a name", 900):
        before = len(probe.log.from_server)
        await probe.send({"id": request_id, "method": "thread/search/stream", "params": {"searchTerm": " Needle "}})
        answered = await probe.next(ends(request_id), "the page")
        assert answered.get("result") == page
        await probe.request("thread/loaded/list")
        came = probe.log.from_server[before:]
        partial = [message["params"] for message in came if message.get("method") == "thread/search/partial"]
        # Not every server has something to tell so soon, and none tells of many.
        assert len(partial) <= 8
        assert all(told["requestId"] == request_id for told in partial)
        rows = [row for told in partial for row in told["data"]]
        assert {row["thread"]["id"] for row in rows} <= ids
        assert all(without_environments(row) in map(without_environments, page["data"]) for row in rows)
        last = max((came.index(message) for message in came if "requestId" in message.get("params", {})), default=-1)
        assert last < came.index(answered)


@pytest.mark.only_over("stdio")  # where two messages come in one write
@pytest.mark.parametrize("method", ["thread/search", "thread/search/stream"])
async def test_a_search_can_be_given_up_by_its_client_and_by_its_kind(lab: Lab, method: str) -> None:
    other = {"thread/search": "thread/search/stream", "thread/search/stream": "thread/search"}[method]
    async with lab.run() as probe:
        thread_id = await thread_about(lab, probe, "a needle")
        await probe.request("thread/search", {"searchTerm": "needle"})
        search = {"method": method, "params": {"searchTerm": "needle"}}
        for wrong in (f"{other}/cancel", f"{method}/cancel"):
            # Another kind, or another type of id.
            given = {"requestId": 900 if wrong.startswith(f"{other}/c") else "900"}
            both = [{"id": 900, **search}, {"id": 901, "method": wrong, "params": given}]
            probe.log.skip()
            await probe.send(b"\n".join(map(msgspec.json.encode, both)))
            answers = {message["id"]: message for message in [await next_answer(probe), await next_answer(probe)]}
            assert answers[901].get("result") == {}
            assert [row["thread"]["id"] for row in answers[900]["result"]["data"]] == [thread_id]
        for unknown in (12345, "nobody's"):
            assert await probe.request(f"{method}/cancel", {"requestId": unknown}) == {}


async def next_answer(probe: Probe) -> Message:
    return await probe.next(lambda message: "method" not in message, "an answer")


@pytest.mark.only_over("stdio")  # where two messages come in one write
@pytest.mark.parametrize("method", ["thread/search", "thread/search/stream"])
async def test_a_search_that_is_given_up_ends_with_an_error(lab: Lab, method: str) -> None:
    async with lab.run() as probe:
        await thread_about(lab, probe, "a needle")
        both = [
            {"id": 900, "method": method, "params": {"searchTerm": "needle"}},
            {"id": 901, "method": f"{method}/cancel", "params": {"requestId": 900}},
        ]
        probe.log.skip()
        await probe.send(b"\n".join(map(msgspec.json.encode, both)))
        first, second = await next_answer(probe), await next_answer(probe)
        assert first == {"id": 901, "result": {}}
        assert (second["id"], second["error"]["code"]) == (900, -32600)
        assert second["error"]["message"] == "thread search cancelled"
        await probe.request("thread/loaded/list")
        assert "requestId" not in str(probe.log.from_server[-2:])


async def test_a_search_of_one_client_is_not_given_up_by_another(lab: Lab) -> None:
    async with lab.listen() as server, server.connect() as first, server.connect() as second:
        thread_id = await thread_about(lab, first, "a needle")
        answers: list[Any] = []
        async with trio.open_nursery() as nursery:

            async def search() -> None:
                answers.append(await found(first, "needle"))

            nursery.start_soon(search)
            # Whatever id the search has.
            for request_id in range(20):
                assert await second.request("thread/search/cancel", {"requestId": request_id}) == {}
        assert answers == [[thread_id]]


async def test_a_streamed_search_for_nothing_or_too_much_is_refused(lab: Lab, probe: Probe) -> None:
    await thread_about(lab, probe, "a needle")
    error = await probe.refusal("thread/search/stream", {"searchTerm": " "})
    assert (error.code, error.message) == (-32600, "thread/search requires a non-empty searchTerm")
    longest = "x" * 65_536
    assert (await probe.request("thread/search/stream", {"searchTerm": f" {longest} "}))["data"] == []
    for term in (f"{longest}x", "\N{MUSICAL SYMBOL G CLEF}" * 16_385):
        error = await probe.refusal("thread/search/stream", {"searchTerm": term})
        words = "thread/search/stream searchTerm exceeds 65536 UTF-8 bytes"
        assert (error.code, error.message) == (-32602, words)


# Places in a thread


async def test_every_place_of_a_thread_with_the_words_is_found(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("A Needle, and a needle.", item_id="m1")), answer(message("None.", item_id="m2")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    first = await probe.run_turn(thread_id, "Two needles?")
    second = await probe.run_turn(thread_id, "Another needle?")
    result = await occurrences(probe, thread_id, "needle")
    assert result["nextCursor"] is None
    places = [
        (place["turnId"], place["itemId"], place["snippet"], place["snippetMatchRange"]) for place in result["data"]
    ]
    assert places == [
        (first.id, first.items()[0]["id"], "Two needles?", {"start": 4, "end": 10}),
        (first.id, "m1", "A Needle, and a needle.", {"start": 2, "end": 8}),
        (first.id, "m1", "A Needle, and a needle.", {"start": 16, "end": 22}),
        (second.id, second.items()[0]["id"], "Another needle?", {"start": 8, "end": 14}),
    ]


async def test_a_place_leads_to_the_page_of_its_turn(lab: Lab, probe: Probe) -> None:
    thread_id, turns = await thread_with_turns(lab, probe)
    [place] = (await occurrences(probe, thread_id, "answer 1"))["data"]
    params = {"threadId": thread_id, "cursor": place["turnCursor"], "limit": 1}
    page = await probe.request("thread/turns/list", params)
    assert [turn["id"] for turn in page["data"]] == [turns[1]]


async def test_places_come_page_by_page(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe)
    whole = (await occurrences(probe, thread_id, "n"))["data"]
    assert len(whole) == 6
    pages: list[Any] = []
    cursor: str | None = None
    while not pages or cursor is not None:
        page = await occurrences(probe, thread_id, "n", limit=4, cursor=cursor)
        assert len(page["data"]) <= 4
        pages += page["data"]
        cursor = page["nextCursor"]
    assert pages == whole


async def test_a_place_in_a_snippet_counts_utf_16_units(lab: Lab, probe: Probe) -> None:
    thread_id = await thread_about(lab, probe, "\N{MUSICAL SYMBOL G CLEF} h\N{LATIN SMALL LETTER E WITH ACUTE} needle")
    [place] = (await occurrences(probe, thread_id, "needle"))["data"]
    assert place["snippetMatchRange"] == {"start": 6, "end": 12}
    assert (await occurrences(probe, thread_id, "H\N{LATIN CAPITAL LETTER E WITH ACUTE}"))["data"] != []


async def test_a_place_in_a_long_text_is_cut_out_of_it(lab: Lab, probe: Probe) -> None:
    thread_id = await thread_about(lab, probe, "Well", "before " * 40 + "needle " + "after " * 40)
    [place] = (await occurrences(probe, thread_id, "needle"))["data"]
    where = place["snippetMatchRange"]
    assert place["snippet"][where["start"] : where["end"]] == "needle"
    assert len(place["snippet"]) < 200


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"searchTerm": ""}, "thread/searchOccurrences requires a non-empty searchTerm"),
        ({"searchTerm": "needle", "cursor": "zz"}, "invalid cursor: zz"),
    ],
)
async def test_looking_for_nothing_in_a_thread_is_refused(
    lab: Lab, probe: Probe, params: dict[str, Any], text: str
) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    error = await probe.refusal("thread/searchOccurrences", {"threadId": thread_id, **params})
    assert (error.code, error.message) == (-32600, text)
