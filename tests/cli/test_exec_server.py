"""`codex-trio exec-server`: what it refuses to start with, said in one line."""

import socket
from pathlib import Path

import pytest

from codex_trio.cli.main import main

TOKEN = ("--listen", "ws://127.0.0.1:0", "--ws-auth", "capability-token", "--ws-token-file")
OWN_NAMESPACE = "sandboxed commands always have a namespace of their own"
FORMS = "`ws://IP:PORT`, `stdio` or `stdio://`"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The CODEX_HOME of the server, beside which the test may put files."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("CODEX_HOME", str(home))
    return home


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--listen", "ws://0.0.0.0:0"), "refusing to start non-loopback websocket listener 0.0.0.0:0 without auth"),
        (("--listen", "ws://192.0.2.1:0"), "refusing to start non-loopback websocket listener 192.0.2.1:0"),
        ((*TOKEN, "{0}/nowhere"), "failed to read websocket auth secret {0}/nowhere"),
        ((*TOKEN, "{0}"), "failed to read websocket auth secret {0}"),
        ((*TOKEN, "{0}/empty"), "websocket auth secret {0}/empty must not be empty"),
    ],
)
def test_it_refuses_to_start_where_it_cannot_serve(
    options: tuple[str, ...], text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").touch()
    assert main(["exec-server", *(option.format(tmp_path) for option in options)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"Error: {text.format(tmp_path)}")
    assert shown.err.count("\n") == 1


def test_a_taken_port_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = f"127.0.0.1:{other.getsockname()[1]}"
        assert main(["exec-server", "--listen", f"ws://{where}"]) == 1
    text = f"Error: Address in use (os error 98): {where}; choose another port, or 0 for any that is free\n"
    assert capsys.readouterr() == ("", text)


@pytest.mark.parametrize("url", ["off", "unix://", "unix:///tmp/s", "http://127.0.0.1:1", "4600", ""])
def test_only_places_that_it_has_are_offered(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exec-server", "--listen", url]) == 2
    text = f"error: invalid value '{url}' for '--listen <URL>': unsupported --listen URL `{url}`; expected {FORMS}"
    assert capsys.readouterr() == ("", f"{text}\n\nFor more information, try '--help'.\n")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            ("--concurrent-requests", "0"),
            "'0' for '--concurrent-requests <COUNT>': a number from 1 to 999999 is needed",
        ),
        (("--concurrent-requests=²",), "'²' for '--concurrent-requests <COUNT>': a number from 1 to 999999 is needed"),
        (
            ("--linux-sandbox-pid-namespace", "inherit"),
            f"'inherit' for '--linux-sandbox-pid-namespace <MODE>': {OWN_NAMESPACE}; expected 'isolate'",
        ),
        (("--linux-sandbox-pid-namespace=x",), "'x' for '--linux-sandbox-pid-namespace <MODE>': expected 'isolate'"),
    ],
)
def test_a_value_that_it_cannot_go_by_is_refused(
    options: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["exec-server", *options]) == 2
    assert capsys.readouterr() == ("", f"error: invalid value {text}\n\nFor more information, try '--help'.\n")


@pytest.mark.parametrize(
    "option", ["--remote=http://127.0.0.1:1", "--exit-on-stdin-close", "--tcp-upstream-proxy=127.0.0.1:1"]
)
def test_options_of_the_established_server_are_refused_with_the_way_out(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["exec-server", option])
    shown = capsys.readouterr().err
    assert shown.startswith(f"error: '{option.partition('=')[0]}' is not supported: ")
