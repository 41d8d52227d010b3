"""Where the prompt of `codex-trio exec` comes from."""

import codecs
from io import BytesIO

import pytest
from exec_lab import ExecLab

from codex_trio.cli.exec_request import ExecRefused, read_prompt
from codex_trio.testing.model_script import answer, message


def prompt(word: str | None, piped: bytes | None, *, adds_stdin: bool = True) -> tuple[str, list[str]]:
    notes: list[str] = []
    stdin = None if piped is None else BytesIO(piped)
    return read_prompt(word, stdin, notes.append, adds_stdin=adds_stdin), notes


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


def test_a_resumed_thread_gets_its_prompt_only() -> None:
    assert prompt("go on", b"unread", adds_stdin=False) == ("go on", [])
    assert prompt(None, b"go on", adds_stdin=False)[0] == "go on"


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
