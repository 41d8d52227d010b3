"""What command lines really do: they are run by bash, and what was left behind is looked at.

    python -I -S command_oracle.py FOLDER

FOLDER/lines is a JSON array; FOLDER/findings has for each line what it did: nothing is the empty text. Runs inside of
a sandbox that can write nothing but FOLDER. Programs in FOLDER/fakes leave a mark when they run.
"""

import json
import os
import shutil
import socket
import subprocess
import sys

_SECONDS = 10.0
_FAKE = "#!/bin/sh\n: >>{folder}/ran\n"
_REAL = ("bash", "sh")


class Oracle:
    """`folder` is free for its use."""

    def __init__(self, folder: str) -> None:
        self._ran = os.path.join(folder, "ran")
        self._room = os.path.join(folder, "room")
        self._fakes = os.path.join(folder, "fakes")
        self._fake = _FAKE.format(folder=folder)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0)
        self._port = str(self._listener.getsockname()[1])
        self._furnish()

    def judge(self, line: str) -> str:
        """Return what a line did."""
        script = line.replace("PORT", self._port)
        if "\0" in script:
            return ""  # No program can be given such a word.
        env = {"PATH": f"{self._fakes}:/usr/bin:/bin", "HOME": self._room, "LC_ALL": "C.UTF-8"}
        try:
            subprocess.run(
                ["/bin/bash", "-c", script],
                cwd=self._room,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "did not end"
        found = [
            what for what, is_so in (("ran a program", self._has_run()), ("connected", self._was_called())) if is_so
        ]
        if self._look() != self._expected:
            found.append("wrote")
            self._furnish()
        return ", ".join(found)

    def _furnish(self) -> None:
        shutil.rmtree(self._room, ignore_errors=True)
        os.makedirs(os.path.join(self._room, "sub"))
        for name, text in {
            "a.txt": "a:b\nc\n",
            "b c": "a\n",
            "script.sed": "1e touch mark\nw mark\n",
            "script.sh": "touch mark\n",
            "tool": self._fake,
            "sub/tool": self._fake,
        }.items():
            path = os.path.join(self._room, name)
            with open(path, "w") as file:
                file.write(text)
            os.chmod(path, 0o755)
        self._expected = self._look()

    def _look(self) -> list[tuple[str, int, int, int]]:
        found: list[tuple[str, int, int, int]] = []
        for folder, folders, files in os.walk(self._room):
            for name in (*folders, *files):
                path = os.path.join(folder, name)
                facts = os.lstat(path)
                found.append((path, facts.st_mode, facts.st_size, facts.st_mtime_ns))
        return sorted(found)

    def _has_run(self) -> bool:
        try:
            os.unlink(self._ran)
        except FileNotFoundError:
            return False
        return True

    def _was_called(self) -> bool:
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True


def make_fakes(folder: str, names: set[str]) -> None:
    """Have programs of these names leave a mark in `folder`, whatever they are."""
    fakes = os.path.join(folder, "fakes")
    os.makedirs(fakes)
    for name in names.difference(_REAL):
        path = os.path.join(fakes, name)
        with open(path, "w") as file:
            file.write(_FAKE.format(folder=folder))
        os.chmod(path, 0o755)


if __name__ == "__main__":
    oracle = Oracle(sys.argv[1])
    with open(os.path.join(sys.argv[1], "lines")) as given:
        lines = json.load(given)
    with open(os.path.join(sys.argv[1], "findings"), "w") as findings:
        json.dump([oracle.judge(line) for line in lines], findings)
