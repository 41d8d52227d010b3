"""Finding files of the server's machine by parts of their names."""

from pathlib import Path
from typing import Any

import pytest
import trio

from codex_trio.client.errors import AppServerError
from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe

UPDATED = "fuzzyFileSearch/sessionUpdated"
COMPLETED = "fuzzyFileSearch/sessionCompleted"
NO_SESSION = (-32600, "fuzzy file search session not found: s")


@pytest.fixture
def tree(lab: Lab) -> Path:
    root = lab.cwd / "tree"
    for name in ("lib/main", "lib/foo/mainx/y.rs", "src/main.rs", "src/main_test.rs", "x/amain", "README.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    return root


async def search(probe: Probe, query: str, *roots: object, **more: Any) -> list[dict[str, Any]]:
    params = {"query": query, "roots": [str(root) for root in roots], **more}
    answer: Any = await probe.request("fuzzyFileSearch", params)
    return answer["files"]


async def refusal(probe: Probe, method: str, **params: Any) -> tuple[int, str]:
    error = await probe.refusal(f"fuzzyFileSearch{method}", params)
    return error.code, error.message


async def hits(probe: Probe, query: str, *, session: str = "s", want: bool = True) -> list[str]:
    """Return the paths that a session tells for a query, some or none."""
    while True:
        params: Any = (await probe.until(UPDATED))["params"]
        if params["sessionId"] == session and params["query"] == query and bool(params["files"]) == want:
            return [file["path"] for file in params["files"]]


async def test_the_best_matches_come_first_with_their_scores(lab: Lab, tree: Path) -> None:
    async with lab.run() as probe:
        found = await search(probe, "main", tree)
        assert found[0] == {
            "root": str(tree),
            "path": "lib/main",
            "match_type": "file",
            "file_name": "main",
            "score": 196717,
            "indices": [4, 5, 6, 7],
        }
        assert [(file["path"], file["match_type"], file["score"]) for file in found[1:]] == [
            ("src/main.rs", "file", 65645),
            ("src/main_test.rs", "file", 65645),
            ("x/amain", "file", 65612),
            ("lib/foo/mainx", "directory", 109),
            ("lib/foo/mainx/y.rs", "file", 109),
        ]
        assert [file["path"] for file in await search(probe, "src main", tree)] == ["src/main.rs", "src/main_test.rs"]
        assert [file["path"] for file in await search(probe, "^src", tree)] == [
            "src",
            "src/main.rs",
            "src/main_test.rs",
        ]


async def test_where_there_is_nothing_nothing_is_found(lab: Lab, tree: Path) -> None:
    async with lab.run() as probe:
        for query, roots in (("", [tree]), ("zzzz", [tree]), ("main", []), ("main", [tree / "none"]), ("main", ["~"])):
            assert await search(probe, query, *roots) == []
        assert await search(probe, "main", tree / "src" / "main.rs") == []
        relative = await search(probe, "main", "tree/src")
        assert [(file["root"], file["path"]) for file in relative] == [
            ("tree/src", "main.rs"),
            ("tree/src", "main_test.rs"),
        ]


async def test_what_ripgrep_lists_is_found(lab: Lab, tree: Path) -> None:
    (tree / "main_empty").mkdir()
    (tree / ".ignore").write_text("main_ignored\n")
    (tree / ".rgignore").write_text("main_test.rs\n")
    (tree / "main_ignored").touch()
    async with lab.run() as probe:
        found = [file["path"] for file in await search(probe, "main", tree)]
        assert found == ["lib/main", "src/main.rs", "x/amain", "lib/foo/mainx", "lib/foo/mainx/y.rs"]


async def test_roots_that_are_no_folders_are_named(lab: Lab, tree: Path) -> None:
    async with lab.run() as probe:
        assert len(await search(probe, "readme", tree, tree / "none")) == 1
        warning: Any = await probe.until("warning")
        assert warning["params"]["message"].endswith(f"not searched, since there is no such folder: {tree}/none")


async def test_every_search_with_the_same_token_is_answered(lab: Lab, tree: Path) -> None:
    async with lab.run() as probe:
        for number, query in enumerate(("m", "ma", "readme"), start=100):
            params = {"query": query, "roots": [str(tree)], "cancellationToken": "t"}
            await probe.send({"id": number, "method": "fuzzyFileSearch", "params": params})
        answered: set[int] = set()
        while len(answered) < 3:
            answer = await probe.next(lambda message: message.get("id") in (100, 101, 102), "an answer")
            assert isinstance(answer["result"]["files"], list)
            answered.add(answer["id"])
        found = await search(probe, "readme", tree, cancellationToken="t")
        assert [file["path"] for file in found] == ["README.md"]


async def test_a_session_tells_what_is_found_for_the_last_query(lab: Lab, tree: Path) -> None:
    async with lab.run() as probe:
        assert await probe.request("fuzzyFileSearch/sessionStart", {"sessionId": "s", "roots": [str(tree)]}) == {}
        assert await hits(probe, "", want=False) == []
        for query, first in (("main", "lib/main"), ("readme", "README.md")):
            assert await probe.request("fuzzyFileSearch/sessionUpdate", {"sessionId": "s", "query": query}) == {}
            assert (await hits(probe, query))[0] == first
        for query in ("m", "ma", "zzzz"):
            await probe.request("fuzzyFileSearch/sessionUpdate", {"sessionId": "s", "query": query})
        assert await hits(probe, "zzzz", want=False) == []
        for _ in range(2):
            assert await probe.request("fuzzyFileSearch/sessionStop", {"sessionId": "s"}) == {}
        assert await refusal(probe, "/sessionUpdate", sessionId="s", query="main") == NO_SESSION


async def test_a_session_needs_an_id_and_somewhere_to_search(lab: Lab, tree: Path) -> None:
    async with lab.run() as probe:
        no_id = (-32600, "sessionId must not be empty")
        assert await refusal(probe, "/sessionStart", sessionId="", roots=[str(tree)]) == no_id
        problem = "failed to start fuzzy file search session: at least one search directory is required"
        assert await refusal(probe, "/sessionStart", sessionId="s", roots=[]) == (-32603, problem)
        assert await refusal(probe, "/sessionUpdate", sessionId="s", query="main") == NO_SESSION
        await probe.request("fuzzyFileSearch/sessionStart", {"sessionId": "s", "roots": [str(tree / "none")]})
        await probe.request("fuzzyFileSearch/sessionStart", {"sessionId": "s", "roots": [str(tree / "src")]})
        await probe.request("fuzzyFileSearch/sessionUpdate", {"sessionId": "s", "query": "main"})
        assert await hits(probe, "main") == ["main.rs", "main_test.rs"]


async def test_a_session_is_open_to_all_clients(lab: Lab, tree: Path) -> None:
    async with lab.listen() as server, server.connect() as first, server.connect() as second:
        await first.request("fuzzyFileSearch/sessionStart", {"sessionId": "s", "roots": [str(tree)]})
        await second.request("fuzzyFileSearch/sessionUpdate", {"sessionId": "s", "query": "readme"})
        for client in (first, second):
            assert await hits(client, "readme") == ["README.md"]


async def test_a_file_that_is_made_later_is_found(lab: Lab, tree: Path) -> None:
    async with lab.run() as probe:
        await probe.request("fuzzyFileSearch/sessionStart", {"sessionId": "s", "roots": [str(tree)]})
        await probe.request("fuzzyFileSearch/sessionUpdate", {"sessionId": "s", "query": "main"})
        await hits(probe, "main")
        (tree / "src" / "brand_new").write_text("x")
        files: list[dict[str, Any]] = []
        for _ in range(20):
            await probe.request("fuzzyFileSearch/sessionUpdate", {"sessionId": "s", "query": "brandnew"})
            params: Any = (await probe.until(UPDATED))["params"]
            files = files or params["files"]
        assert [file["path"] for file in files] == ["src/brand_new"]


async def test_a_session_ends_with_the_client_that_started_it(lab: Lab, tree: Path) -> None:
    async with lab.listen() as server, server.connect() as second:
        async with server.connect() as first:
            await first.request("fuzzyFileSearch/sessionStart", {"sessionId": "s", "roots": [str(tree)]})
        # The server learns of the end of a client a moment later.
        for _ in range(200):
            if await is_refused(second):
                return
            await trio.sleep(0.02)
        raise AssertionError("the session goes on")


async def is_refused(client: Probe) -> bool:
    try:
        await client.client.request("fuzzyFileSearch/sessionUpdate", {"sessionId": "s", "query": "main"})
    except AppServerError as error:
        return (error.code, error.message) == NO_SESSION
    return False
