"""Variables that the interpreter sets for itself, and that no program which it starts is to see."""

import os


def forget_own_locale() -> None:
    """Take out of the environment what Python has put there for itself where it found no locale (PEP 538)."""
    try:
        with open("/proc/self/environ", "rb") as file:
            given = file.read()
    except OSError:
        return
    if not any(line.startswith(b"LC_CTYPE=") for line in given.split(b"\0")):
        os.environ.pop("LC_CTYPE", None)
