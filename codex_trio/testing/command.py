"""`python -m codex_trio.testing.command`: `codex-trio` on a machine whose administrator sets nothing.

For tests that start the command as a process: what lies in the `/etc/codex` of the machine that they run on is none of
their business. In its place is the folder `machine` in `CODEX_HOME`, where a test can put settings and requirements.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from codex_trio.cli.main import main


def machine_of(environ: Mapping[str, str]) -> Path:
    """Return the folder that stands for `/etc/codex`."""
    home = environ.get("CODEX_HOME") or os.path.join(environ.get("HOME") or "/", ".codex")
    return Path(home, "machine")


if __name__ == "__main__":
    sys.exit(main(system_dir=machine_of(os.environ)))
