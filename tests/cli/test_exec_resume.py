"""Going on with stored threads: `codex-trio exec resume`."""

import msgspec
from exec_lab import ExecLab

from codex_trio.testing.model_script import answer, message


async def test_a_thread_goes_on_by_id_as_the_latest_and_by_name(lab: ExecLab) -> None:
    first = await lab.run("--json", "one", "-s", "workspace-write", model=answer(message("first")))

    by_id = await lab.run("resume", first.thread_id, "two", stdin=b"a log", model=answer(message("second")))
    assert (by_id.code, by_id.stdout) == (0, "second\n")
    assert f"session id: {first.thread_id}" in by_id.stderr
    assert "sandbox: read-only\n" in by_id.stderr  # what an earlier run was allowed is not kept
    request = lab.model.requests[-1]
    assert request.texts("assistant") == ["first"]
    assert request.texts("user")[-1] == "two\n\n<stdin>\na log\n</stdin>"

    latest = await lab.run("--json", "resume", "--last", stdin=b"three", model=answer(message("third")))
    assert latest.thread_id == first.thread_id
    assert latest.events[-1]["usage"]["input_tokens"] == 300  # the thread's, not the turn's

    entry = {"id": first.thread_id, "thread_name": "my work", "updated_at": "2026-01-01T00:00:00Z"}
    (lab.codex_home / "session_index.jsonl").write_bytes(msgspec.json.encode(entry) + b"\n")
    named = await lab.run("resume", "my work", "four", "--json", model=answer(message("fourth")))
    assert named.thread_id == first.thread_id


async def test_a_copy_of_a_thread_goes_on_while_the_thread_stays_as_it_is(lab: ExecLab) -> None:
    first = await lab.run("--json", "one", model=answer(message("first")))
    copied = await lab.run("fork", first.thread_id, "two", "--json", model=answer(message("second")))
    assert copied.code == 0
    assert copied.thread_id != first.thread_id
    assert lab.model.requests[-1].texts("assistant") == ["first"]

    await lab.run("resume", first.thread_id, "three", model=answer(message("third")))
    assert lab.model.requests[-1].texts("assistant") == ["first"]


async def test_the_latest_thread_of_the_folder_is_meant_unless_all_are(lab: ExecLab) -> None:
    other = lab.work / "other"
    other.mkdir()
    here = await lab.run("--json", "one", model=answer(message("here")))
    await lab.run("--json", "one", cwd=other, model=answer(message("there")))

    resumed = await lab.run("--json", "resume", "--last", "two", model=answer(message("ok")))
    assert resumed.thread_id == here.thread_id
    resumed = await lab.run("--json", "resume", "--last", "--all", "-C", "other", "two", model=answer(message("ok")))
    assert resumed.thread_id == here.thread_id


async def test_a_thread_that_does_not_exist_ends_with_code_1(lab: ExecLab) -> None:
    missing = "11111111-1111-7111-8111-111111111111"
    done = await lab.run("--json", "resume", missing, "go on")
    assert (done.code, done.stdout) == (1, "")
    assert f"no rollout found for thread id {missing}" in done.stderr

    done = await lab.run("resume", "no such name", "go on")
    assert (done.code, done.stdout) == (1, "")
    assert "no thread is named `no such name`" in done.stderr
    assert lab.model.requests == []
