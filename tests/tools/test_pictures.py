"""Only pictures that providers can read are sent, in the size that they look at; all else is a text that says so."""

from __future__ import annotations

import base64
import io
import os
import sys
import threading
import zlib
from pathlib import Path
from subprocess import run
from typing import Any, cast

import msgspec
import pytest
import trio
import trio.testing
from PIL import Image, PngImagePlugin

from codex_trio.files.local import LocalFiles
from codex_trio.model.catalog import bundled_catalog
from codex_trio.tools.picture_form import HIGH, ORIGINAL, PictureProblem, fitted, url_of_bytes, url_of_url
from codex_trio.tools.pictures import DECODE_SECONDS, OMITTED, Pictures

TAKES_ORIGINAL = bundled_catalog().info("gpt-5.5")
SMALL_MODEL = bundled_catalog().info("a-model-of-my-own")


def image(form: str, size: tuple[int, int] = (6, 4), mode: str = "RGB", **options: Any) -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, 1).save(made, form, **options)
    return made.getvalue()


def url(raw: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(raw).decode()}"


def shown(data_url: str) -> tuple[str, Image.Image]:
    head, _, text = data_url.partition(",")
    return head, Image.open(io.BytesIO(base64.b64decode(text)))


# As 0.171.0 scales them.
@pytest.mark.parametrize(
    ("size", "high", "original"),
    [
        ((3000, 2500), (1727, 1440), (3000, 2500)),
        ((900, 4000), (461, 2048), (900, 4000)),
        ((2048, 2048), (1600, 1600), (2048, 2048)),
        ((1601, 1600), (1568, 1568), (1601, 1600)),
        ((8000, 100), (2048, 26), (6000, 75)),
        ((5000, 5000), (1600, 1600), (3200, 3200)),
        ((7000, 5000), (1881, 1344), (3762, 2688)),
        ((1, 50_000), (1, 2048), (1, 6000)),
    ],
)
def test_a_picture_is_scaled_to_what_the_api_looks_at(size: Any, high: Any, original: Any) -> None:
    width, height = size
    assert fitted(width, height, HIGH) == high
    assert fitted(width, height, ORIGINAL) == original
    width, height = high
    assert fitted(width, height, HIGH) == high


@pytest.mark.parametrize(
    ("form", "kind"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp")],
)
def test_a_whole_picture_of_a_known_kind_is_sent_as_it_is(form: str, kind: str) -> None:
    raw = image(form)
    assert url_of_bytes(raw, HIGH) == url(raw, kind)
    assert url_of_url(url(raw, kind), HIGH) == url(raw, kind)
    # Whatever it is called.
    assert url_of_url(url(raw, "image/heic"), HIGH) == url(raw, kind)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_large_picture_is_scaled_once(form: str) -> None:
    sent = url_of_bytes(image(form, (2100, 30)), HIGH)
    assert shown(sent)[1].size == (2048, 29)
    assert url_of_url(sent, HIGH) is sent


def test_a_photograph_that_lies_on_its_side_is_scaled_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert shown(url_of_bytes(image("JPEG", (2100, 30), exif=exif), HIGH))[1].size == (29, 2048)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_of_a_moving_picture_the_first_frame_is_sent(form: str) -> None:
    frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "blue")]
    made = io.BytesIO()
    frames[0].save(made, form, save_all=True, append_images=frames[1:])
    head, picture = shown(url_of_bytes(made.getvalue(), HIGH))
    assert not getattr(picture, "is_animated", False)
    red, _, blue = cast("Any", picture.convert("RGB").getpixel((0, 0)))
    assert red > 200 > 50 > blue
    assert head.startswith("data:image/")


@pytest.mark.parametrize("of", [b"iCCP", b"tEXt", b"eXIf"])
def test_damage_to_what_a_picture_can_be_shown_without_is_overlooked(of: bytes) -> None:
    raw = image("PNG")
    damaged = len(b"damage").to_bytes(4) + of + b"damage" + bytes(4)
    sent = url_of_bytes(raw[:33] + damaged + raw[33:], HIGH)
    assert sent == url(raw)


def test_a_picture_may_say_much_of_itself() -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("history", "x" * (8 << 20), zip=True)
    assert shown(url_of_bytes(image("PNG", pnginfo=words), HIGH))[1].size == (6, 4)


def test_what_follows_a_picture_is_cut_off() -> None:
    _, _, text = url_of_bytes(image("PNG") + b"more", HIGH).partition(",")
    assert base64.b64decode(text).endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"not a picture",
        image("PNG", (300, 300))[:120],
        image("JPEG", (300, 300))[:-300],
        image("PNG")[:8],
        image("BMP"),
        image("TIFF"),
        image("PPM"),
        image("ICO"),
    ],
)
def test_what_is_no_picture_for_a_model_is_refused(raw: bytes) -> None:
    with pytest.raises(PictureProblem):
        url_of_bytes(raw, HIGH)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "file:///etc/passwd",
        "data:image/svg+xml,<svg/>",
        "data:text/plain;base64,aGk=",
        "data:,%%;base64,%%",
    ],
)
def test_a_url_without_a_picture_is_refused(text: str) -> None:
    with pytest.raises(PictureProblem):
        url_of_url(text, HIGH)


def test_base64_is_read_in_all_its_spellings() -> None:
    raw = image("PNG")
    right = url(raw)
    text = right.partition(",")[2]
    for other in (
        f"data:;base64,{text}",
        f"DATA:image/png;name=a;base64,{text[:9]}\n {text[9:]}",
        f"data:image/png;base64,{text.rstrip('=')}",
        f"data:image/png;base64,{text.replace('+', '-').replace('/', '_')}",
        f"data:image/png;base64,{text.replace('+', '%2B').replace('/', '%2F').replace('=', '%3D')}",
    ):
        assert url_of_url(other, HIGH) == right


def test_a_picture_of_too_many_pixels_is_not_decoded() -> None:
    # A few kilobytes that would be gigabytes: the header says so, and nothing behind it is read.
    raw = bytearray(image("PNG"))
    raw[16:24] = (60_000).to_bytes(4) * 2
    raw[29:33] = zlib.crc32(bytes(raw[12:29])).to_bytes(4)
    with pytest.raises(PictureProblem):
        url_of_bytes(bytes(raw), HIGH)
    with pytest.raises(PictureProblem, match="9000 x 9000 pixels"):
        url_of_bytes(image("PNG", (9000, 9000), "1"), HIGH)


def test_a_picture_of_sixteen_bits_keeps_its_greys() -> None:
    made = io.BytesIO()
    Image.new("I;16", (3000, 10), 0x8000).save(made, "PNG")
    assert shown(url_of_bytes(made.getvalue(), HIGH))[1].convert("L").getextrema() == (0x80, 0x80)


def test_a_picture_of_too_many_bytes_is_not_decoded() -> None:
    limits = msgspec.structs.replace(HIGH, file_bytes=50)
    with pytest.raises(PictureProblem, match="larger than 50 bytes"):
        url_of_bytes(image("PNG"), limits)
    with pytest.raises(PictureProblem, match="larger than 50 bytes"):
        url_of_url(url(image("PNG")), limits)


def test_pillow_is_imported_for_the_first_picture_only() -> None:
    code = "import sys, codex_trio.tools.registry, codex_trio.engine.session.session; sys.exit('PIL' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_part_is_labelled_as_the_model_takes_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(image("PNG"))
    small, large = Pictures(LocalFiles()).for_model(SMALL_MODEL), Pictures(LocalFiles()).for_model(TAKES_ORIGINAL)
    part = {"type": "input_image", "image_url": url(image("PNG"))}
    assert await small.of_file(tmp_path / "a") == {**part, "detail": "high"}
    assert await small.of_file(tmp_path / "a", detail="original") == {**part, "detail": "high"}
    assert await small.of_url(part["image_url"], detail="auto") == {**part, "detail": "auto"}
    assert await large.of_url(part["image_url"], detail="low") == {**part, "detail": "original"}


@pytest.mark.parametrize("path", ["/dev/zero", "pipe", ".", "none", "/proc/kmsg"])
async def test_a_path_to_no_file_is_an_error_at_once(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with trio.fail_after(5), pytest.raises((OSError, PictureProblem)):
        await Pictures(LocalFiles()).for_model(SMALL_MODEL).of_file(tmp_path / path)


async def test_a_path_that_is_none_is_an_error() -> None:
    with pytest.raises(PictureProblem, match="null"):
        await Pictures(LocalFiles()).for_model(SMALL_MODEL).of_file("a\0b")


async def test_decoding_that_hangs_is_left_behind(autojump_clock: trio.testing.MockClock) -> None:
    pictures, release = Pictures(LocalFiles()), threading.Event()

    def hang() -> str:
        release.wait(30)
        return ""

    try:
        with pytest.raises(PictureProblem, match="could not be decoded within 30 seconds"):
            await pictures.run(hang)
        assert trio.current_time() == pytest.approx(DECODE_SECONDS)
    finally:
        release.set()


async def test_items_keep_only_pictures_that_can_be_sent() -> None:
    good = {"type": "input_image", "image_url": url(image("PNG")), "detail": "original"}
    large = {"type": "input_image", "image_url": url(image("PNG", (3000, 10)))}
    bad = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    misnamed = {"type": "input_image", "image_url": url(image("JPEG"))}
    remote = [{"type": "input_image", "image_url": "https://a/b.png"}, {"type": "input_image", "file_id": "file-1"}]
    items: list[dict[str, Any]] = [
        {"type": "message", "role": "user", "content": [good, large, bad, *remote]},
        {"type": "function_call_output", "call_id": "c", "output": [misnamed]},
        {"type": "function_call_output", "call_id": "c", "output": "text"},
    ]
    first, second, third = await Pictures(LocalFiles()).for_model(SMALL_MODEL).checked(items)
    said = {"type": "input_text", "text": f"{OMITTED}: it is not a whole PNG, JPEG, GIF or WebP image"}
    assert first["content"] == [good, large, said, *remote]
    assert second["output"] == [{**misnamed, "image_url": url(image("JPEG"), "image/jpeg")}]
    assert third is items[2]
    assert items[0]["content"][2] is bad


async def test_a_picture_with_an_empty_address_is_not_sent() -> None:
    empty = {"type": "input_image", "image_url": ""}
    [item] = (
        await Pictures(LocalFiles())
        .for_model(SMALL_MODEL)
        .checked([{"type": "message", "role": "user", "content": [empty]}])
    )
    [part] = item["content"]
    assert (part["type"], part["text"].startswith(OMITTED)) == ("input_text", True)
