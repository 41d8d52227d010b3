"""A client that spawns its server: what happens to the process, whatever it or its user does."""

import os
import sys
import textwrap
from pathlib import Path

import pytest
import trio

from codex_trio.client.errors import ServerGone
from codex_trio.client.process import open_stdio_client
from codex_trio.conformance.processes import is_alive

ECHO = """
    import json, sys
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            print(json.dumps({"id": message["id"], "result": message}), flush=True)
"""
STUBBORN_WITH_CHILD = """
    import json, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(json.dumps({"method": "child", "params": {"pid": child.pid}}), flush=True)
    while True:
        time.sleep(600)
"""
FALLS_OVER = """
    import sys
    sys.stdin.readline()
    print("x" * 100_000, "the disk is on fire", file=sys.stderr)
    sys.exit(3)
"""


def python(source: str) -> list[str]:
    return [sys.executable, "-u", "-c", textwrap.dedent(source)]


async def test_a_server_that_behaves_ends_when_its_input_closes() -> None:
    with trio.fail_after(10):
        async with open_stdio_client(python(ECHO)) as server:
            assert (await server.client.request("hello", {"a": 1}))["params"] == {"a": 1}
        assert server.process.returncode == 0


async def test_a_server_that_does_not_want_to_end_is_killed_with_its_children() -> None:
    with trio.fail_after(10):
        async with open_stdio_client(python(STUBBORN_WITH_CHILD), grace_seconds=0.05) as server:
            with server.client.subscribe() as messages:
                child = (await anext(messages)).params["pid"]
            assert is_alive(child)
        assert server.process.returncode == -9
        while is_alive(child):  # noqa: ASYNC110  # init reaps it a moment later
            await trio.sleep(0.01)


async def test_a_cancelled_caller_leaves_no_process_behind() -> None:
    pids: list[int] = []
    with trio.fail_after(10), trio.CancelScope() as scope:
        async with open_stdio_client(python(ECHO)) as server:
            pids.append(server.process.pid)
            scope.cancel()
            await trio.sleep_forever()
    assert [is_alive(pid) for pid in pids] == [False]


async def test_an_error_about_a_dead_server_tells_its_exit_code_and_last_words() -> None:
    with trio.fail_after(10):
        async with open_stdio_client(python(FALLS_OVER)) as server:
            with pytest.raises(ServerGone) as caught:
                await server.client.request("hello")
    assert "exited with code 3" in str(caught.value)
    assert caught.value.stderr.endswith("the disk is on fire\n")
    assert len(caught.value.stderr) <= 64 * 1024


async def test_a_killed_server_fails_what_waits_for_it() -> None:
    with trio.fail_after(10):
        async with open_stdio_client(python("import time; time.sleep(600)")) as server:
            server.kill()
            with pytest.raises(ServerGone, match="-9"):
                await server.client.request("hello")


async def test_the_environment_and_folder_are_the_ones_given(tmp_path: Path) -> None:
    show = """
        import json, os
        print(json.dumps({"method": "env", "params": {"cwd": os.getcwd(), "names": sorted(os.environ)}}), flush=True)
        input()
    """
    with trio.fail_after(10):
        async with open_stdio_client(python(show), env={"ONLY": "this"}, cwd=tmp_path) as server:
            with server.client.subscribe() as messages:
                shown = (await anext(messages)).params
    assert shown["cwd"] == str(tmp_path)
    assert set(shown["names"]) - {"LC_CTYPE"} == {"ONLY"}


async def test_a_command_that_does_not_exist_is_an_os_error() -> None:
    with pytest.raises(OSError, match="nonexistent"):
        async with open_stdio_client([os.fspath(Path("/nonexistent/app-server"))]):
            pass
