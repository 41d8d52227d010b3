"""The official conformance suite for clients, and servers of other makers, over real stdio and streamable HTTP.

They come from npm, and are no dependency: these run where `MCP_PEERS` names a folder with them, as `make peers` makes
one. What they look for is held by scripted servers besides.
"""

import re
import sys
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from subprocess import STDOUT
from typing import Any

import pytest
import trio
from npm_peers import (
    ABSENT,
    EVERYTHING,
    NODE,
    PATIENCE,
    SCOPE,
    SUITE,
    Peer,
    by_stdio,
    called,
    environment,
    served,
    used,
)

from codex_trio.testing.model_script import answer, function_call, message

pytestmark = pytest.mark.skipif(not SUITE.exists(), reason=ABSENT)

SCENARIOS = (
    "initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry", "json-schema-ref-no-deref",
    "json-schema-2020-12-preservation", "auth/metadata-default", "auth/metadata-var1", "auth/metadata-var2",
    "auth/metadata-var3", "auth/metadata-issuer-mismatch", "auth/scope-from-www-authenticate",
    "auth/scope-from-scopes-supported", "auth/scope-omitted-when-undefined", "auth/scope-step-up",
    "auth/scope-retry-limit", "auth/token-endpoint-auth-basic", "auth/token-endpoint-auth-post",
    "auth/token-endpoint-auth-none", "auth/pre-registration", "auth/2025-03-26-oauth-metadata-backcompat",
    "auth/2025-03-26-oauth-endpoint-fallback", "auth/resource-mismatch", "auth/offline-access-scope",
    "auth/offline-access-not-supported", "auth/authorization-server-migration", "auth/iss-supported",
    "auth/iss-not-advertised", "auth/iss-supported-missing", "auth/iss-wrong-issuer", "auth/iss-unexpected",
    "auth/iss-normalized",
)  # fmt: skip
# They are about skills that servers bring, an extension; of a client without it they look at nothing.
UNJUDGED = tuple(
    f"sep-2640-client-{of}" for of in ("no-prefetch", "verify-digest", "verify-size", "verify-frontmatter")
)
WITHOUT_USERS = "an extension: logins without a user"
BOUND = "an extension: tokens bound to a key"
REVISION = "the revision 2026-07-28, in which nothing is greeted"
MISSING: Mapping[str, str] = {
    "auth/basic-cimd": "a document about this client would have to stand on the web, at an address of the project",
    "auth/client-credentials-jwt": WITHOUT_USERS,
    "auth/client-credentials-basic": WITHOUT_USERS,
    "auth/wif-jwt-bearer": WITHOUT_USERS,
    "auth/enterprise-managed-authorization": "an extension: logins by a company's identity provider",
    "auth/dpop": BOUND,
    "auth/dpop-nonce": BOUND,
    "request-metadata": REVISION,
    "sep-2322-client-request-state": REVISION,
    "http-standard-headers": REVISION,
    "http-custom-headers": REVISION,
    "http-invalid-tool-headers": REVISION,
}


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_the_conformance_suite_finds_nothing(scenario: str, tmp_path: Path):
    said = await judged(scenario, tmp_path)
    assert "OVERALL: PASSED" in said, said


@pytest.mark.parametrize("scenario", MISSING)
async def test_what_is_not_there_is_what_the_suite_finds(scenario: str, tmp_path: Path):
    said = await judged(scenario, tmp_path)
    assert "OVERALL: FAILED" in said, said


async def judged(scenario: str, folder: Path) -> str:
    """Return what the suite says of a scenario."""
    client = f"{sys.executable} -m codex_trio.testing.mcp_conformance_client"
    # Scenarios of later revisions are judged as they are with servers of this one, where they are about more than that.
    revision = ["--spec-version", "2025-11-25", "--force"]
    command = [NODE, SUITE, "client", "--scenario", scenario, *revision, "--command", client]
    with trio.fail_after(PATIENCE):
        ended = await trio.run_process(
            command, cwd=folder, env=environment(folder), capture_stdout=True, stderr=STDOUT, check=False
        )
    return ended.stdout.decode()


async def test_the_suite_has_no_other_scenarios(tmp_path: Path):
    command = [NODE, SUITE, "list", "--client"]
    listed = await trio.run_process(command, cwd=tmp_path, env=environment(tmp_path), capture_stdout=True)
    names = {line.split()[1] for line in listed.stdout.decode().splitlines() if line.startswith("  - ")}
    assert names == {*SCENARIOS, *UNJUDGED, *MISSING}


@pytest.fixture(params=["stdio", "http"])
async def everything(request: Any, tmp_path: Path) -> AsyncGenerator[Peer]:
    table = served(EVERYTHING, tmp_path) if request.param == "http" else by_stdio(EVERYTHING)
    async with used(table, tmp_path) as peer:
        yield peer


async def test_what_the_everything_server_has_can_be_used(everything: Peer, tmp_path: Path):
    assert await everything.text("echo", message="hi") == "Echo: hi"
    assert await everything.text("get-sum", a=2, b=3) == "The sum of 2 and 3 is 5."
    assert f"file://{tmp_path}/work" in await everything.text("get-roots-list")
    structured = await everything.call("get-structured-content", location="Chicago")
    assert structured["structuredContent"].keys() == {"temperature", "conditions", "humidity"}
    [_, picture, _] = (await everything.call("get-tiny-image"))["content"]
    assert (picture["type"], picture["mimeType"]) == ("image", "image/png")
    links = (await everything.call("get-resource-links", count=3))["content"]
    assert [link["type"] for link in links] == ["text", *["resource_link"] * 3]
    assert "completed" in await everything.text("trigger-long-running-operation", duration=0.2, steps=2)
    assert "User provided" in await everything.text("trigger-elicitation-request")
    assert (await everything.call("get-sum", a="x"))["isError"]


async def test_resources_of_the_everything_server_are_listed_as_they_are_now(everything: Peer):
    status = await everything.status()
    for uri in (status["resources"][0]["uri"], "demo://resource/dynamic/text/1"):
        [read] = (await everything.ask("mcpServer/resource/read", uri=uri))["contents"]
        assert read["text"]
    templates = {template["uriTemplate"] for template in status["resourceTemplates"]}
    assert templates == {"demo://resource/dynamic/text/{resourceId}", "demo://resource/dynamic/blob/{resourceId}"}
    made = await everything.call("gzip-file-as-resource", name="a.gz", data="data:,abc", outputType="resourceLink")
    uri = made["content"][0]["uri"]
    assert uri in {resource["uri"] for resource in (await everything.status())["resources"]}
    [read] = (await everything.ask("mcpServer/resource/read", uri=uri))["contents"]
    assert (read["mimeType"], bool(read["blob"])) == ("application/gzip", True)


async def test_a_model_uses_the_everything_server(everything: Peer):
    turn, told = await everything.turn(called("get-structured-content", location="Chicago"))
    [item] = [item for item in turn.items if item["type"] == "mcpToolCall"]
    assert (item["status"], item["result"]["structuredContent"]["conditions"]) == ("completed", "Light rain / drizzle")
    assert "Light rain" in str(told)
    _, told = await everything.turn(called("get-tiny-image"))
    assert [part["type"] for part in told] == ["input_text", "input_text", "input_image", "input_text"]
    _, told = await everything.turn(called("trigger-elicitation-request"))
    assert "User provided" in str(told)
    turn, told = await everything.turn(called("get-sum", a="x", b=1))
    assert [item["status"] for item in turn.items if item["type"] == "mcpToolCall"] == ["failed"]
    _, told = await everything.turn(function_call("list_mcp_resources", {"server": "peer"}, call_id="c"))
    assert "demo://resource" in str(told)


async def test_a_call_of_the_everything_server_tells_how_far_it_is_and_can_be_interrupted(everything: Peer):
    everything.model.add(answer(called("trigger-long-running-operation", duration=60, steps=300)))
    async with everything.thread.stream("Go on.") as running:
        async for update in running:
            if update.method == "item/mcpToolCall/progress":
                await running.interrupt()
    assert running.result.status == "interrupted"
    everything.model.add(answer(message("done")))
    assert (await everything.thread.run("And now?")).text == "done"
    assert await everything.text("echo", message="hi") == "Echo: hi"


async def test_what_the_everything_server_says_is_logged(everything: Peer):
    await everything.call("toggle-simulated-logging")
    assert await everything.server.stderr_tail.find(re.compile("MCP server peer says: .*-level message"))


async def test_the_filesystem_server_reads_and_writes_files(tmp_path: Path):
    work = tmp_path / "work"
    async with used(by_stdio(SCOPE / "server-filesystem/dist/index.js", str(work)), tmp_path) as peer:
        await peer.turn(called("write_file", path=str(work / "a"), content="text\n"))
        assert (work / "a").read_text() == "text\n"
        assert await peer.text("read_text_file", path=str(work / "a")) == "text\n"
        assert await peer.text("list_directory", path=str(work)) == "[FILE] a"
        assert "outside" in await peer.text("read_text_file", path="/etc/hostname")


async def test_the_memory_server_remembers_from_call_to_call(tmp_path: Path):
    program = SCOPE / "server-memory/dist/index.js"
    async with used(by_stdio(program, MEMORY_FILE_PATH=str(tmp_path / "graph")), tmp_path) as peer:
        entity = {"name": "Trio", "entityType": "library", "observations": ["structured"]}
        await peer.call("create_entities", entities=[entity])
        assert (await peer.call("search_nodes", query="structured"))["structuredContent"]["entities"] == [entity]
        assert "structured" in str((await peer.turn(called("read_graph")))[1])
