"""Secrets in a keyring, against GNOME's on a bus of its own where it is installed; and where there is none."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys, time
from codex_trio.util.keyring import Keyring, KeyringFailure

keyring, other = Keyring("codex-trio test", seconds=float(sys.argv[1])), Keyring("codex-trio other")
began = time.monotonic()
try:
    assert keyring.find("me") is None
    keyring.keep("me", "one")
    keyring.keep("me", "s\\u00e9cret\\n" * 1000)
    assert keyring.find("me") == "s\\u00e9cret\\n" * 1000
    assert keyring.find("you") is None and other.find("me") is None
    assert keyring.forget("me") and not keyring.forget("me")
    assert keyring.find("me") is None
    print("kept and forgotten")
except KeyringFailure as failure:
    print(failure)
print("in time" if time.monotonic() - began < 10 else "late")
"""
UNLOCKED = 'echo -n password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; "$@"'

PARTS = ("dbus-run-session", "gnome-keyring-daemon")


def run(*before: str, home: Path, seconds: float = 5, **env: str) -> list[str]:
    command = [*before, sys.executable, "-c", PROGRAM, str(seconds)]
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(home), "XDG_RUNTIME_DIR": str(home), **env}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


@pytest.mark.skipif(not all(map(shutil.which, PARTS)), reason="no GNOME Keyring, or no bus for it, is installed")
def test_a_secret_is_kept_replaced_and_forgotten(tmp_path: Path):
    said = run("dbus-run-session", "--", "sh", "-c", UNLOCKED, "sh", home=tmp_path)
    assert said == ["kept and forgotten", "in time"]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "no D-Bus session is running"),
        ("unix:path=/nonexistent/bus", "No such file"),
        ("tcp:host=x", ""),
        ("x", ""),
    ],
)
def test_without_a_bus_there_is_no_keyring(tmp_path: Path, address: str, reason: str):
    failure, time = run(home=tmp_path, DBUS_SESSION_BUS_ADDRESS=address)
    assert failure.startswith("there is no keyring here: ")
    assert reason in failure
    assert time == "in time"


def test_a_bus_that_never_answers_is_given_up(tmp_path: Path):
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "bus"))
        deaf.listen()
        failure, time = run(home=tmp_path, seconds=0.2, DBUS_SESSION_BUS_ADDRESS=f"unix:path={tmp_path}/bus")
    assert failure == "the keyring did not answer in 0.2 seconds"
    assert time == "in time"
