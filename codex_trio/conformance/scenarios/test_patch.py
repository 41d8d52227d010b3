"""Patches that the model makes: items, files, diffs, and patches that do not fit."""

import os
import subprocess

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.conformance.shapes import ANY_INT, text_with
from codex_trio.testing.model_script import (
    Event,
    answer,
    custom_tool_call,
    function_call,
    item_added,
    item_done,
    message,
)


def patch(call_id: str, *lines: str) -> Event:
    """Return a call of apply_patch."""
    return custom_tool_call("apply_patch", "\n".join(["*** Begin Patch", *lines, "*** End Patch"]), call_id=call_id)


def blob(text: str) -> str:
    """Return the id that git gives to a file with this content."""
    result = subprocess.run(["git", "hash-object", "--stdin"], input=text, capture_output=True, text=True, check=True)
    return result.stdout.strip()


NO_BLOB = "0" * 40


async def test_a_patch_that_adds_a_file_is_an_item_and_a_diff(lab: Lab, probe: Probe) -> None:
    lab.script(answer(patch("p1", "*** Add File: a.txt", "+one", "+two")), answer(message("Done.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn = await probe.run_turn(thread_id)
    change = {"path": f"{lab.cwd}/a.txt", "kind": {"type": "add"}, "diff": "one\ntwo\n"}
    item: Message = {"type": "fileChange", "id": "p1", "changes": [change], "startedAtMs": ANY_INT}
    assert turn.started("fileChange") == [{**item, "status": "inProgress", "completedAtMs": None}]
    assert turn.items("fileChange") == [{**item, "status": "completed", "completedAtMs": ANY_INT}]
    assert (lab.cwd / "a.txt").read_text() == "one\ntwo\n"
    output = "Success. Updated the following files:\nA a.txt\n"
    assert lab.model.requests[1].output_of("p1") == text_with("Exit code: 0\nWall time: ", f"\nOutput:\n{output}")
    diff = "\n".join(
        [
            "diff --git a/a.txt b/a.txt",
            "new file mode 100644",
            f"index {NO_BLOB}..{blob('one' + chr(10) + 'two' + chr(10))}",
            "--- /dev/null",
            "+++ b/a.txt",
            "@@ -0,0 +1,2 @@",
            "+one",
            "+two",
            "",
        ]
    )
    diffs = turn.of("turn/diff/updated")
    assert diffs
    assert diffs == [{"threadId": thread_id, "turnId": turn.id, "diff": diff}] * len(diffs)


async def test_the_diff_is_told_after_each_patch_and_at_the_end_of_the_turn(lab: Lab, probe: Probe) -> None:
    lab.script(
        answer(patch("p1", "*** Add File: a.txt", "+one")),
        answer(function_call("exec_command", {"cmd": "true"}, call_id="c1")),
        answer(patch("p2", "*** Add File: b.txt", "+two")),
        answer(message("Done.")),
    )
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    places = ("turn/diff/updated", "item/completed", "turn/completed")
    told = [method for method in turn.methods if method in places]
    diffs = [params["diff"].count("diff --git") for params in turn.of("turn/diff/updated")]
    assert diffs == [1, 2, 2]
    assert told[-3:] == ["item/completed", "turn/diff/updated", "turn/completed"]


async def test_a_patch_that_changes_moves_and_deletes_files(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "keep.txt").write_text("alpha\nbeta\ngamma\n")
    (lab.cwd / "old.txt").write_text("content\nmore\n")
    (lab.cwd / "gone.txt").write_text("bye\n")
    lab.script(
        answer(
            patch(
                "p1",
                "*** Update File: keep.txt",
                "@@",
                " alpha",
                "-beta",
                "+BETA",
                " gamma",
                "*** Update File: old.txt",
                "*** Move to: sub/new.txt",
                "@@",
                "-content",
                "+changed",
                " more",
                "*** Delete File: gone.txt",
            )
        ),
        answer(message("Done.")),
    )
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    [item] = turn.items("fileChange")
    moved = f"{lab.cwd}/sub/new.txt"
    changes = {change["path"]: (change["kind"], change["diff"]) for change in item["changes"]}
    assert changes == {
        f"{lab.cwd}/keep.txt": (
            {"type": "update", "move_path": None},
            "@@ -1,3 +1,3 @@\n alpha\n-beta\n+BETA\n gamma\n",
        ),
        f"{lab.cwd}/old.txt": (
            {"type": "update", "move_path": moved},
            f"@@ -1,2 +1,2 @@\n-content\n+changed\n more\n\n\nMoved to: {moved}",
        ),
        f"{lab.cwd}/gone.txt": ({"type": "delete"}, "bye\n"),
    }
    assert (lab.cwd / "keep.txt").read_text() == "alpha\nBETA\ngamma\n"
    assert (lab.cwd / "sub/new.txt").read_text() == "changed\nmore\n"
    assert not (lab.cwd / "old.txt").exists()
    assert not (lab.cwd / "gone.txt").exists()
    diff = turn.of("turn/diff/updated")[-1]["diff"]
    for part in ("-beta\n+BETA\n", "deleted file mode 100644", "old.txt", "b/sub/new.txt", "-content\n+changed\n"):
        assert part in diff


async def test_the_diff_of_a_turn_covers_all_its_patches(lab: Lab, probe: Probe) -> None:
    lab.script(
        answer(patch("p1", "*** Add File: a.txt", "+one")),
        answer(patch("p2", "*** Update File: a.txt", "@@", "-one", "+two"), patch("p3", "*** Add File: b.txt", "+b")),
        answer(message("Done.")),
    )
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    diff = turn.of("turn/diff/updated")[-1]["diff"]
    assert f"index {NO_BLOB}..{blob('two' + chr(10))}" in diff
    assert "+two" in diff
    assert "one" not in diff
    assert "+++ b/b.txt" in diff


async def test_a_patch_that_does_not_fit_is_told_to_the_model_only(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "a.txt").write_text("alpha\n")
    lab.script(
        answer(
            patch("p1", "*** Update File: missing.txt", "@@", "-a", "+b"),
            patch("p2", "*** Update File: a.txt", "@@", "-not there", "+b"),
            patch("p3", "*** Delete File: missing.txt"),
            custom_tool_call("apply_patch", "bogus", call_id="p4"),
        ),
        answer(message("Sorry.")),
    )
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert [item["type"] for item in turn.items()] == ["userMessage", "agentMessage"]
    assert turn.of("turn/diff/updated") == []
    final = lab.model.requests[1]
    for call in ("p1", "p2", "p3", "p4"):
        assert final.output_of(call).startswith("apply_patch verification failed: ")
    assert final.output_of("p1") == text_with(f"Failed to read file to update {lab.cwd}/missing.txt")
    assert final.output_of("p2") == text_with(f"Failed to find expected lines in {lab.cwd}/a.txt", "not there")
    assert final.output_of("p4") == text_with("The first line of the patch must be '*** Begin Patch'")
    assert (lab.cwd / "a.txt").read_text() == "alpha\n"


async def test_a_patch_that_comes_as_a_shell_command_is_a_patch(lab: Lab, probe: Probe) -> None:
    script = "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: a.txt\n+hi\n*** End Patch\nEOF\n"
    lab.script(answer(function_call("exec_command", {"cmd": script}, call_id="c1")), answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert [item["type"] for item in turn.items()] == ["userMessage", "fileChange", "agentMessage"]
    assert (lab.cwd / "a.txt").read_text() == "hi\n"
    assert lab.model.requests[1].output_of("c1") == text_with("Success. Updated the following files:\nA a.txt")


async def test_files_that_commands_change_are_no_part_of_the_diff(lab: Lab, probe: Probe) -> None:
    lab.script(
        answer(function_call("exec_command", {"cmd": "echo hi > a.txt"}, call_id="c1")), answer(message("Done."))
    )
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert (lab.cwd / "a.txt").exists()
    assert turn.of("turn/diff/updated") == []


async def test_a_patch_without_a_line_end_at_the_end_of_a_file_says_so(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "a.txt").write_text("alpha")
    lab.script(
        answer(patch("p1", "*** Update File: a.txt", "@@", "-alpha", "+beta")),
        answer(message("Done.")),
    )
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert (lab.cwd / "a.txt").read_text() == "beta\n"
    assert "-alpha\n\\ No newline at end of file\n+beta\n" in turn.of("turn/diff/updated")[-1]["diff"]


async def test_the_diff_names_files_from_the_root_of_their_repository(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "deep").mkdir()
    lab.script(answer(patch("p1", "*** Add File: a.txt", "+one")), answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread(cwd=f"{lab.cwd}/deep"))["id"])
    assert (lab.cwd / "deep/a.txt").read_text() == "one\n"
    assert "diff --git a/deep/a.txt b/deep/a.txt\n" in turn.of("turn/diff/updated")[-1]["diff"]


@pytest.mark.parametrize(
    ("before", "lines", "after"),
    [
        pytest.param(b"\xef\xbb\xbfone\ntwo\n", ["-one", "+ONE"], b"\xef\xbb\xbfONE\ntwo\n", id="byte order mark"),
        pytest.param(b"one\ntwo\nend", ["-one", "+ONE"], b"ONE\ntwo\nend", id="no newline at the end"),
        pytest.param(b"one\ntwo\n\n\n", ["-one", "+ONE"], b"ONE\ntwo\n\n\n", id="empty lines at the end"),
        pytest.param(b"#!x\none\r\ntwo\r\n", ["-one", "+ONE"], b"#!x\nONE\r\ntwo\r\n", id="line endings around"),
    ],
)
async def test_a_patch_changes_nothing_else_in_a_file(
    lab: Lab, probe: Probe, before: bytes, lines: list[str], after: bytes
) -> None:
    (lab.cwd / "a.txt").write_bytes(before)
    lab.script(answer(patch("p1", "*** Update File: a.txt", "@@", *lines)), answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert (lab.cwd / "a.txt").read_bytes() == after
    assert [item["status"] for item in turn.items("fileChange")] == ["completed"]


async def test_a_moved_file_keeps_its_mode(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "run.sh").write_text("one\n")
    (lab.cwd / "run.sh").chmod(0o755)
    lab.script(
        answer(patch("p1", "*** Update File: run.sh", "*** Move to: bin/run.sh", "@@", "-one", "+two")),
        answer(message("Done.")),
    )
    await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    moved = lab.cwd / "bin/run.sh"
    assert (moved.read_text(), moved.stat().st_mode & 0o777) == ("two\n", 0o755)


async def test_a_file_that_is_no_text_can_be_deleted(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "a.bin").write_bytes(b"\xff\xfe\0")
    lab.script(answer(patch("p1", "*** Delete File: a.bin")), answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert not (lab.cwd / "a.bin").exists()
    change = {"path": f"{lab.cwd}/a.bin", "kind": {"type": "delete"}, "diff": ""}
    assert [item["changes"] for item in turn.items("fileChange")] == [[change]]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["*** Add File: pipe", "+x"], id="add"),
        pytest.param(["*** Update File: pipe", "@@", "-x", "+y"], id="update"),
        pytest.param(["*** Update File: a.txt", "*** Move to: pipe", "@@", "-x", "+y"], id="move"),
        pytest.param(["*** Delete File: pipe"], id="delete"),
    ],
)
async def test_a_named_pipe_is_not_taken_for_a_file(lab: Lab, probe: Probe, lines: list[str]) -> None:
    (lab.cwd / "a.txt").write_text("x\n")
    os.mkfifo(lab.cwd / "pipe")
    lab.script(answer(patch("p1", *lines)), answer(message("Sorry.")))
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert [item["status"] for item in turn.items("fileChange")] in ([], ["failed"])
    assert "Success" not in lab.model.requests[1].output_of("p1")
    assert (lab.cwd / "pipe").is_fifo()
    assert (lab.cwd / "a.txt").read_text() == "x\n"


async def test_a_patch_behind_a_cd_into_nowhere_is_refused(lab: Lab, probe: Probe) -> None:
    script = "cd missing && apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: a.txt\n+hi\n*** End Patch\nEOF\n"
    lab.script(answer(function_call("exec_command", {"cmd": script}, call_id="c1")), answer(message("Sorry.")))
    await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert not (lab.cwd / "missing").exists()
    assert lab.model.requests[1].output_of("c1") == text_with("No such file or directory")


def streamed(text: str, call_id: str, *, size: int) -> list[Event]:
    """Return a call of apply_patch whose input comes in pieces."""
    item = {"type": "custom_tool_call", "id": f"ctc_{call_id}", "call_id": call_id, "name": "apply_patch", "input": ""}
    pieces: list[Event] = [
        {"type": "response.custom_tool_call_input.delta", "item_id": item["id"], "delta": text[at : at + size]}
        for at in range(0, len(text), size)
    ]
    return [item_added(item), *pieces, item_done({**item, "input": text})]


async def test_a_patch_is_shown_while_it_is_written_where_that_is_wanted(lab: Lab) -> None:
    lab.configure(tables="[features]\napply_patch_streaming_events = true")
    (lab.cwd / "old.txt").write_text("x\n")
    (lab.cwd / "gone.txt").write_text("y\n")
    lines = ["*** Add File: a.txt", "+one", "+two", "*** Delete File: gone.txt"]
    lines += ["*** Update File: old.txt", "*** Move to: new.txt", "@@", "-x", "+z"]
    text = "\n".join(["*** Begin Patch", *lines, "*** End Patch\n"])
    lab.script(
        answer(streamed(text, "p1", size=9)), answer(streamed("no patch\n", "p2", size=4)), answer(message("Done."))
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        turn = await probe.run_turn(thread_id)
    shown = turn.of("item/fileChange/patchUpdated")
    assert {(one["threadId"], one["turnId"], one["itemId"]) for one in shown} == {(thread_id, turn.id, "p1")}
    assert shown[0]["changes"][0]["path"] == "a.txt"
    assert shown[-1]["changes"] == [
        {"path": "a.txt", "kind": {"type": "add"}, "diff": "one\ntwo\n"},
        {"path": "gone.txt", "kind": {"type": "delete"}, "diff": ""},
        {
            "path": "old.txt",
            "kind": {"type": "update", "move_path": "new.txt"},
            "diff": "@@\n-x\n+z\n\n\nMoved to: new.txt",
        },
    ]
    assert [item["id"] for item in turn.items("fileChange")] == ["p1"]
