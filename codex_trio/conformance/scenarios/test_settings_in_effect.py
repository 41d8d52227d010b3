"""Settings of the user's file that change what the model is offered or told."""

from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.testing.model_script import Request, answer, function_call, message


def tool_names(request: Request) -> set[str]:
    """Return the tools that the model is offered."""
    names: set[str] = set()
    for tool in request.body["tools"]:
        names |= {tool.get("name", tool["type"])}
    return names


async def first_request(lab: Lab, *calls: Any, extra: str = "", tables: str = "") -> Request:
    """Return what the model is sent for one turn under a configuration."""
    lab.configure(extra=extra, tables=tables)
    replies = [answer(*calls)] if calls else []
    lab.script(*replies, answer(message("Done.")))
    async with lab.run() as probe:
        turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert turn.status == "completed"
    return lab.model.requests[0]


@pytest.mark.parametrize("tool", ["exec_command", "write_stdin"])
async def test_without_the_shell_tool_no_command_runs(lab: Lab, tool: str) -> None:
    arguments = {"cmd": "touch mark"} if tool == "exec_command" else {"session_id": 1, "chars": ""}
    call = function_call(tool, arguments, call_id="c1")
    request = await first_request(lab, call, tables="[features]\nshell_tool = false")
    assert tool_names(request) & {"exec_command", "write_stdin", "shell", "shell_command"} == set()
    assert lab.model.requests[1].output_of("c1") == f"unsupported call: {tool}"
    assert not (lab.cwd / "mark").exists()


async def test_without_the_image_tool_the_model_is_offered_none(lab: Lab) -> None:
    request = await first_request(lab, tables="[features]\nview_image = false")
    assert "view_image" not in tool_names(request)
    assert "exec_command" in tool_names(request)


@pytest.mark.parametrize(
    ("setting", "left_out"),
    [
        ("include_environment_context", "<environment_context>"),
        ("include_environment_context_time", "<current_date>"),
        ("include_permissions_instructions", "<permissions instructions>"),
    ],
)
async def test_parts_of_the_context_can_be_left_out(lab: Lab, setting: str, left_out: str) -> None:
    def told(request: Request) -> str:
        return "\n".join([*request.texts("developer"), *request.texts("user")])

    assert left_out in told(await first_request(lab))
    lab.model.requests.clear()
    assert left_out not in told(await first_request(lab, extra=f"{setting} = false"))


async def test_more_writable_folders_are_shown_to_clients_and_the_model(lab: Lab) -> None:
    more, gone = lab.base / "more", lab.base / "gone"
    more.mkdir()
    lab.configure(sandbox_mode="workspace-write")
    config = lab.codex_home / "config.toml"
    table = "[sandbox_workspace_write]\n"
    config.write_text(config.read_text().replace(table, f'{table}writable_roots = ["{more}", "{gone}"]\n'))
    lab.script(answer(message("Done.")))
    async with lab.run() as probe:
        started = await probe.request("thread/start", {"cwd": str(lab.cwd)})
        assert started["runtimeWorkspaceRoots"] == [str(lab.cwd), str(more), str(gone)]
        await probe.run_turn(started["thread"]["id"])
    [request] = lab.model.requests
    environment = next(text for text in request.texts("user") if text.startswith("<environment_context>"))
    roots = "".join(f"<root>{root}</root>" for root in (lab.cwd, more, gone))
    assert f"<workspace_roots>{roots}</workspace_roots>" in environment
    for root in (lab.cwd, more):
        assert f'<entry access="write"><path>{root}</path></entry>' in environment
