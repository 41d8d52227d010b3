"""Which environments there are when the server starts, and what is refused with a sentence that says why."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from codex_trio.config.errors import StartupRefused
from codex_trio.environments.environment import Environment
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.providers import find_provider
from codex_trio.environments.selection import LOCAL
from codex_trio.environments.targets import ProgramTarget, RemoteTarget, WebsocketTarget
from codex_trio.testing.environments import MemoryEnvironment


class Connected:
    """Makes environments of addresses, and notes these."""

    def __init__(self) -> None:
        self.targets: list[RemoteTarget] = []

    def __call__(self, target: RemoteTarget) -> Environment:
        self.targets.append(target)
        return MemoryEnvironment(target.id)


def manager_of(path: Path, url: str = "") -> tuple[EnvironmentManager, list[RemoteTarget]]:
    connect = Connected()
    local = MemoryEnvironment(LOCAL)
    return EnvironmentManager(local, provider=find_provider(path, url), connect=connect), connect.targets


@pytest.mark.parametrize(
    ("url", "usual", "there"),
    [
        ("", [LOCAL], None),
        (" ", [LOCAL], None),
        (" NonE ", [], None),
        (" ws://127.0.0.1:7 ", ["remote"], WebsocketTarget(url="ws://127.0.0.1:7")),
    ],
)
def test_a_variable_says_where_threads_work(
    tmp_path: Path, url: str, usual: list[str], there: WebsocketTarget | None
) -> None:
    manager, targets = manager_of(tmp_path / "environments.toml", url)
    assert [selection.id for selection in manager.usual()] == usual
    assert [target.where for target in targets] == ([] if there is None else [there])
    # What must be here is, also where no client can choose it.
    assert manager.first(()).id == LOCAL


FILE = """
default = "box"
[[environments]]
id = "far"
url = " wss://far.example/exec "
auth_bearer_token = "secret"
connect_timeout_sec = 1.5
[[environments]]
id = "box"
program = "run-box"
args = ["--now"]
cwd = "boxes"
initialize_timeout_sec = 3
[environments.env]
A = "b"
"""


def test_a_file_counts_before_the_variable_and_its_default_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "environments.toml"
    path.write_text(FILE)
    manager, targets = manager_of(path, "none")
    assert [selection.id for selection in manager.usual()] == ["box", LOCAL, "far"]
    assert targets == [
        RemoteTarget(
            id="far", where=WebsocketTarget(url="wss://far.example/exec", token="secret", connect_seconds=1.5)
        ),
        RemoteTarget(
            id="box",
            where=ProgramTarget(argv=("run-box", "--now"), environ={"A": "b"}, cwd=str(tmp_path / "boxes")),
            initialize_seconds=3.0,
        ),
    ]
    assert "secret" not in repr(targets)


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("", [LOCAL]),
        ("include_local = false", []),
        ('\ufeffdefault = "None"', []),
        ('default = " a "\ninclude_local = false\n[[environments]]\nid = "a"\nurl = "ws://h"', ["a"]),
        ('[[environments]]\nid = "a"\nurl = "WS://h"', [LOCAL, "a"]),
    ],
)
def test_where_threads_work_by_a_file(tmp_path: Path, text: str, usual: list[str]) -> None:
    path = tmp_path / "environments.toml"
    path.write_text(text, encoding="utf-8")
    assert [selection.id for selection in manager_of(path)[0].usual()] == usual


def entry(*lines: str) -> str:
    return "\n".join(["[[environments]]", 'id = "a"', *lines])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[environments]]\nid = ""\nurl = "ws://h"', "environment id cannot be empty"),
        ('[[environments]]\nid = " a"\nurl = "ws://h"', "environment id ` a` must not contain surrounding whitespace"),
        ('[[environments]]\nid = "local"\nurl = "ws://h"', "environment id `local` is reserved"),
        ('[[environments]]\nid = "None"\nurl = "ws://h"', "environment id `None` is reserved"),
        ('[[environments]]\nid = "a b"\nurl = "ws://h"', "environment id `a b` must contain only ASCII letters"),
        ('[[environments]]\nid = "{}"\nurl = "ws://h"'.format("a" * 65), "cannot be longer than 64 characters"),
        ("\n".join([entry('url = "ws://h"')] * 2), "environment id `a` is duplicated"),
        (entry(), "environment `a` must set exactly one of url or program"),
        (entry('url = "ws://h"', 'program = "p"'), "environment `a` must set exactly one of url or program"),
        (entry('url = "http://h"'), "environment url `http://h` must use ws:// or wss://"),
        (entry('url = ""'), "environment url cannot be empty"),
        (entry('url = "ws://"'), "environment url `ws://...` is invalid"),
        (entry('url = "ws://user:word@h"'), "environment url `ws://...` is invalid"),
        (entry('program = " "'), "environment `a` program cannot be empty"),
        (entry('url = "ws://h"', 'args = ["b"]'), "environment `a` args, env, and cwd require program"),
        (entry('url = "ws://h"', "env = {}"), "environment `a` args, env, and cwd require program"),
        (entry('program = "p"', "connect_timeout_sec = 3"), "environment `a` connect_timeout_sec requires url"),
        (entry('url = "ws://h"', "connect_timeout_sec = -1"), "connect_timeout_sec must be between 0 and 86400"),
        (entry('url = "ws://h"', "initialize_timeout_sec = nan"), "initialize_timeout_sec must be between"),
        (entry('url = "ws://h"', 'auth_bearer_token = "t"'), "require wss:// or a loopback destination"),
        (entry('url = "ws://[::1]:1"', 'auth_bearer_token = "t\\n"'), "header `authorization`"),
        (entry('url = "ws://h"', "foo = 1"), "unknown field `foo`"),
        (entry('url = "ws://h"', 'bearer_token = "t"'), "; there are id, url, auth_bearer_token, program, "),
        (entry('url = "ws://h"', "skills = {}"), "`skills` is not supported"),
        ("foo = 1", "unknown field `foo`; there are default, include_local, environments"),
        ('default = "zz"', "default environment `zz` is not configured"),
        ('default = "local"\ninclude_local = false', "default environment `local` is not configured"),
        ('default = ""', "default environment id cannot be empty"),
        ("include_local = 3", "include_local"),
        ("environments = 3", "environments"),
        ("a = [", "environments.toml:1:"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "environments.toml"
    path.write_text(text)
    with pytest.raises(StartupRefused) as refused:
        find_provider(path, "")
    assert problem in refused.value.message
    assert str(path) in refused.value.message


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: path.write_bytes(b"a = 1\n\xff"), ":2:1: not UTF-8"),
        (lambda path: path.write_bytes(b"#" * (1 << 21)), ": is larger than"),
        (lambda path: path.mkdir(), ": is a folder"),
        (os.mkfifo, ": is a named pipe"),
        (lambda path: path.symlink_to(path), ": Too many levels of symbolic links"),
        (lambda path: path.symlink_to("nowhere"), ": it is a link that leads nowhere"),
    ],
    ids=["no text", "long", "folder", "pipe", "circle", "nowhere"],
)
def test_a_file_that_cannot_be_read_stops_the_start(
    tmp_path: Path, make: Callable[[Path], object], problem: str
) -> None:
    path = tmp_path / "environments.toml"
    make(path)
    with pytest.raises(StartupRefused) as refused:
        find_provider(path, "ws://127.0.0.1:1")
    assert f"{path}{problem}" in refused.value.message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("include_local = 3", "1:17"),
        ('\ufeffdefault = "local"\nfoo = 1\n', "2:7"),
        ('[[environments]]\r\nid = "a"\r\nurl = "ws://h"\r\nargs = [1]\r\n', "4:9"),
        ('[[environments]]\nid = "a"\nurl = "ws://h"\n\nurrl = ""\n', "5:8"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "environments.toml"
    path.write_text(text, newline="")
    with pytest.raises(StartupRefused, match=f"environment config `{path}:{place}`"):
        find_provider(path, "")


@pytest.mark.parametrize("url", ["nope", "http://h", "ws://", "ws://h:0", "ws://u:p@h", "ws://h\u200b"])
def test_a_variable_that_names_no_exec_server_stops_the_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(StartupRefused, match=r"environment url .*\(in CODEX_EXEC_SERVER_URL\)$"):
        find_provider(tmp_path / "environments.toml", url)
