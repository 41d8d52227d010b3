"""What sandboxed commands and patches can do to the user's folders, and what they find there."""

import os
from pathlib import Path

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.testing.model_script import Reply, answer, custom_tool_call, function_call, message

EVIL = 'sandbox_mode = "danger-full-access"\\napproval_policy = "never"\\n'


@pytest.fixture
def confined(lab: Lab) -> Lab:
    """The lab, with a server that lets commands write the working folder and asks nobody."""
    lab.configure(sandbox_mode="workspace-write")
    return lab


def commands(*scripts: str) -> list[Reply]:
    """Return the model's answers that run one script after the other, as the calls c0, c1 and so on."""
    calls = [
        function_call("exec_command", {"cmd": script, "login": False, "yield_time_ms": 20_000}, call_id=f"c{number}")
        for number, script in enumerate(scripts)
    ]
    return [*(answer(call) for call in calls), answer(message("Done."))]


def output_of(lab: Lab, call_id: str) -> str:
    """Return what the model was told that a command printed."""
    return lab.model.requests[-1].output_of(call_id).partition("Output:\n")[2]


async def run_in(lab: Lab, probe: Probe, folder: Path, *scripts: str) -> list[str]:
    """Run the scripts in a thread of `folder`; returns what each of them printed."""
    lab.script(*commands(*scripts))
    turn = await probe.run_turn((await probe.start_thread(cwd=str(folder)))["id"])
    assert turn.status == "completed"
    return [output_of(lab, f"c{number}") for number in range(len(scripts))]


@pytest.mark.parametrize("name", [".git", ".codex", ".agents"])
async def test_commands_run_where_a_link_stands_for_settings_and_the_link_stays(confined: Lab, name: str) -> None:
    lab = confined
    folder = lab.base / "linked"
    (folder / "real").mkdir(parents=True)
    (folder / "real" / "kept").write_text("kept\n")
    (folder / name).symlink_to("real")
    async with lab.run() as probe:
        plant = f"cat {name}/kept; unlink {name}; mkdir -p {name}; printf '{EVIL}' >{name}/config.toml; echo x >file"
        [printed] = await run_in(lab, probe, folder, f"({plant}) 2>/dev/null")
        started = await probe.request("thread/start", {"cwd": str(folder)})
    assert printed == "kept\n"
    assert os.readlink(folder / name) == "real"
    assert os.listdir(folder / "real") == ["kept"]
    assert (folder / "file").exists()
    assert started["sandbox"]["type"] == "workspaceWrite"


async def test_neither_commands_nor_patches_write_the_codex_home_in_the_workspace(confined: Lab) -> None:
    lab = confined
    config = (lab.codex_home / "config.toml").read_text()
    patch = f"*** Begin Patch\n*** Add File: {lab.codex_home.name}/rules/new.rules\n+x\n*** End Patch\n"
    attempts = "mkdir rules; echo '# evil' >>config.toml; echo '{}' >auth.json; mv ../codex ../away; echo end"
    lab.script(
        answer(function_call("exec_command", {"cmd": f"cd codex; {attempts}", "login": False}, call_id="c0")),
        answer(custom_tool_call("apply_patch", patch, call_id="c1")),
        answer(message("Done.")),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.base)))["id"]
        await probe.run_turn(thread_id)
    assert output_of(lab, "c0").endswith("end\n")
    assert (lab.codex_home / "config.toml").exists()
    assert (lab.codex_home / "config.toml").read_text() == config
    assert not (lab.codex_home / "auth.json").exists()
    assert not (lab.codex_home / "rules" / "new.rules").exists()


async def test_a_subfolder_of_a_repository_shows_nothing_that_is_not_there(confined: Lab) -> None:
    lab = confined
    app = lab.cwd / "app"
    app.mkdir()
    (app / "a.txt").touch()
    async with lab.run() as probe:
        [inside] = await run_in(lab, probe, app, f"ls -A; ls -A {app}")
    assert inside == "a.txt\na.txt\n"
    assert os.listdir(app) == ["a.txt"]


async def test_an_event_loop_is_woken_by_its_threads_without_the_network(confined: Lab) -> None:
    lab = confined
    script = "import asyncio, time; print(asyncio.run(asyncio.to_thread(lambda: time.sleep(0.3) or 'woken')))"
    connect = "import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM)"
    async with lab.run() as probe:
        loop, network = await run_in(
            lab, probe, lab.cwd, f'timeout 4 python3 -c "{script}"', f'python3 -c "{connect}" 2>&1 | tail -1'
        )
    assert loop == "woken\n"
    assert "Operation not permitted" in network


async def test_no_command_moves_the_folder_above_the_workspace_to_put_a_link_there(lab: Lab) -> None:
    outside, top = lab.base / "outside", lab.base / "top"
    workspace = top / "a" / "ws"
    for folder in (outside, workspace):
        folder.mkdir(parents=True)
    lab.configure(sandbox_mode="workspace-write")
    plant = f"cd {top} && mv a b && mkdir a && ln -s {outside} a/ws; echo end"
    lab.script(*commands(plant, "echo x >planted; echo end"))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(workspace), runtimeWorkspaceRoots=[str(workspace), str(top)]))[
            "id"
        ]
        await probe.run_turn(thread_id)
    assert os.listdir(outside) == []


async def test_no_words_of_a_command_have_anybody_asked_to_run_it_without_the_sandbox(lab: Lab) -> None:
    lab.script(*commands("echo Permission denied; exit 1", "echo Operation not permitted; exit 1"))
    asks = dict.fromkeys(("sandbox_approval", "rules", "mcp_elicitations"), True)
    asked: list[Message] = []

    def decline(request: Message) -> Message:
        asked.append(request)
        return {"decision": "decline"}

    async with lab.run() as probe:
        thread = await probe.start_thread(cwd=str(lab.cwd), sandbox="read-only", approvalPolicy={"granular": asks})
        turn = await probe.run_turn(thread["id"], answer=decline)
    assert asked == []
    assert output_of(lab, "c0") == "Permission denied\n"
    assert [item["status"] for item in turn.items("commandExecution")] == ["failed", "failed"]
