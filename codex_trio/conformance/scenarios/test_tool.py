"""Tools beside commands and patches: images, plans, and what is offered."""

import base64
import struct
import zlib

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.shapes import ANY_INT
from codex_trio.testing.model_script import answer, function_call, message


def png(width: int, height: int) -> bytes:
    """Return a grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def test_a_picture_that_the_model_looks_at_is_an_item_and_reaches_it(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "a.png").write_bytes(png(4, 3))
    lab.script(answer(function_call("view_image", {"path": "a.png"}, call_id="v1")), answer(message("Grey.")))
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert turn.items("imageView") == [
        {
            "type": "imageView",
            "id": "v1",
            "path": f"{lab.cwd}/a.png",
            "startedAtMs": ANY_INT,
            "completedAtMs": ANY_INT,
        }
    ]
    [part] = lab.model.requests[1].output_of("v1")
    assert part["type"] == "input_image"
    kind, data = part["image_url"].split(",", 1)
    assert (kind, base64.b64decode(data)) == ("data:image/png;base64", png(4, 3))


@pytest.mark.parametrize("path", ["a.png\n", "a.png\r\n"], ids=["LF", "CRLF"])
async def test_the_path_of_a_picture_may_end_in_a_newline(lab: Lab, probe: Probe, path: str) -> None:
    (lab.cwd / "a.png").write_bytes(png(4, 3))
    lab.script(answer(function_call("view_image", {"path": path}, call_id="v1")), answer(message("Grey.")))
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert [item["path"] for item in turn.items("imageView")] == [f"{lab.cwd}/a.png"]


async def test_a_picture_that_is_not_there_is_told_to_the_model_only(lab: Lab, probe: Probe) -> None:
    lab.script(answer(function_call("view_image", {"path": "no.png"}, call_id="v1")), answer(message("None.")))
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert turn.items("imageView") == []
    said = f"unable to locate image at `{lab.cwd}/no.png`: No such file or directory (os error 2)"
    assert lab.model.requests[1].output_of("v1") == said


async def test_a_picture_of_the_user_reaches_the_model_with_its_path(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "a.png").write_bytes(png(4, 3))
    lab.script(answer(message("Grey.")))
    picture = {"type": "localImage", "path": f"{lab.cwd}/a.png"}
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.run_turn(thread_id, [picture, {"type": "text", "text": "What is it?"}])
    content = lab.model.requests[0].input[-1]["content"]
    assert [part["type"] for part in content] == ["input_text", "input_image", "input_text", "input_text"]
    assert content[0]["text"].startswith("<image name=[Image #1]")
    assert f'path="{lab.cwd}/a.png"' in content[0]["text"]
    assert content[1]["image_url"].startswith("data:image/png;base64,")
    assert (content[2]["text"], content[3]["text"]) == ("</image>", "What is it?")


async def test_a_plan_is_published_to_the_client(lab: Lab, probe: Probe) -> None:
    plan = [{"step": "look", "status": "completed"}, {"step": "act", "status": "in_progress"}]
    arguments = {"explanation": "first things first", "plan": plan}
    lab.script(answer(function_call("update_plan", arguments, call_id="u1")), answer(message("On it.")))
    thread_id = (await probe.start_thread())["id"]
    turn = await probe.run_turn(thread_id)
    assert turn.of("turn/plan/updated") == [
        {
            "threadId": thread_id,
            "turnId": turn.id,
            "explanation": "first things first",
            "plan": [{"step": "look", "status": "completed"}, {"step": "act", "status": "inProgress"}],
        }
    ]
    assert lab.model.requests[1].output_of("u1") == "Plan updated"
    assert [item["type"] for item in turn.items()] == ["userMessage", "agentMessage"]


async def test_the_model_is_offered_commands_patches_and_pictures(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    await probe.run_turn((await probe.start_thread())["id"])
    offered = lab.model.requests[0].tool_names
    assert {"exec_command", "write_stdin", "apply_patch", "view_image"} <= set(offered)
    tools = {tool.get("name"): tool for tool in lab.model.requests[0].body["tools"]}
    command = tools["exec_command"]
    assert (command["type"], command["strict"]) == ("function", False)
    assert command["parameters"]["required"] == ["cmd"]
    assert command["parameters"]["additionalProperties"] is False
    assert (tools["apply_patch"]["type"], tools["apply_patch"]["format"]["syntax"]) == ("custom", "lark")
