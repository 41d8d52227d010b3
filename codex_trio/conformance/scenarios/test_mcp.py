"""Servers of the Model Context Protocol: their tools in turns, their questions, and what clients ask of them."""

import contextlib
import json
import re
import sys
import tomllib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

import codex_trio.testing.mcp_server
from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Answerer, FinishedTurn, Message, Probe
from codex_trio.conformance.shapes import ANY_INT
from codex_trio.testing.model_script import Event, answer, function_call, item_done, message

SERVER = Path(codex_trio.testing.mcp_server.__file__)
STARTED = "mcpServer/startupStatus/updated"
ASKING: dict[str, Any] = {"approval_policy": "on-request", "sandbox_mode": "workspace-write"}


def server(name: str = "tiny", *, more: str = "", env: dict[str, str] | None = None) -> str:
    """Return the table of a server."""
    variables = ", ".join(f'{key} = "{value}"' for key, value in (env or {}).items())
    return f"""
[mcp_servers.{name}]
command = "{sys.executable}"
args = ["-S", "{SERVER}"]
env = {{ {variables} }}
{more}
"""


def call(tool: str, arguments: dict[str, Any] | None = None, *, name: str = "tiny", call_id: str = "call_1") -> Event:
    """Return a model's call of a server's tool."""
    return function_call(tool, arguments or {}, call_id=call_id, namespace=f"mcp__{name}")


@contextlib.asynccontextmanager
async def ready(lab: Lab, tables: str, **settings: Any) -> AsyncGenerator[tuple[Probe, str]]:
    """Provide a client with a thread whose servers are ready or failed."""
    lab.configure(tables=tables, **settings)
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        for _ in range(tables.count("[mcp_servers.")):
            await probe.until(STARTED, thread_id=thread_id, where=lambda told: told["status"] in ("ready", "failed"))
        yield probe, thread_id


async def run(lab: Lab, probe: Probe, thread_id: str, *calls: Event, answers: Answerer | None = None) -> FinishedTurn:
    """Return a turn in which the model makes one call a response."""
    lab.script(*(answer(made) for made in calls), answer(message("done")))
    turn = await probe.run_turn(thread_id, answer=answers)
    assert turn.status == "completed"
    return turn


async def test_the_model_is_told_of_a_servers_tools_and_calls_them(lab: Lab) -> None:
    async with ready(lab, server()) as (probe, thread_id):
        turn = await run(lab, probe, thread_id, call("echo", {"message": "hi"}))
    first = lab.model.requests[0].body
    assert any(tool["type"] == "tool_search" for tool in first["tools"])
    assert "mcp__tiny" in json.dumps(first["input"])
    assert {"list_mcp_resources", "read_mcp_resource"} <= {tool.get("name") for tool in first["tools"]}
    assert turn.items("mcpToolCall") == [
        {
            "type": "mcpToolCall",
            "id": "call_1",
            "server": "tiny",
            "environmentId": None,
            "tool": "echo",
            "status": "completed",
            "arguments": {"message": "hi"},
            "appContext": None,
            "mcpAppUi": None,
            "pluginId": None,
            "readOnlyHint": True,
            "result": {
                "content": [{"type": "text", "text": "echo: hi"}],
                "structuredContent": {"result": "echo: hi"},
                "_meta": None,
            },
            "error": None,
            "durationMs": ANY_INT,
            "startedAtMs": ANY_INT,
            "completedAtMs": ANY_INT,
        }
    ]
    header, _, body = lab.model.requests[1].output_of("call_1").partition("\n")
    assert header.startswith("Wall time: ")
    assert body == 'Output:\n{"result":"echo: hi"}'


async def test_a_tool_with_a_hyphen_is_called_without_and_its_damaged_picture_is_seen(lab: Lab) -> None:
    async with ready(lab, server()) as (probe, thread_id):
        turn = await run(lab, probe, thread_id, call("old_picture"))
        result = await probe.request(
            "mcpServer/tool/call", {"threadId": thread_id, "server": "tiny", "tool": "old-picture", "arguments": {}}
        )
    [item] = turn.items("mcpToolCall")
    assert (item["tool"], item["status"]) == ("old-picture", "completed")
    assert item["result"]["content"] == result["content"]
    [_, picture] = lab.model.requests[1].output_of("call_1")
    assert picture["image_url"].startswith("data:image/png;base64,")


async def namespaces(lab: Lab, probe: Probe, thread_id: str) -> list[str]:
    """Return the namespaces in which a model finds the tool `echo`."""
    item = {"type": "tool_search_call", "id": "tsc_1", "call_id": "call_1", "execution": "client"}
    search = item_done({**item, "status": "completed", "arguments": {"query": "echo says it again", "limit": 20}})
    await run(lab, probe, thread_id, search)
    outputs = [part for part in lab.model.requests[-1].body["input"] if part["type"] == "tool_search_output"]
    return [tool["name"] for tool in outputs[-1]["tools"] if tool["name"].startswith("mcp__")]


@pytest.mark.parametrize("names", [("my-own", "my_own"), ("my_own", "my.own")])
async def test_servers_with_names_alike_are_told_apart(lab: Lab, names: tuple[str, str]) -> None:
    async with ready(lab, "".join(server(f'"{name}"') for name in names)) as (probe, thread_id):
        found = await namespaces(lab, probe, thread_id)
        assert len(set(found)) == 2
        assert all(re.fullmatch("mcp__my_own_[0-9a-f]{12}", namespace) for namespace in found)
        calls = [function_call("echo", {"message": "hi"}, call_id=name, namespace=name) for name in found]
        turn = await run(lab, probe, thread_id, *calls)
    assert {item["server"] for item in turn.items("mcpToolCall")} == set(names)


async def test_a_server_keeps_its_name_whichever_other_is_there(lab: Lab) -> None:
    tables = server('"my-own"') + server("my_own", env={"MCP_CRASH": "gone"})
    async with ready(lab, tables) as (probe, thread_id):
        [alone] = await namespaces(lab, probe, thread_id)
    async with ready(lab, server('"my-own"') + server("my_own")) as (probe, thread_id):
        assert alone in await namespaces(lab, probe, thread_id)


async def test_calls_read_back_as_they_were_streamed(lab: Lab) -> None:
    tools = ("fail", "picture", "danger", "steps")
    async with ready(lab, server()) as (probe, thread_id):
        turn = await run(lab, probe, thread_id, *(call(tool, call_id=f"call_{tool}") for tool in tools))
        streamed = turn.items("mcpToolCall")
    assert [(item["tool"], item["status"], item["error"]) for item in streamed] == [
        ("fail", "failed", None),
        ("picture", "completed", None),
        ("danger", "completed", None),
        ("steps", "completed", None),
    ]
    outputs = {tool: lab.model.requests[-1].output_of(f"call_{tool}") for tool in tools}
    assert outputs["danger"].endswith('\n{"result":"did it"}')
    assert [[part["type"] for part in outputs[tool]] for tool in ("fail", "picture", "steps")] == [
        ["input_text", "input_text"],
        ["input_text", "input_text", "input_image"],
        ["input_text", "input_text"],
    ]
    assert [outputs[tool][1]["text"] for tool in ("fail", "picture", "steps")] == ["it did not work", "look", "done"]
    assert outputs["picture"][2]["image_url"].startswith("data:image/png;base64,")
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id})
        lab.script(answer(message("Again.")))
        await probe.run_turn(thread_id)
        assert {tool: lab.model.requests[-1].output_of(f"call_{tool}") for tool in tools} == outputs
        read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    items = [item for item in read["thread"]["turns"][0]["items"] if item["type"] == "mcpToolCall"]
    assert items == streamed


async def test_only_tools_that_say_that_they_read_are_called_in_plan_mode_where_nobody_is_asked(lab: Lab) -> None:
    settings = {"model": "gpt-5.5", "reasoning_effort": None, "developer_instructions": None}
    # That the user need not be asked does not make a tool one that only reads.
    tables = server(more='default_tools_approval_mode = "approve"')
    async with ready(lab, tables) as (probe, thread_id):
        for kind, statuses in (("plan", ["failed", "failed", "completed"]), ("default", ["completed"] * 3)):
            made = [call(tool, call_id=f"{kind}_{tool}") for tool in ("danger", "plain", "echo")]
            lab.script(*(answer(one) for one in made), answer(message("done")))
            turn = await probe.run_turn(thread_id, collaborationMode={"mode": kind, "settings": settings})
            assert [item["status"] for item in turn.items("mcpToolCall")] == statuses
            if kind == "plan":
                refused = turn.items("mcpToolCall")[1]
                assert refused["result"] is None
                for told in (refused["error"]["message"], lab.model.requests[-1].output_of("plan_plain")[1]["text"]):
                    assert "`tiny/plain` was not called" in told
                    assert "plan mode" in told


# Questions


def decide(action: str, asked: list[Any], *, persist: str | None = None, content: Any = None) -> Answerer:
    """Answer questions with an action, and keep them."""

    def answered(request: Message) -> Any:
        asked.append(request["params"])
        return {"action": action, "content": content, "_meta": None if persist is None else {"persist": persist}}

    return answered


@pytest.mark.parametrize(
    ("action", "status", "error"),
    [
        ("accept", "completed", None),
        ("decline", "failed", {"message": "user rejected MCP tool call"}),
        ("cancel", "failed", {"message": "user cancelled MCP tool call"}),
    ],
)
async def test_a_user_is_asked_about_a_tool_that_may_do_harm(
    lab: Lab, action: str, status: str, error: dict[str, Any] | None
) -> None:
    asked: list[Any] = []
    async with ready(lab, server(), **ASKING) as (probe, thread_id):
        turn = await run(lab, probe, thread_id, call("danger", {"x": 1}), answers=decide(action, asked))
    [item] = turn.items("mcpToolCall")
    assert (item["status"], item["error"]) == (status, error)
    assert asked == [
        {
            "threadId": thread_id,
            "turnId": turn.id,
            "serverName": "tiny",
            "environmentId": None,
            "mode": "form",
            "_meta": {
                "codex_approval_kind": "mcp_tool_call",
                "persist": ["session", "always"],
                "tool_name": "danger",
                "tool_annotations": {"readOnlyHint": False, "destructiveHint": True, "openWorldHint": True},
                "tool_description": "Breaks something",
                "tool_params": {"x": 1},
                "tool_params_display": [{"name": "x", "value": 1, "display_name": "x"}],
            },
            "message": 'Allow the tiny MCP server to run tool "danger"?',
            "requestedSchema": {"type": "object", "properties": {}},
        }
    ]
    if error is not None:
        said = lab.model.requests[1].output_of("call_1")
        assert said[1] == {"type": "input_text", "text": error["message"]}


@pytest.mark.parametrize("persist", ["session", "always"])
async def test_an_answer_may_hold_for_the_thread_or_for_good(lab: Lab, persist: str) -> None:
    asked: list[Any] = []
    async with ready(lab, server(), **ASKING) as (probe, thread_id):
        answers = decide("accept", asked, persist=persist)
        for number in range(2):
            await run(lab, probe, thread_id, call("plain", call_id=f"call_{number}"), answers=answers)
    [question] = asked
    assert question["_meta"] == {
        "codex_approval_kind": "mcp_tool_call",
        "persist": ["session", "always"],
        "tool_name": "plain",
        "tool_title": "A plain tool",
        "tool_params": {},
        "tool_params_display": [],
    }
    config = tomllib.loads((lab.codex_home / "config.toml").read_text())["mcp_servers"]["tiny"]
    assert config.get("tools") == ({"plain": {"approval_mode": "approve"}} if persist == "always" else None)


@pytest.mark.parametrize(
    ("mode", "tool", "asks"),
    [("auto", "echo", False), ("auto", "plain", True), ("prompt", "echo", True), ("approve", "danger", False)],
)
async def test_the_settings_say_when_a_user_is_asked(lab: Lab, mode: str, tool: str, asks: bool) -> None:  # noqa: FBT001
    asked: list[Any] = []
    tables = server(more=f'default_tools_approval_mode = "{mode}"')
    async with ready(lab, tables, **ASKING) as (probe, thread_id):
        turn = await run(lab, probe, thread_id, call(tool, {"message": "x"}), answers=decide("accept", asked))
    assert bool(asked) == asks
    assert [item["status"] for item in turn.items("mcpToolCall")] == ["completed"]


async def test_a_user_is_asked_in_plan_mode_what_else_could_be_called(lab: Lab) -> None:
    settings = {"model": "gpt-5.5", "reasoning_effort": None, "developer_instructions": None}
    asked: list[Any] = []
    async with ready(lab, server(), **ASKING) as (probe, thread_id):
        # That a tool may be called for the rest of the session says nothing of turns that are to change nothing.
        accept = decide("accept", asked, persist="session")
        await run(lab, probe, thread_id, call("plain", call_id="call_0"), answers=accept)
        for action, status in (("decline", "failed"), ("accept", "completed")):
            lab.script(answer(call("echo", {"message": "x"}), call("plain", call_id=action)), answer(message("done")))
            plan = {"mode": "plan", "settings": settings}
            turn = await probe.run_turn(thread_id, answer=decide(action, asked), collaborationMode=plan)
            assert [item["status"] for item in turn.items("mcpToolCall") if item["tool"] == "plain"] == [status]
    assert [one["_meta"]["tool_name"] for one in asked] == ["plain"] * 3


async def test_what_would_be_asked_fails_where_nobody_is_to_be_asked(lab: Lab) -> None:
    async with ready(lab, server(), approval_policy="never", sandbox_mode="workspace-write") as (probe, thread_id):
        turn = await run(lab, probe, thread_id, call("danger"))
    [item] = turn.items("mcpToolCall")
    text = "MCP tool call requires approval, but approval policy is never"
    assert (item["status"], item["error"]) == ("failed", {"message": text})


async def test_a_server_asks_the_user_and_gets_the_answer(lab: Lab) -> None:
    asked: list[Any] = []
    answers = decide("accept", asked, content={"name": "Bob"})
    async with ready(lab, server(), **ASKING) as (probe, thread_id):
        turn = await run(lab, probe, thread_id, call("ask"), answers=answers)
    [question] = asked
    assert (question["serverName"], question["mode"], question["message"]) == ("tiny", "form", "What is your name?")
    assert question["requestedSchema"] == {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
    }
    [item] = turn.items("mcpToolCall")
    [part] = item["result"]["content"]
    assert json.loads(part["text"]) == {"action": "accept", "content": {"name": "Bob"}}


async def test_a_user_sees_how_far_a_call_is(lab: Lab) -> None:
    async with ready(lab, server()) as (probe, thread_id):
        turn = await run(lab, probe, thread_id, call("steps"))
    assert turn.of("item/mcpToolCall/progress") == [
        {"threadId": thread_id, "turnId": turn.id, "itemId": "call_1", "message": "halfway"}
    ]


# Trouble


async def test_servers_that_do_not_start_are_told_of_and_hinder_nobody(lab: Lab) -> None:
    tables = f"""
{server("crash", env={"MCP_CRASH": "oh no"})}
{server("silent", env={"MCP_SILENT": "1"}, more="startup_timeout_sec = 0.5")}
[mcp_servers.missing]
command = "/no/such/program"
[mcp_servers.keyless]
url = "http://127.0.0.1:9/mcp"
bearer_token_env_var = "NO_SUCH_VARIABLE"
{server()}
{server("off", more="enabled = false")}
"""
    lab.configure(tables=tables)
    failed: dict[str, str] = {}
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        while len(failed) < 4:
            told = await probe.until(STARTED, where=lambda told: told["status"] == "failed")
            failed[told["params"]["name"]] = told["params"]["error"]
        turn = await run(lab, probe, thread_id, call("echo", {"message": "hi"}))
    assert [item["status"] for item in turn.items("mcpToolCall")] == ["completed"]
    begin = "MCP client for `{}` failed to start: MCP startup failed: "
    handshake = "handshaking with MCP server failed: connection closed"
    assert failed["crash"].startswith(begin.format("crash") + handshake)
    assert failed["missing"].startswith(begin.format("missing") + "No such file or directory (os error 2)")
    unset = "Environment variable NO_SUCH_VARIABLE for MCP server 'keyless' is not set"
    assert failed["keyless"] == begin.format("keyless") + unset
    assert failed["silent"].startswith("MCP client for `silent` timed out after ")
    assert "[mcp_servers.silent]\nstartup_timeout_sec = XX" in failed["silent"]


async def test_an_address_that_is_none_hides_no_other_server(lab: Lab) -> None:
    lab.configure(tables=f"""{server()}\n[mcp_servers.bad]\nurl = "http://[::1"\n""")
    async with lab.run() as probe:
        listed = (await probe.request("mcpServerStatus/list", {}))["data"]
        refused = await probe.refusal("mcpServer/oauth/login", {"name": "bad"})
    tools = {status["name"]: bool(status["tools"]) for status in listed}
    assert tools == {"bad": False, "tiny": True}
    assert "bad" in refused.message


async def test_a_server_is_not_started_here_that_belongs_elsewhere(lab: Lab) -> None:
    remote = 'env_vars = [{ name = "A", source = "remote" }]'
    tables = server("far", more='environment_id = "elsewhere"') + server("told", more=remote) + server("near")
    lab.configure(tables=tables)
    async with lab.run() as probe:
        listed = (await probe.request("mcpServerStatus/list", {}))["data"]
        problems = {told["name"]: told["toolsError"] for told in listed}
        assert "`elsewhere`" in problems["far"]
        assert "`A` uses source `remote`" in problems["told"]
        assert problems["near"] is None


async def test_a_call_that_takes_too_long_costs_itself_only(lab: Lab) -> None:
    async with ready(lab, server(more="tool_timeout_sec = 0.5")) as (probe, thread_id):
        calls = [call("slow"), call("echo", {"message": "hi"}, call_id="call_2")]
        turn = await run(lab, probe, thread_id, *calls)
    slow, echo = turn.items("mcpToolCall")
    text = "tool call error: tool call failed for `tiny/slow`\n\nCaused by:\n    timed out awaiting tools/call after"
    assert slow["status"] == "failed"
    assert slow["error"]["message"].startswith(text)
    assert echo["status"] == "completed"


async def test_a_required_server_that_fails_fails_the_thread(lab: Lab) -> None:
    lab.configure(tables=server("crash", env={"MCP_CRASH": "oh no"}, more="required = true"))
    async with lab.run() as probe:
        refused = await probe.refusal("thread/start", {})
        assert "required MCP servers failed to initialize: crash: " in refused.message
        assert (await probe.request("thread/loaded/list"))["data"] == []


# What clients ask for themselves


async def test_clients_see_servers_call_tools_and_read_resources(lab: Lab) -> None:
    tables = server(more='enabled_tools = ["echo", "danger"]\ndisabled_tools = ["danger"]')
    async with ready(lab, tables) as (probe, thread_id):
        [status] = (await probe.request("mcpServerStatus/list", {"threadId": thread_id}))["data"]
        assert (status["name"], status["runtimeStatus"], status["authStatus"]) == ("tiny", "connected", "unsupported")
        assert list(status["tools"]) == ["echo"]
        assert status["tools"]["echo"]["annotations"] == {"readOnlyHint": True, "openWorldHint": False}
        assert (status["serverInfo"]["name"], status["serverInfo"]["version"]) == ("scripted", "1.0")
        assert [resource["uri"] for resource in status["resources"]] == ["note://hello"]
        assert [template["uriTemplate"] for template in status["resourceTemplates"]] == ["note://{name}/t"]
        [status] = (await probe.request("mcpServerStatus/list", {"detail": "toolsAndAuthOnly"}))["data"]
        assert (status["runtimeStatus"], list(status["tools"]), status["resources"]) == (None, ["echo"], [])
        asked = {"threadId": thread_id, "server": "tiny", "tool": "echo", "arguments": {"message": "x"}}
        assert await probe.request("mcpServer/tool/call", asked) == {
            "content": [{"type": "text", "text": "echo: x"}],
            "structuredContent": {"result": "echo: x"},
        }
        read = await probe.request("mcpServer/resource/read", {"server": "tiny", "uri": "note://hello"})
        assert read["contents"] == [{"uri": "note://hello", "mimeType": "text/plain", "text": "a note"}]
        refused = await probe.refusal("mcpServer/resource/read", {"threadId": thread_id, "server": "tiny", "uri": "x"})
        assert (refused.code, refused.message) == (-32002, "no such note")
        for method, more in (("mcpServer/tool/call", {"tool": "echo"}), ("mcpServer/resource/read", {"uri": "x"})):
            refused = await probe.refusal(method, {"threadId": thread_id, "server": "zz", **more})
            assert (refused.code, refused.message) == (-32603, "unknown MCP server 'zz'")


async def test_a_reload_brings_new_servers_and_ends_those_that_are_gone(lab: Lab) -> None:
    async with ready(lab, server("old") + server("kept")) as (probe, thread_id):
        who = {"threadId": thread_id, "server": "kept", "tool": "who"}
        before = await probe.request("mcpServer/tool/call", who)
        lab.configure(tables=server("kept") + server("new"))
        await probe.request("config/mcpServer/reload", None)
        await probe.until(STARTED, where=lambda told: (told["name"], told["status"]) == ("new", "ready"))
        listed = (await probe.request("mcpServerStatus/list", {"threadId": thread_id}))["data"]
        assert [status["name"] for status in listed] == ["kept", "new"]
        after = await probe.request("mcpServer/tool/call", who)
        assert json.loads(before["content"][0]["text"])["pid"] == json.loads(after["content"][0]["text"])["pid"]


async def test_loaded_threads_follow_a_write_that_asks_for_it_but_keep_their_model(lab: Lab) -> None:
    async with ready(lab, server("old") + server("kept")) as (probe, thread_id):
        edits = [
            {"keyPath": "mcp_servers.new", "value": tomllib.loads(server("new"))["mcp_servers"]["new"]},
            {"keyPath": "mcp_servers.old", "value": None},
            {"keyPath": "model", "value": "another-model"},
            {"keyPath": "developer_instructions", "value": "Of later threads."},
        ]
        params = {"edits": [{**edit, "mergeStrategy": "replace"} for edit in edits], "reloadUserConfig": True}
        assert (await probe.request("config/batchWrite", params))["status"] == "ok"
        await probe.until(STARTED, where=lambda told: (told["name"], told["status"]) == ("new", "ready"))
        listed = (await probe.request("mcpServerStatus/list", {"threadId": thread_id}))["data"]
        assert [status["name"] for status in listed] == ["kept", "new"]
        lab.script(answer(message("Hello.")))
        assert (await probe.run_turn(thread_id)).status == "completed"
        assert (await probe.request("thread/start", {}))["model"] == "another-model"
    body = lab.model.requests[0].body
    assert body["model"] != "another-model"
    assert "Of later threads." not in json.dumps(body)


async def test_a_tool_that_hangs_holds_up_no_other_request_of_its_thread(lab: Lab) -> None:
    async with ready(lab, server()) as (probe, thread_id):
        hanging = {"threadId": thread_id, "server": "tiny", "tool": "slow", "arguments": {"seconds": 600}}
        await probe.send({"id": "hanging", "method": "mcpServer/tool/call", "params": hanging})
        await probe.request("thread/name/set", {"threadId": thread_id, "name": "still there"})
        echo = {"threadId": thread_id, "server": "tiny", "tool": "echo", "arguments": {"message": "x"}}
        result = await probe.request("mcpServer/tool/call", echo)
        assert result["content"] == [{"type": "text", "text": "echo: x"}]


async def test_events_are_for_apps_that_are_hosted_elsewhere(lab: Lab) -> None:
    async with ready(lab, server()) as (probe, thread_id):
        start = {"threadId": thread_id, "server": "tiny", "subscriptionId": "s", "name": "e", "arguments": None}
        refused = await probe.refusal("mcpServer/event/stream/start", start)
        assert (refused.code, refused.message) == (
            -32600,
            "MCP event subscriptions are only supported for hosted apps",
        )
        assert await probe.request("mcpServer/event/stream/stop", {"subscriptionId": "s"}) == {}


async def test_a_user_is_told_that_an_answer_for_good_could_not_be_kept(lab: Lab) -> None:
    project = lab.cwd / ".codex"
    project.mkdir()
    (project / "config.toml").write_text(server())
    lab.configure(tables=f'[projects."{lab.cwd}"]\ntrust_level = "trusted"\n', **ASKING)
    asked: list[Any] = []
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        await probe.until(STARTED, thread_id=thread_id, where=lambda told: told["status"] == "ready")
        for number in range(2):
            made = call("plain", call_id=f"call_{number}")
            turn = await run(lab, probe, thread_id, made, answers=decide("accept", asked, persist="always"))
            if number == 0:
                warnings = turn.of("warning")
                assert len(warnings) == 1
                assert "tiny/plain" in warnings[0]["message"]
                assert 'approval_mode = "approve"' in warnings[0]["message"]
    assert len(asked) == 1
