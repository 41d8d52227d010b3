"""A server that keeps its threads in memory."""

from codex_trio.conformance.lab import Lab
from codex_trio.testing.model_script import answer, message


async def test_threads_in_memory_work_like_others_and_leave_no_file(lab: Lab) -> None:
    lab.configure(extra='experimental_thread_store = { type = "in_memory", id = "scenario" }')
    async with lab.run() as probe:
        lab.script(answer(message("Hello.")))
        thread = await probe.start_thread(cwd=str(lab.cwd))
        assert (thread["path"], thread["ephemeral"]) == (None, False)
        await probe.run_turn(thread["id"], "hi there")
        [row] = (await probe.request("thread/list", {}))["data"]
        assert (row["id"], row["path"], row["preview"]) == (thread["id"], None, "hi there")
        read = (await probe.request("thread/read", {"threadId": thread["id"]}))["thread"]
        assert (read["id"], read["path"]) == (thread["id"], None)
        await probe.request("thread/name/set", {"threadId": thread["id"], "name": "A name"})
    assert [*lab.codex_home.rglob("rollout-*")] == []
    lab.configure()
    async with lab.run() as probe:
        assert (await probe.request("thread/list", {}))["data"] == []
