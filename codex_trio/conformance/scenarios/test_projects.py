"""Projects: named groups of folders with their threads, which every client hears of."""

from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.shapes import ANY_INT, ANY_STR
from codex_trio.conformance.threads import UNKNOWN_THREAD, heard, thread_with_turns
from codex_trio.testing.model_script import answer, message

CHANGED = "project/changed"
MOVED = "thread/project/updated"


async def create(probe: Probe, key: str, **fields: Any) -> dict[str, Any]:
    """Return a new project, named after its key unless the fields say otherwise."""
    params: dict[str, Any] = {"idempotencyKey": key, "name": key.upper(), "roots": [], **fields}
    return (await probe.request("project/create", params))["project"]


async def names(probe: Probe, **query: Any) -> list[str]:
    """Return the names of the projects that a list gives."""
    return [project["name"] for project in (await probe.request("project/list", query))["data"]]


async def project_of(probe: Probe, thread_id: str) -> str | None:
    """Return the project that a thread says it is in."""
    return (await probe.request("thread/read", {"threadId": thread_id}))["thread"]["projectId"]


async def threads_of(probe: Probe, project_id: str | None, **query: Any) -> list[str]:
    """Return the threads that a list by project gives."""
    listed = await probe.request("thread/list", {"projectId": project_id, **query})
    return [thread["id"] for thread in listed["data"]]


async def test_a_project_is_told_to_every_client_before_it_is_answered(lab: Lab) -> None:
    async with lab.listen() as server, server.connect() as probe, server.connect() as other:
        root = str(lab.cwd)
        params = {"idempotencyKey": "k", "name": " First ", "roots": [{"path": root}], "metadata": {"color": "red"}}
        result, told = await heard(probe, "project/create", params)
        project = result["project"]
        assert project == {
            "id": ANY_STR,
            "name": "First",
            "roots": [{"path": root}],
            "metadata": {"color": "red"},
            "createdAt": ANY_INT,
            "updatedAt": ANY_INT,
            "recencyAt": None,
        }
        assert told == [(CHANGED, {"projectId": project["id"], "changeType": "created"})]
        assert (await other.until(CHANGED))["params"] == told[0][1]
        assert await other.request("project/read", {"projectId": project["id"]}) == result


async def test_a_key_makes_one_project_whatever_else_is_asked_for(lab: Lab) -> None:
    async with lab.run() as probe:
        project = await create(probe, "k")
        again, told = await heard(
            probe, "project/create", {"idempotencyKey": "k", "name": "Other", "roots": [{"path": "/x"}]}
        )
        assert (again["project"], told) == (project, [])
    async with lab.run() as probe:
        assert await create(probe, "k", name="Other") == project
        await probe.request("project/delete", {"projectId": project["id"]})
        error = await probe.refusal("project/create", {"idempotencyKey": "k", "name": "x", "roots": []})
        assert (error.code, error.message) == (-32602, "idempotency key refers to deleted project: k")


async def test_given_fields_replace_whole_and_only_a_change_is_told(probe: Probe) -> None:
    project = await create(probe, "k", metadata={"a": "1"}, roots=[{"path": "/a"}])
    changes: tuple[tuple[dict[str, Any], bool], ...] = (
        ({"name": " New ", "metadata": None}, True),
        ({"roots": [{"path": "/b"}], "metadata": {"b": "2"}}, True),
        ({}, False),
        ({"name": "New", "roots": [{"path": "/b"}]}, False),
    )
    for change, is_told in changes:
        _, told = await heard(probe, "project/update", {"projectId": project["id"], **change})
        assert told == ([(CHANGED, {"projectId": project["id"], "changeType": "updated"})] if is_told else [])
    found = (await probe.request("project/read", {"projectId": project["id"]}))["project"]
    assert (found["name"], found["roots"], found["metadata"]) == ("New", [{"path": "/b"}], {"b": "2"})


async def test_projects_are_in_the_order_that_they_are_moved_to(probe: Probe) -> None:
    ids = [(await create(probe, key))["id"] for key in "abc"]
    result, told = await heard(probe, "project/move", {"projectId": ids[2], "beforeProjectId": ids[0]})
    assert (result, told) == ({}, [(CHANGED, {"projectId": ids[2], "changeType": "updated"})])
    assert await names(probe) == ["C", "A", "B"]
    await probe.request("project/move", {"projectId": ids[0]})
    assert await names(probe) == ["C", "B", "A"]
    first = await probe.request("project/list", {"limit": 0})
    assert first["nextCursor"] == f"0|{ids[2]}"
    rest = await probe.request("project/list", {"cursor": first["nextCursor"]})
    assert ([project["id"] for project in rest["data"]], rest["nextCursor"]) == ([ids[1], ids[0]], None)


async def test_a_list_by_recency_has_projects_without_threads_last(lab: Lab, probe: Probe) -> None:
    empty, used = await create(probe, "empty"), await create(probe, "used")
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    await probe.request("thread/metadata/update", {"threadId": thread_id, "projectId": used["id"]})
    read = await probe.request("thread/read", {"threadId": thread_id})
    page = await probe.request("project/list", {"sortKey": "recencyAt", "limit": 1})
    assert [project["id"] for project in page["data"]] == [used["id"]]
    assert page["data"][0]["recencyAt"] == read["thread"]["recencyAt"]
    rest = await probe.request("project/list", {"sortKey": "recencyAt", "cursor": page["nextCursor"]})
    assert [project["id"] for project in rest["data"]] == [empty["id"]]
    assert await names(probe, sortKey="recencyAt", sortDirection="asc") == ["USED", "EMPTY"]
    await probe.request("thread/archive", {"threadId": thread_id})
    assert (await probe.request("project/read", {"projectId": used["id"]}))["project"]["recencyAt"] is None


async def test_a_thread_begins_in_a_project_and_its_fork_stays_there(lab: Lab) -> None:
    async with lab.run() as probe:
        project = (await create(probe, "k"))["id"]
        thread_id = (await probe.start_thread(cwd=str(lab.cwd), projectId=project))["id"]
        started = await probe.until("thread/started")
        assert started["params"]["thread"]["projectId"] == project
        other, _ = await thread_with_turns(lab, probe, 1)
        lab.script(answer(message("Yes.", item_id="r0")))
        await probe.run_turn(thread_id, "hello")
        assert await project_of(probe, thread_id) == project
        fork = await probe.request("thread/fork", {"threadId": thread_id, "excludeTurns": True})
        assert fork["thread"]["projectId"] == project
        assert set(await threads_of(probe, project)) == {thread_id, fork["thread"]["id"]}
        assert await threads_of(probe, None) == [other]
    async with lab.run() as probe:
        assert set(await threads_of(probe, project)) == {thread_id, fork["thread"]["id"]}
        resumed = await probe.request("thread/resume", {"threadId": thread_id, "excludeTurns": True})
        assert resumed["thread"]["projectId"] == project


async def test_an_ephemeral_thread_says_its_project_once(lab: Lab, probe: Probe) -> None:
    project = (await create(probe, "k"))["id"]
    thread = await probe.start_thread(cwd=str(lab.cwd), projectId=project, ephemeral=True)
    assert thread["projectId"] == project
    assert await threads_of(probe, project) == []
    assert await project_of(probe, thread["id"]) is None


async def test_a_thread_moves_between_projects(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    one, two = [(await create(probe, key))["id"] for key in "ab"]
    for given, becomes, is_told in ((one, one, True), (one, one, False), (two, two, True), ("", None, True)):
        result, told = await heard(probe, "thread/metadata/update", {"threadId": thread_id, "projectId": given})
        assert result["thread"]["projectId"] == becomes
        assert told == ([(MOVED, {"threadId": thread_id, "projectId": becomes})] if is_told else [])
        assert await project_of(probe, thread_id) == becomes
    await probe.request("thread/archive", {"threadId": thread_id})
    await probe.request("thread/metadata/update", {"threadId": thread_id, "projectId": one})
    assert await threads_of(probe, one) == []
    assert await threads_of(probe, one, archived=True) == [thread_id]
    unarchived = await probe.request("thread/unarchive", {"threadId": thread_id})
    assert unarchived["thread"]["projectId"] == one


async def test_a_thread_without_a_turn_cannot_be_put_into_a_project_yet(lab: Lab, probe: Probe) -> None:
    project = (await create(probe, "k"))["id"]
    fresh = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    ephemeral = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
    for thread_id in (fresh, ephemeral, UNKNOWN_THREAD):
        error = await probe.refusal("thread/metadata/update", {"threadId": thread_id, "projectId": project})
        reason = f"invalid thread-store request: no rollout found for thread id {thread_id}"
        assert (error.code, error.message) == (-32603, f"failed to read thread metadata: {reason}")


async def test_removing_a_project_sets_its_threads_free(lab: Lab, probe: Probe) -> None:
    project = (await create(probe, "k"))["id"]
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    await probe.request("thread/metadata/update", {"threadId": thread_id, "projectId": project})
    result, told = await heard(probe, "project/delete", {"projectId": project})
    assert result == {}
    assert told == [
        (CHANGED, {"projectId": project, "changeType": "deleted"}),
        (MOVED, {"threadId": thread_id, "projectId": None}),
    ]
    assert await project_of(probe, thread_id) is None
    assert await names(probe) == []


async def test_threads_are_imported_with_a_new_project(lab: Lab, probe: Probe) -> None:
    old = (await create(probe, "old"))["id"]
    ids = [(await thread_with_turns(lab, probe, 1))[0] for _ in range(2)]
    await probe.request("thread/metadata/update", {"threadId": ids[0], "projectId": old})
    params = {"idempotencyKey": "k", "name": "New", "roots": [{"path": "/a/../b/"}], "threads": ids}
    result, told = await heard(probe, "project/import", params)
    project = result["project"]
    assert project["roots"] == [{"path": "/b"}]
    assert project["recencyAt"] is not None
    assert told == [
        (CHANGED, {"projectId": project["id"], "changeType": "created"}),
        *((MOVED, {"threadId": thread_id, "projectId": project["id"]}) for thread_id in ids),
    ]
    assert await threads_of(probe, old) == []
    assert set(await threads_of(probe, project["id"])) == set(ids)
    again, told = await heard(probe, "project/import", {**params, "threads": []})
    assert (again["project"]["id"], told) == (project["id"], [])
    await probe.request("thread/delete", {"threadId": ids[0]})
    assert await threads_of(probe, project["id"]) == [ids[1]]


async def test_an_import_that_fails_leaves_nothing(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    fresh = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    for threads, text in (
        ([thread_id, UNKNOWN_THREAD], f"thread not found: {UNKNOWN_THREAD}"),
        ([thread_id, "nope"], "thread not found: nope"),
        ([thread_id, fresh], f"thread not found: {fresh}"),
        ([thread_id, thread_id], f"duplicate thread id: {thread_id}"),
    ):
        error = await probe.refusal(
            "project/import", {"idempotencyKey": "k", "name": "x", "roots": [], "threads": threads}
        )
        assert (error.code, error.message) == (-32602, text)
    assert await names(probe) == []
    assert await project_of(probe, thread_id) is None
    assert (await create(probe, "k"))["name"] == "K"


@pytest.mark.parametrize(
    ("method", "params", "code", "text"),
    [
        ("create", {"idempotencyKey": "k", "name": " ", "roots": []}, -32602, "project name must not be empty"),
        ("create", {"idempotencyKey": " ", "name": "x", "roots": []}, -32602, "idempotencyKey must not be empty"),
        (
            "create",
            {"idempotencyKey": "k", "name": "x", "roots": [{"path": "/a"}, {"path": "/a/"}]},
            -32602,
            "duplicate project root: /a",
        ),
        (
            "create",
            {"idempotencyKey": "k", "name": "x", "roots": [{"path": "a"}]},
            -32600,
            "Invalid request: AbsolutePathBuf deserialized without a base path",
        ),
        ("create", {"name": "x", "roots": []}, -32600, "Invalid request: missing field `idempotencyKey`"),
        ("read", {"projectId": "nope"}, -32602, "project not found: nope"),
        ("update", {"projectId": "nope", "name": "x"}, -32602, "project not found: nope"),
        ("update", {"projectId": "nope", "name": " "}, -32602, "project name must not be empty"),
        ("move", {"projectId": "nope"}, -32602, "project not found: nope"),
        ("delete", {"projectId": "nope"}, -32602, "project not found: nope"),
        ("list", {"sortDirection": "asc"}, -32602, "sortDirection requires sortKey"),
        ("list", {"cursor": "zz"}, -32602, "invalid project cursor: malformed or mismatched sort anchor"),
        ("list", {"cursor": "1|zz"}, -32602, "invalid project cursor: malformed or mismatched sort anchor"),
    ],
)
async def test_what_cannot_be_is_refused(
    probe: Probe, method: str, params: dict[str, Any], code: int, text: str
) -> None:
    error = await probe.refusal(f"project/{method}", params)
    assert (error.code, error.message) == (code, text)


async def test_a_project_that_is_not_there_is_refused_wherever_one_is_named(lab: Lab, probe: Probe) -> None:
    there = (await create(probe, "k"))["id"]
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    for method, params, code, text in (
        ("thread/start", {"projectId": "nope"}, -32600, "project not found: nope"),
        ("thread/start", {"projectId": "nope", "ephemeral": True}, -32600, "project not found: nope"),
        ("thread/start", {"projectId": ""}, -32600, "projectId must not be empty"),
        ("thread/metadata/update", {"threadId": thread_id, "projectId": "nope"}, -32600, "project not found: nope"),
        ("thread/list", {"projectId": "nope"}, -32602, "project not found: nope"),
        ("thread/list", {"projectId": ""}, -32602, "projectId must not be empty"),
        ("project/move", {"projectId": there, "beforeProjectId": "no"}, -32602, "before project not found: no"),
        (
            "project/move",
            {"projectId": there, "beforeProjectId": there},
            -32602,
            f"project {there} cannot be moved before itself",
        ),
    ):
        error = await probe.refusal(method, params)
        assert (error.code, error.message) == (code, text)
