"""`codex-trio app-server --listen ws://...`: what it announces, whom it lets in, and what it refuses to start with."""

import hashlib
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import jwt
import pytest
import trio

from codex_trio.cli.main import main
from codex_trio.client.errors import AppServerError
from codex_trio.client.process import StderrTail
from codex_trio.client.remote import open_remote_client
from codex_trio.transport.outbound import CannotConnect

PATIENCE = 20

BANNER = """codex app-server (WebSockets)
  listening on: ws://{0}
  readyz: http://{0}/readyz
  healthz: http://{0}/healthz
  note: {1}
"""
LOCAL = "binds localhost only (use SSH port-forwarding for remote access)"
REMOTE = "websocket auth is required for non-localhost listeners"


class Server:
    """A server process that listens on a port of its choice."""

    def __init__(self, process: trio.Process, stderr: StderrTail) -> None:
        self.process = process
        self.stderr = stderr

    async def announced(self, *, host: str = "127.0.0.1", note: str = LOCAL) -> str:
        """Wait for the whole banner, which must be to the letter; where the server listens."""
        with trio.fail_after(PATIENCE):
            while not self.stderr.text.endswith(f"{note}\n"):
                assert self.process.returncode is None, self.stderr.text
                await trio.sleep(0.01)  # another process writes it
        found = re.search(r"listening on: ws://(\S+:\d+)\n", self.stderr.text)
        assert found is not None
        assert found[1].startswith(f"{host}:")
        assert self.stderr.text == BANNER.format(found[1], note)
        return found[1]

    async def end(self) -> tuple[int, str]:
        """Return its exit code and all that it wrote to its standard error."""
        with trio.fail_after(PATIENCE):
            code = await self.process.wait()
            await self.stderr.ended.wait()
        return code, self.stderr.text


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "codex").mkdir()
    return tmp_path / "codex"


@asynccontextmanager
async def running(home: Path, *options: str, url: str = "ws://127.0.0.1:0") -> AsyncGenerator[Server]:
    environ = {
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "TMPDIR": str(home.parent),
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "RUST_LOG": "warn",
    }
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "codex_trio.testing.command", "app-server", "--listen", url, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        cwd=home.parent,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert process.stdout is not None
    tail = StderrTail()
    async with process.stderr, process.stdout, trio.open_nursery() as nursery:
        nursery.start_soon(tail.drain, process.stderr)
        try:
            yield Server(process, tail)
            process.send_signal(signal.SIGTERM)
            with trio.fail_after(PATIENCE):
                assert await process.wait() == 0
                assert await process.stdout.receive_some() == b""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            nursery.cancel_scope.cancel()


async def converse(url: str, token: str | None = None) -> None:
    """Connect, and is answered."""
    with trio.fail_after(PATIENCE):
        async with open_remote_client(url, token=token) as client:
            await client.initialize("test", "1.0")
            assert (await client.request("thread/loaded/list", {}))["data"] == []


async def test_clients_connect_where_the_banner_says_and_nothing_goes_to_stdout(home: Path) -> None:
    async with running(home) as server:
        where = await server.announced()
        await converse(f"ws://{where}")
        await converse(f"ws://{where}/any/path")


async def test_a_client_counts_as_remote_even_on_this_machine(home: Path) -> None:
    async with running(home) as server, open_remote_client(f"ws://{await server.announced()}") as client:
        await client.initialize("test", "1.0")
        with pytest.raises(AppServerError, match="not available over remote transports"):
            await client.request("device/key/public", {"keyId": "k"})


async def test_it_listens_on_ipv6(home: Path) -> None:
    async with running(home, url="ws://[::1]:0") as server:
        await converse(f"ws://{await server.announced(host='[::1]')}")


async def test_a_capability_token_opens_a_server_to_other_machines(home: Path) -> None:
    digest = hashlib.sha256(b"sekret-of-mine").hexdigest()
    options = ("--ws-auth", "capability-token", "--ws-token-sha256", digest)
    async with running(home, *options, url="ws://0.0.0.0:0") as server:
        where = await server.announced(host="0.0.0.0", note=REMOTE)
        url = f"ws://127.0.0.1:{where.rpartition(':')[2]}"
        await converse(url, "sekret-of-mine")
        for token in (None, "sekret-of-others"):
            with pytest.raises(CannotConnect):
                await converse(url, token)
    code, said = await server.end()
    assert code == 0
    assert "sekret" not in said


async def test_signed_tokens_open_a_server_until_they_expire(home: Path) -> None:
    secret = "a secret of thirty-two bytes and a few more"
    (home.parent / "secret").write_text(f"{secret}\n")
    options = ("--ws-auth", "signed-bearer-token", "--ws-shared-secret-file", "secret")
    limits = ("--ws-issuer", "me", "--ws-audience", "us", "--ws-max-clock-skew-seconds", "5")
    async with running(home, *options, *limits) as server:
        url = f"ws://{await server.announced()}"

        def token(*, lifetime: int) -> str:
            return jwt.encode({"exp": int(time.time()) + lifetime, "iss": "me", "aud": "us"}, secret, "HS256")

        await converse(url, token(lifetime=60))
        with pytest.raises(CannotConnect):
            await converse(url, token(lifetime=-60))
    code, said = await server.end()
    assert code == 0
    assert secret not in said
    assert "ey" not in said.partition("note:")[2]


def test_the_banner_has_colours_on_a_terminal_only(home: Path) -> None:
    screen, terminal = pty.openpty()
    environ = {"HOME": str(home), "CODEX_HOME": str(home), "PATH": os.defpath}
    server = subprocess.Popen(
        [sys.executable, "-m", "codex_trio.testing.command", "app-server", "--listen", "ws://127.0.0.1:0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        env=environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    os.close(terminal)
    try:
        said = b""
        while not said.endswith(f"{LOCAL}\r\n".encode()):
            assert select.select([screen], [], [], PATIENCE)[0], said
            said += os.read(screen, 4096)
    finally:
        server.terminate()
        assert server.wait(PATIENCE) == 0
        os.close(screen)
    assert said.startswith(
        b"\x1b[36;1mcodex app-server (WebSockets)\x1b[0m\r\n  \x1b[2mlistening on:\x1b[0m \x1b[32mws://"
    )
    assert f"  \x1b[2mnote:\x1b[0m {LOCAL}\r\n".encode() in said


@pytest.fixture
def no_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The surroundings of a server that refuses to start, which needs no process of its own."""
    monkeypatch.chdir(home.parent)
    monkeypatch.setenv("CODEX_HOME", str(home))
    (home.parent / "short").write_text("sekret\n")
    (home.parent / "blank").write_text(" \n")


EXPOSED = (
    "refusing to start non-loopback websocket listener {} without auth; "
    "configure `--ws-auth capability-token` or `--ws-auth signed-bearer-token`"
)
CAPABILITY = ("--ws-auth", "capability-token")
SIGNED = ("--ws-auth", "signed-bearer-token")
LOOPBACK = ("--listen", "ws://127.0.0.1:0")

REFUSALS = [
    (("--listen", "off"), "no transport configured; use --listen or enable remote control"),
    (("--listen", "ws://0.0.0.0:0"), EXPOSED.format("0.0.0.0:0")),
    (("--listen", "ws://[::ffff:127.0.0.1]:80"), EXPOSED.format("[::ffff:127.0.0.1]:80")),
    (
        ("--listen", "ws://192.0.2.1:0", *CAPABILITY, "--ws-token-file", "short"),
        "Address not available (os error 99): 192.0.2.1:0 is not an address of this machine",
    ),
    (
        (*LOOPBACK, *CAPABILITY, "--ws-token-file", "none"),
        "failed to read websocket auth secret {0}/none: No such file or directory (os error 2)",
    ),
    ((*LOOPBACK, *CAPABILITY, "--ws-token-file", "blank"), "websocket auth secret {0}/blank must not be empty"),
    (
        (*LOOPBACK, *SIGNED, "--ws-shared-secret-file", "short"),
        "signed websocket bearer secret {0}/short must be at least 32 bytes",
    ),
    (
        (*LOOPBACK, *SIGNED, "--ws-shared-secret-file", "short", "--ws-max-clock-skew-seconds", str(2**63)),
        "websocket auth clock skew must fit in a signed 64-bit integer",
    ),
    # On every transport what does not go together is refused.
    ((*CAPABILITY, "--ws-token-sha256", "x"), "--ws-token-sha256 must be a 64-character hex SHA-256 digest"),
    (
        ("--listen", "unix://s", "--ws-issuer", "me"),
        "websocket auth flags require `--ws-auth capability-token` or `--ws-auth signed-bearer-token`",
    ),
    (
        ("--stdio", *SIGNED),
        "`--ws-shared-secret-file` is required when `--ws-auth signed-bearer-token` is set",
    ),
]


@pytest.mark.usefixtures("no_start")
@pytest.mark.parametrize(("options", "text"), REFUSALS)
def test_it_refuses_to_start_with_what_does_not_work(
    options: tuple[str, ...], text: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["app-server", *options]) == 1
    assert capsys.readouterr() == ("", f"Error: {text.format(home.parent)}\n")


@pytest.mark.usefixtures("no_start")
def test_a_taken_port_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = f"127.0.0.1:{other.getsockname()[1]}"
        assert main(["app-server", "--listen", f"ws://{where}"]) == 1
    text = f"Error: Address in use (os error 98): {where}; choose another port, or 0 for any that is free\n"
    assert capsys.readouterr() == ("", text)


SKEW = "'--ws-max-clock-skew-seconds <SECONDS>'"
NOT_LITERAL = "invalid websocket --listen URL `ws://a:9`; expected `ws://IP:PORT`"
FORMS = "`stdio://`, `unix://`, `unix://PATH`, `ws://IP:PORT`, or `off`"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            ("--listen", "stdio"),
            f"invalid value 'stdio' for '--listen <URL>': unsupported --listen URL `stdio`; expected {FORMS}",
        ),
        (("--listen=ws://a:9",), "invalid value 'ws://a:9' for '--listen <URL>': " + NOT_LITERAL),
        (
            ("--ws-auth", "foo"),
            "invalid value 'foo' for '--ws-auth <MODE>'\n  [possible values: capability-token, signed-bearer-token]",
        ),
        (("--ws-max-clock-skew-seconds", "x"), f"invalid value 'x' for {SKEW}: invalid digit found in string"),
        (("--ws-max-clock-skew-seconds=-5",), f"invalid value '-5' for {SKEW}: invalid digit found in string"),
        (("--ws-max-clock-skew-seconds=",), f"invalid value '' for {SKEW}: cannot parse integer from empty string"),
        (
            ("--ws-max-clock-skew-seconds", str(2**64)),
            f"invalid value '{2**64}' for {SKEW}: number too large to fit in target type",
        ),
    ],
)
def test_values_that_an_option_does_not_take_are_shown(
    options: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["app-server", *options]) == 2
    assert capsys.readouterr() == ("", f"error: {text}\n\nFor more information, try '--help'.\n")


def test_stdio_and_another_place_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["app-server", "--stdio", "--listen", "ws://127.0.0.1:0"])
    assert ended.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err
