"""What commands of a client leave behind goes with the client, even what has left their process group."""

from pathlib import Path

import pytest
import trio
from e2e_house import open_house

from codex_trio.client.errors import AppServerError
from codex_trio.conformance.processes import is_alive, wait_gone

PATIENCE = 30.0

FULL_ACCESS = {"type": "dangerFullAccess"}


async def test_a_daemon_outlives_its_command_and_not_its_client(tmp_path: Path) -> None:
    script = """
        setsid sh -c 'echo > ready; exec sleep 600' > /dev/null 2>&1 & echo $!
        until [ -e ready ]; do sleep 0.01; done
        sleep 600 > /dev/null 2>&1 & echo $!
    """
    with trio.fail_after(2 * PATIENCE):
        async with open_house(tmp_path) as house:
            async with house.visitor() as client:
                command = {"command": ["/bin/sh", "-c", script], "sandboxPolicy": FULL_ACCESS}
                told = (await client.request("command/exec", {**command, "disableTimeout": True}))["stdout"]
                daemon, left_behind = map(int, told.split())
                await wait_gone(left_behind)
                assert is_alive(daemon)
            await wait_gone(daemon)


async def test_more_output_than_can_be_kept_ends_the_command_and_the_client_is_told_the_way_out(tmp_path: Path) -> None:
    params = {"command": ["cat", "/dev/zero"], "disableOutputCap": True, "disableTimeout": True}
    with trio.fail_after(2 * PATIENCE):
        async with open_house(tmp_path) as house, house.visitor() as client:
            with pytest.raises(AppServerError, match=r"keeps at most [0-9]+ bytes .*: have it streamed with"):
                await client.request("command/exec", {**params, "sandboxPolicy": FULL_ACCESS})
            assert (await client.request("command/exec", {"command": ["true"]}))["exitCode"] == 0


async def test_a_writable_folder_that_was_replaced_is_refused_to_the_same_client_only(tmp_path: Path) -> None:
    params = {"command": ["/bin/sh", "-c", "echo > made"], "timeoutMs": 60_000}
    with trio.fail_after(2 * PATIENCE):
        async with open_house(tmp_path) as house:
            async with house.visitor() as client:
                assert (await client.request("command/exec", params))["exitCode"] == 0
                await trio.Path(house.cwd).rename(tmp_path / "moved")
                await trio.Path(house.cwd).mkdir()
                refusal = "has been replaced since this client first ran a command .*; connect anew"
                with pytest.raises(AppServerError, match=refusal):
                    await client.request("command/exec", params)
            async with house.visitor() as another:
                assert (await another.request("command/exec", params))["exitCode"] == 0
                assert await trio.Path(house.cwd / "made").exists()
