"""Who the server says it is, to clients and to model providers.

Owns the user agent string and the originator: both process-wide, set by clients at `initialize` (the first names the
originator, the latest is named in the suffix; observed in 0.131.0 and 0.169.0). Does not own the installation id.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

from codex_trio.version import PROTOCOL_RELEASE, __version__

DEFAULT_ORIGINATOR = "codex_trio"
ORIGINATOR_OVERRIDE = "CODEX_INTERNAL_ORIGINATOR_OVERRIDE"


class Identity:
    """Originator and user agent of this process."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._override = environ.get(ORIGINATOR_OVERRIDE)
        self._first_client: str | None = None
        self._latest_client: tuple[str, str] | None = None
        self._system = f"{operating_system()}; {platform.machine()}"
        self._terminal = terminal(environ)

    def client_arrived(self, name: str, version: str) -> None:
        """Note a client that introduced itself."""
        self._first_client = self._first_client or name
        self._latest_client = (name, version)

    @property
    def originator(self) -> str:
        """The name under which model requests are made."""
        return self._override or self._first_client or DEFAULT_ORIGINATOR

    @property
    def user_agent(self) -> str:
        """`<originator>/<release> (<system>; <machine>) <terminal> (<client>; <version>) codex-trio/<version>`."""
        agent = f"{self.originator}/{PROTOCOL_RELEASE} ({self._system}) {self._terminal}"
        if self._latest_client is not None:
            agent += " ({}; {})".format(*self._latest_client)
        return f"{agent} codex-trio/{__version__}"


def is_header_value(text: str) -> bool:
    """Return whether text may stand in an HTTP header: no control characters but tabs."""
    return all(character == "\t" or (character >= " " and character != "\x7f") for character in text)


def operating_system(os_release: Path = Path("/etc/os-release")) -> str:
    """Name and three-part version of the system, such as `Debian 12.0.0`."""
    try:
        lines = os_release.read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.system()} {_three_parts(platform.release())}"
    fields = {name: value.strip("\"'") for name, _, value in (line.partition("=") for line in lines)}
    name = fields.get("NAME", platform.system()).split(" ")[0]
    return f"{name} {_three_parts(fields.get('VERSION_ID', '0'))}"


def terminal(environ: Mapping[str, str]) -> str:
    """Return the terminal program around us, `name/version` where it says so; `unknown` under an editor."""
    program = environ.get("TERM_PROGRAM")
    if program:
        version = environ.get("TERM_PROGRAM_VERSION")
        text = f"{program}/{version}" if version else program
    else:
        text = environ.get("TERM") or "unknown"
    return "".join(character if character.isalnum() or character in "-_./" else "_" for character in text)


def _three_parts(version: str) -> str:
    numbers = [part for part in version.replace("-", ".").split(".") if part.isdigit()][:3]
    return ".".join(numbers + ["0"] * (3 - len(numbers)))
