"""Where the prompt of `codex-trio exec` comes from."""

import codecs
import os
import socket
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO

import pytest
from exec_lab import ExecLab

from codex_trio.cli.exec_request import ExecRefused, read_prompt
from codex_trio.cli.piped_input import PipedInput
from codex_trio.testing.model_script import answer, message


def prompt(word: str | None, piped: bytes | None) -> tuple[str, list[str]]:
    notes: list[str] = []
    stdin = None if piped is None else PipedInput(BytesIO(piped))
    return read_prompt(word, stdin, notes.append), notes


@pytest.mark.parametrize(
    ("word", "piped", "expected"),
    [
        ("fix it", None, "fix it"),
        ("fix it", b"", "fix it"),
        ("fix it", b" \n", "fix it"),
        ("fix it", b"a log", "fix it\n\n<stdin>\na log\n</stdin>"),
        ("fix it", b"a log\n\n", "fix it\n\n<stdin>\na log\n\n</stdin>"),
        (None, b"  from a pipe\n", "  from a pipe\n"),
        ("-", b"from a pipe", "from a pipe"),
        (None, codecs.BOM_UTF8 + "grüße".encode(), "grüße"),
        (None, codecs.BOM_UTF16_LE + "grüße".encode("utf-16-le"), "grüße"),
    ],
)
def test_the_prompt_is_made_of_the_argument_and_of_what_is_piped(
    word: str | None, piped: bytes | None, expected: str
) -> None:
    assert prompt(word, piped)[0] == expected


def test_waiting_for_input_is_announced() -> None:
    assert prompt("fix it", b"")[1] == ["Reading additional input from stdin..."]
    assert prompt(None, b"x")[1] == ["Reading prompt from stdin..."]
    assert prompt("-", b"x")[1] == []


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_an_input_that_stays_silent_is_done_without(kind: str) -> None:
    notes: list[str] = []
    with _silent_input(kind) as file:
        assert read_prompt("fix it", PipedInput(file, patience=0.01), notes.append) == "fix it"
    assert "going on without it" in notes[-1]


def test_an_input_that_has_begun_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one ")
    told = threading.Event()

    def finish() -> None:
        told.wait(30)
        os.write(writing, b"two")
        os.close(writing)

    def note(text: str) -> None:
        if "end of stdin" in text:
            told.set()

    thread = threading.Thread(target=finish)
    thread.start()
    with os.fdopen(reading, "rb") as file:
        assert read_prompt("join", PipedInput(file, patience=0.01), note) == "join\n\n<stdin>\none two\n</stdin>"
    thread.join()


def test_a_slow_program_of_the_same_pipeline_is_waited_for() -> None:
    reading, writing = os.pipe()
    go_on, tell = os.pipe()
    # Like `sleep 60; echo late |` in a shell: not our parent, and its output is the pipe.
    producer = subprocess.Popen(["/bin/sh", "-c", "read line; echo late"], stdin=go_on, stdout=writing)
    os.close(writing)
    os.close(go_on)

    def note(text: str) -> None:
        if "Still waiting" in text:
            os.write(tell, b"now\n")

    with os.fdopen(reading, "rb") as file:
        assert "late" in read_prompt("explain", PipedInput(file, patience=0.05), note)
    os.close(tell)
    assert producer.wait(30) == 0


@contextmanager
def _silent_input(kind: str) -> Generator[BinaryIO]:
    if kind == "pipe":
        reading, writing = os.pipe()
    else:
        reading, writing = (end.detach() for end in socket.socketpair())
    try:
        with os.fdopen(reading, "rb") as file:
            yield file
    finally:
        os.close(writing)


@pytest.mark.parametrize(
    ("word", "piped", "complaint"),
    [
        (None, None, "No prompt provided. Either specify one as an argument or pipe the prompt into stdin."),
        (None, b"", "No prompt provided via stdin."),
        ("-", b" \n", "No prompt provided via stdin."),
        (None, b"ok \xff", r"not valid UTF-8 \(byte 3\)"),
    ],
)
def test_a_run_without_a_usable_prompt_is_refused(word: str | None, piped: bytes | None, complaint: str) -> None:
    with pytest.raises(ExecRefused, match=complaint):
        prompt(word, piped)


async def test_the_model_reads_prompt_and_piped_input_as_one_message(lab: ExecLab) -> None:
    done = await lab.run("explain", "--json", stdin=b"a log\n", model=answer(message("It broke.")))
    assert done.code == 0
    assert lab.model.requests[0].texts("user")[-1] == "explain\n\n<stdin>\na log\n</stdin>"
