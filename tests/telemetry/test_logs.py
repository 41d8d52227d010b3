"""Log lines: which are shown, in which form, without secrets, and without waiting for a reader."""

import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.telemetry.logs import (
    MAX_TEXT,
    MAX_WAITING_LINES,
    BackgroundHandler,
    configure,
    hide_secrets,
    parse_filter,
)

Shown = Callable[[], list[str]]


@pytest.fixture
def logs() -> Iterator[Callable[[Mapping[str, str]], Shown]]:
    ends: list[Callable[[], None]] = []

    def start(environ: Mapping[str, str]) -> Shown:
        stream = io.StringIO()
        end = configure(environ, stream)
        ends.append(end)

        def shown() -> list[str]:
            ends.remove(end)
            end()
            return stream.getvalue().splitlines()

        return shown

    yield start
    for end in ends:
        end()


def test_warnings_and_worse_are_shown_unless_told_otherwise(logs: Callable[[Mapping[str, str]], Shown]) -> None:
    shown = logs({})
    logger = logging.getLogger("codex_trio.rpc")
    logger.info("quiet")
    logger.warning("careful %s", 1)
    logger.error("bad")

    first, second = shown()

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z  WARN codex_trio\.rpc: careful 1", first)
    assert second.endswith(" ERROR codex_trio.rpc: bad")


def test_a_filter_chooses_levels_for_everything_and_for_single_parts(
    logs: Callable[[Mapping[str, str]], Shown],
) -> None:
    shown = logs({"RUST_LOG": "error, codex_trio::rpc=debug"})
    logging.getLogger("codex_trio.engine").warning("no")
    logging.getLogger("codex_trio.rpc.codec").debug("yes")

    assert [line.rpartition(" ")[2] for line in shown()] == ["yes"]


@pytest.mark.parametrize(
    ("text", "default", "targets"),
    [
        ("", logging.WARNING, {}),
        ("trace", logging.DEBUG, {}),
        ("codex_trio=info", logging.INFO, {}),
        ("nonsense,a=b=c,=,,info", logging.INFO, {}),
        ("off,a::b=warn", logging.CRITICAL + 10, {"a.b": logging.WARNING}),
    ],
)
def test_what_makes_no_sense_in_a_filter_is_left_out(text: str, default: int, targets: dict[str, int]) -> None:
    assert parse_filter(text) == (default, targets)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"RUST_LOG": "loud,codex_trio.rpc=debug"}, "`loud` in RUST_LOG has no effect: write LEVEL or LOGGER=LEVEL"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT=xml has no effect: write `json` or `text`"),
    ],
)
def test_variables_that_make_no_sense_are_told(
    logs: Callable[[Mapping[str, str]], Shown], environ: Mapping[str, str], said: str
) -> None:
    (line,) = logs(environ)()
    assert said in line


@given(st.text(max_size=30))
def test_any_filter_is_accepted(text: str) -> None:
    parse_filter(text)


def test_json_lines_carry_time_level_message_and_target(logs: Callable[[Mapping[str, str]], Shown]) -> None:
    shown = logs({"LOG_FORMAT": "json", "RUST_LOG": "info"})
    try:
        raise ValueError("token=abcdefgh")
    except ValueError:
        logging.getLogger("codex_trio.x").exception("failed\nbadly")

    (line,) = shown()
    record = json.loads(line)

    assert set(record) == {"timestamp", "level", "fields", "target"}
    assert (record["level"], record["target"]) == ("ERROR", "codex_trio.x")
    assert record["fields"]["message"].startswith("failed\nbadly\nTraceback")
    assert "abcdefgh" not in line


@pytest.mark.parametrize(
    "text",
    [
        "authorization: Bearer s3cretvalue",
        "Authorization=Basic s3cretvalue",
        '{"OPENAI_API_KEY": "s3cretvalue"}',
        "api_key='s3cretvalue'",
        "x-api-key: s3cretvalue",
        "using sk-s3cretvalue now",
        "GET http://user:s3cretvalue@host/",
        "password = s3cretvalue",
        "id eyJhbGciOi.s3cretvalue.sig",
        "?access_token=s3cretvalue&x=1",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    assert "s3cretvalue" not in hide_secrets(text)
    assert "[hidden]" in hide_secrets(text)


@pytest.mark.parametrize(
    "text", ["used 512 tokens", "token usage: 5", "task sk-1", "http://host:80/a@b", "the secret of it", "bearer of"]
)
def test_ordinary_words_stay(text: str) -> None:
    assert hide_secrets(text) == text


_HOSTILE = """
import sys
from codex_trio.telemetry.logs import hide_secrets

n = 250_000
for text in (
    "x" * n,
    "x-" * n,
    "_" * n + "token",
    "token" * n,
    "token" + " " * n,
    "token " * n,
    "token=" * n,
    "password:" + " " * n,
    "api_key" * n + "=",
    "bearer " * n,
    "basic" + " " * n,
    "eyJ" * n,
    "eyJ-" * n,
    "-eyJa.b" * n,
    "eyJa." * n,
    "sk-" * n,
    "://a:" * n,
    "://" + "a" * n,
    "://a:" + ":" * n,
):
    hide_secrets(text)
print("done")
"""


def test_hiding_secrets_takes_no_longer_for_words_that_were_chosen_for_it() -> None:
    # In a process of its own: a search for a pattern cannot be interrupted. With work that grows with the square of
    # the length this would take hours; it takes a second or two.
    done = subprocess.run(
        [sys.executable, "-c", _HOSTILE], capture_output=True, text=True, timeout=120, check=False, env={}
    )

    assert done.stdout == "done\n", done.stderr


def test_a_long_message_is_shown_by_its_beginning(logs: Callable[[Mapping[str, str]], Shown]) -> None:
    shown = logs({})
    logging.getLogger("codex_trio.x").error("begin %s", "x" * 1_000_000)

    (line,) = shown()

    assert "begin xxx" in line
    assert line.endswith(" more characters)")
    assert len(line) < 10_000


def test_a_long_traceback_keeps_its_ends(logs: Callable[[Mapping[str, str]], Shown]) -> None:
    shown = logs({})
    try:
        raise ValueError("why " + "x" * 1_000_000 + "\nline" * 5000 + "\nlast")
    except ValueError:
        logging.getLogger("codex_trio.x").exception("failed")

    lines = shown()

    assert lines[1].startswith("Traceback")
    assert any(line.startswith("ValueError: why xxx") for line in lines)
    assert lines[-1] == "last"
    assert len(lines) < 300
    assert sum(map(len, lines)) < 20_000


@pytest.mark.parametrize("secret", ["password=s3cret", "http://user:s3cret@host/", "eyJa.s3cret.b", "sk-s3cretvalue"])
@pytest.mark.parametrize("visible", range(6, 25, 3))
def test_no_half_of_a_secret_is_shown_where_a_message_is_cut(
    logs: Callable[[Mapping[str, str]], Shown], secret: str, visible: int
) -> None:
    shown = logs({})
    logging.getLogger("codex_trio.x").error("%s %s and more", "y " * (MAX_TEXT // 2 - visible // 2), secret)

    assert "s3c" not in "".join(shown())


class Stuck(io.StringIO):
    """A stream whose reader has stopped reading, until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def write(self, text: str, /) -> int:
        self.released.wait(10)
        return super().write(text)


def test_a_reader_that_does_not_read_costs_lines_but_never_makes_the_server_wait() -> None:
    stream = Stuck()
    handler = BackgroundHandler(stream)
    record = logging.LogRecord("codex_trio.x", logging.WARNING, __file__, 1, "line", None, None)

    for _ in range(MAX_WAITING_LINES + 500):
        handler.handle(record)  # would hang here
    stream.released.set()
    handler.close()

    lines = stream.getvalue().splitlines()
    written = [line for line in lines if line == "line"]
    dropped = [int(line.removesuffix(" log lines were dropped")) for line in lines if line != "line"]
    assert dropped
    assert len(written) + sum(dropped) == MAX_WAITING_LINES + 500


def test_logging_goes_on_after_the_reader_is_gone() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    stream = os.fdopen(write_end, "w")
    end = configure({}, stream)
    for _ in range(5):
        logging.getLogger("codex_trio.gone").warning("anybody?")
    end()
    with pytest.raises(BrokenPipeError):
        stream.close()
