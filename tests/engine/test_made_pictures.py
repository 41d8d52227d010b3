"""Pictures that a model made become files of the thread, whatever their ids are."""

import base64
from pathlib import Path

import pytest

from codex_trio.engine.made_pictures import MadePictures

PNG = b"\x89PNG\r\n\x1a\n and so on"


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def test_a_picture_is_kept_under_its_id(tmp_path: Path) -> None:
    pictures = MadePictures(tmp_path, "thread")
    path = tmp_path / "generated_images" / "thread" / "ig_1.png"
    assert await pictures.keep("ig_1", encoded(PNG)) == str(path)
    assert files(tmp_path) == {path: PNG}


async def test_no_picture_takes_the_place_of_another(tmp_path: Path) -> None:
    pictures = MadePictures(tmp_path, "thread")
    paths = {await pictures.keep("ig_1", encoded(PNG + bytes([number]))) for number in range(3)}
    assert len(paths) == len(files(pictures.folder)) == 3


@pytest.mark.parametrize("item_id", ["../../out", "a/b", "", "x" * 5000, "\0", "ä"])
async def test_an_id_that_is_no_name_leads_nowhere_else(tmp_path: Path, item_id: str) -> None:
    pictures = MadePictures(tmp_path, "thread")
    path = await pictures.keep(item_id, encoded(PNG))
    assert path is not None
    assert Path(path).parent == pictures.folder
    assert list(files(tmp_path)) == [Path(path)]


@pytest.mark.parametrize("result", [None, "", 5, "no base64!", encoded(b"#!/bin/sh"), "ä"])
async def test_what_is_no_picture_is_not_kept(tmp_path: Path, result: object) -> None:
    assert await MadePictures(tmp_path, "thread").keep("ig_1", result) is None
    assert files(tmp_path) == {}
