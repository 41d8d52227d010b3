"""Pictures that no provider takes never reach one, whichever way they come, and none makes a thread unusable."""

import base64
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Request, answer, function_call, http_error, message

OMITTED = "image content omitted because it could not be processed"


def png(width: int = 2, height: int = 2) -> bytes:
    """Return a grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


NONE = {
    "a.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "b.png": b"not a picture",
    "c.png": b"",
    "d.png": png(300, 300)[:90],
    "e.bmp": b"BM" + bytes(60),
    "f.ppm": b"P6 1 1 255\n\xff\0\0",
}


def data_url(raw: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(raw).decode()}"


def pictures(request: Request) -> list[str]:
    """Return the kind of every picture in a request."""
    lists = [item[name] for item in request.input for name in ("content", "output") if isinstance(item.get(name), list)]
    images = [part for parts in lists for part in parts if part["type"] == "input_image"]
    return [image["image_url"].partition(";")[0] for image in images]


async def test_files_that_are_no_pictures_become_a_text(lab: Lab, probe: Probe) -> None:
    given: list[dict[str, Any]] = []
    for name, raw in NONE.items():
        (lab.cwd / name).write_bytes(raw)
        given.append({"type": "localImage", "path": f"{lab.cwd}/{name}"})
    lab.script(answer(message("Nothing.")))
    turn = await probe.run_turn((await probe.start_thread())["id"], given)
    assert turn.status == "completed"
    assert pictures(lab.model.requests[0]) == []
    texts = [part["text"] for part in lab.model.requests[0].input[-1]["content"]]
    assert len([text for text in texts if text.startswith(OMITTED)]) == len(NONE)


async def test_inline_images_that_are_no_pictures_become_a_text(lab: Lab, probe: Probe) -> None:
    urls = [*map(data_url, NONE.values()), "data:image/svg+xml,<svg/>", "data:text/plain;base64,aGk=", "data:x"]
    lab.script(answer(message("Nothing.")))
    await probe.run_turn((await probe.start_thread())["id"], [{"type": "image", "url": url} for url in urls])
    assert pictures(lab.model.requests[0]) == []
    texts = [part["text"] for part in lab.model.requests[0].input[-1]["content"]]
    assert [text[: len(OMITTED)] for text in texts] == [OMITTED] * len(urls)


async def test_the_kind_of_a_picture_is_what_it_is_and_not_what_it_is_called(lab: Lab, probe: Probe) -> None:
    given: list[dict[str, Any]] = []
    for name in ("photo.jpg", "no-extension", "text.txt"):
        (lab.cwd / name).write_bytes(png())
        given.append({"type": "localImage", "path": f"{lab.cwd}/{name}"})
    given.append({"type": "image", "url": data_url(png(), "image/webp")})
    lab.script(answer(message("Grey.")))
    await probe.run_turn((await probe.start_thread())["id"], given)
    assert pictures(lab.model.requests[0]) == ["data:image/png"] * 4


@pytest.mark.parametrize(("model", "width", "detail"), [("gpt-5.5", 3000, "original"), ("my-own-model", 1727, "high")])
async def test_a_picture_has_the_size_and_the_detail_that_the_model_takes(
    lab: Lab, probe: Probe, model: str, width: int, detail: str
) -> None:
    (lab.cwd / "large.png").write_bytes(png(3000, 2500))
    look = answer(function_call("view_image", {"path": "large.png"}, call_id="v1"))
    lab.script(look, answer(message("Grey.")))
    thread_id = (await probe.start_thread(model=model, cwd=str(lab.cwd)))["id"]
    await probe.run_turn(thread_id, [{"type": "image", "url": data_url(png(3000, 2500))}])
    given = lab.model.requests[1].input
    [said] = [item["content"][0] for item in given if item.get("role") == "user" and "image_url" in item["content"][0]]
    for part in (said, *lab.model.requests[1].output_of("v1")):
        assert part["detail"] == detail
        header = base64.b64decode(part["image_url"].partition(",")[2])[16:20]
        assert int.from_bytes(header, "big") == width


async def test_a_detail_that_pictures_do_not_have_is_refused_and_the_others_are_taken(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "a.png").write_bytes(png())
    details = ("high", "original", "low", "")
    calls = [function_call("view_image", {"path": "a.png", "detail": one}, call_id=f"v{one}") for one in details]
    lab.script(answer(*calls), answer(message("Grey.")))
    await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    high, original, low, empty = (lab.model.requests[1].output_of(f"v{one}") for one in details)
    assert (high[0]["detail"], original) == ("original", high)
    for said in (low, empty):
        assert said.startswith("view_image.detail only supports `high` or `original`; ")


async def test_what_is_no_picture_is_told_to_the_model_that_looks_at_it(lab: Lab, probe: Probe) -> None:
    calls: list[dict[str, Any]] = []
    for number, (name, raw) in enumerate(NONE.items()):
        (lab.cwd / name).write_bytes(raw)
        calls.append(function_call("view_image", {"path": name}, call_id=f"v{number}"))
    lab.script(answer(*calls), answer(message("None.")))
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert (turn.status, turn.items("imageView"), pictures(lab.model.requests[1])) == ("completed", [], [])
    for number in range(len(NONE)):
        said = lab.model.requests[1].output_of(f"v{number}")
        assert said.startswith("unable to process image")


async def test_a_pipe_or_a_device_in_place_of_a_picture_is_an_error(lab: Lab, probe: Probe) -> None:
    os.mkfifo(lab.cwd / "pipe.png")
    paths = [f"{lab.cwd}/pipe.png", "/dev/zero", str(lab.cwd)]
    calls = [function_call("view_image", {"path": path}, call_id=f"v{n}") for n, path in enumerate(paths)]
    lab.script(answer(*calls), answer(message("None.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn = await probe.run_turn(thread_id, [{"type": "localImage", "path": path} for path in paths], seconds=20)
    assert turn.status == "completed"
    assert pictures(lab.model.requests[1]) == []
    for number in range(len(paths)):
        assert "is not a file" in lab.model.requests[1].output_of(f"v{number}")


async def test_injected_pictures_are_looked_at(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread())["id"]
    shown = [{"type": "input_image", "image_url": data_url(raw)} for raw in (png(), *NONE.values())]
    items: list[dict[str, Any]] = [
        {"type": "message", "role": "user", "content": shown},
        {"type": "function_call", "name": "look", "call_id": "c1", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": shown},
    ]
    await probe.request("thread/inject_items", {"threadId": thread_id, "items": items})
    lab.script(answer(message("Grey.")))
    assert (await probe.run_turn(thread_id)).status == "completed"
    assert pictures(lab.model.requests[0]) == ["data:image/png"] * 2


async def test_pictures_of_a_stored_thread_are_looked_at(lab: Lab) -> None:
    lab.script(answer(message("Grey.")), answer(message("Still.", item_id="msg_2")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        await probe.run_turn(thread_id, [{"type": "image", "url": data_url(png())}] * 2)
    [rollout] = lab.rollouts()
    _spoil_first_picture(rollout)
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id})
        assert (await probe.run_turn(thread_id)).text == "Still."
    assert pictures(lab.model.requests[1]) == ["data:image/png"]


def _spoil_first_picture(rollout: Path) -> None:
    """A another writer might have stored it: not a picture at all, in what the model reads."""
    lines = rollout.read_text().splitlines(keepends=True)
    [place] = [number for number, line in enumerate(lines) if '"input_image"' in line]
    lines[place] = lines[place].replace(data_url(png()), data_url(b"no picture"), 1)
    rollout.write_text("".join(lines))


@pytest.mark.parametrize("words", ["This is not a valid image.", "Invalid input."], ids=["spoken of", "not spoken of"])
async def test_a_picture_that_the_provider_refuses_is_left_out_from_then_on(lab: Lab, words: str) -> None:
    lab.script(
        answer(message("Seen.", item_id="msg_0")),
        http_error(400, {"error": {"message": words, "type": "invalid_request_error"}}),
        answer(message("Going on.")),
        answer(message("Still going.", item_id="msg_2")),
    )
    picture = {"type": "image", "url": data_url(png())}
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        await probe.run_turn(thread_id, [picture])
        refused = await probe.run_turn(thread_id, [picture, {"type": "text", "text": "And this?"}])
        assert refused.status == "failed"
        assert words in refused.error["message"]
        assert (await probe.run_turn(thread_id)).text == "Going on."
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id})
        assert (await probe.run_turn(thread_id)).text == "Still going."
        turns = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]["turns"]
    assert [turn["status"] for turn in turns] == ["completed", "failed", "completed", "completed"]
    assert turns[1]["items"][0]["content"][0]["type"] == "image"
    # The one that the model has seen stays.
    assert [len(pictures(request)) for request in lab.model.requests] == [1, 2, 1, 1]
    assert lab.model.requests[2].contains("And this?")
    assert lab.model.requests[3].input[: len(lab.model.requests[2].input)] == lab.model.requests[2].input
