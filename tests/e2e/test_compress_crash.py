"""A thread is there once, and whole, at whatever step of changing its rollout's form the server dies."""

import os
import time
from dataclasses import replace
from pathlib import Path

import dying_compressor
import pytest
import trio

from codex_trio.client.errors import ServerGone
from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, message
from codex_trio.testing.model_server import open_model_server
from codex_trio.testing.warm_start import running

OLD_SECONDS = 8 * 86400


def mortal(server: ServerUnderTest) -> ServerUnderTest:
    """Return the server that dies at the step that `DIE_AT` names."""
    return replace(server, command=running(Path(dying_compressor.__file__), server.command))


def forms(lab: Lab) -> list[str]:
    """Return how the files end that the thread may be in, those of any other name included."""
    return sorted(path.name.partition(".jsonl")[2] for path in lab.codex_home.rglob("*rollout-*.jsonl*"))


async def said(probe: Probe, thread_id: str) -> list[str]:
    page = await probe.request("thread/turns/list", {"threadId": thread_id, "sortDirection": "asc"})
    items = [item for turn in page["data"] for item in turn["items"] if item["type"] == "userMessage"]
    return [item["content"][0]["text"] for item in items]


async def old_thread(lab: Lab) -> tuple[str, Path]:
    lab.script(answer(message("Well.")).repeated())
    async with lab.run() as probe:
        thread = await probe.start_thread(cwd=str(lab.cwd))
        await probe.run_turn(thread["id"], "first words")
    path = Path(thread["path"])
    then = time.time() - OLD_SECONDS
    os.utime(path, (then, then))
    return thread["id"], path


async def compress(lab: Lab, probe: Probe) -> None:
    await probe.request("rollout/compress")
    with trio.fail_after(30):
        while forms(lab) != [".zst"]:  # noqa: ASYNC110  # the server does it
            await trio.sleep(0.02)


async def goes_on(lab: Lab, thread_id: str) -> None:
    """Have the next server find the thread, and go on with it."""
    async with lab.run() as probe:
        assert [thread["id"] for thread in (await probe.request("thread/list"))["data"]] == [thread_id]
        assert await said(probe, thread_id) == ["first words"]
        await compress(lab, probe)
        assert await said(probe, thread_id) == ["first words"]
        await probe.request("thread/resume", {"threadId": thread_id})
        await probe.run_turn(thread_id, "last words")
        assert await said(probe, thread_id) == ["first words", "last words"]
    assert forms(lab) == [""]


@pytest.mark.parametrize("step", dying_compressor.STEPS)
async def test_a_server_that_dies_compressing_loses_no_thread(
    tmp_path: Path, own_server: ServerUnderTest, step: str
) -> None:
    with trio.fail_after(90):
        async with open_model_server() as model:
            lab = Lab(tmp_path, own_server, model)
            thread_id, path = await old_thread(lab)
            content = path.read_bytes()
            lab.server = mortal(own_server)
            async with lab.run(env={"DIE_AT": step, "GOES": ".jsonl"}) as probe:
                await probe.request("rollout/compress")
                await probe.client.closed.wait()
            if step == "when the other is gone":
                assert forms(lab) == [".zst"]
            else:
                assert path.read_bytes() == content
            lab.server = own_server
            await goes_on(lab, thread_id)


@pytest.mark.parametrize("step", dying_compressor.STEPS)
async def test_a_server_that_dies_putting_one_back_loses_no_thread(
    tmp_path: Path, own_server: ServerUnderTest, step: str
) -> None:
    with trio.fail_after(90):
        async with open_model_server() as model:
            lab = Lab(tmp_path, own_server, model)
            thread_id, _ = await old_thread(lab)
            async with lab.run() as probe:
                await compress(lab, probe)
            lab.server = mortal(own_server)
            async with lab.run(env={"DIE_AT": step, "GOES": ".zst"}) as probe:
                with pytest.raises(ServerGone):
                    await probe.request("thread/resume", {"threadId": thread_id})
                await probe.client.closed.wait()
            lab.server = own_server
            await goes_on(lab, thread_id)
