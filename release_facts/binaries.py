"""Where the established server's binaries are, and how to get one.

They are test peers, kept outside the checkout: `~/.cache/codex-reference/RELEASE`, as unpacked from the npm registry.
"""

import platform
import subprocess
from pathlib import Path

_TOLD_SECONDS = 30
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}


class NoBinary(Exception):
    """There is no binary to ask; the text says how to get one."""


def find_binary(release: str, *, given: str | None, cache: Path) -> Path:
    """The binary of a release: the given one if it is of that release, else the one in the cache. Raises NoBinary."""
    if given:
        path = Path(given).expanduser().resolve()
        told = release_of(path)
        if told != release:
            raise NoBinary(f"{path} is of release {told}, not {release}")
        return path
    kept = sorted((cache / release).glob("package/vendor/*/bin/codex"))
    if not kept:
        raise NoBinary(how_to_get(release, cache))
    return kept[0]


def release_of(binary: Path) -> str:
    """The release that a binary names. Raises NoBinary when it is none."""
    try:
        told = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, timeout=_TOLD_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoBinary(f"{binary} cannot be asked for its release: {error}") from error
    words = told.stdout.split()
    if not words:
        raise NoBinary(f"{binary} names no release")
    return words[-1]


def how_to_get(release: str, cache: Path) -> str:
    """What to run for the binary of a release."""
    package = f"@openai/codex@{release}-linux-{_ARCHITECTURES.get(platform.machine(), 'x64')}"
    return (
        f"no binary of release {release} in {cache / release}. To get it (100 MB):\n"
        f"    mkdir -p {cache / release} && cd {cache / release}\n"
        f"    npm pack {package} && tar xzf *.tgz\n"
        "or name one that you have: CODEX_REFERENCE=/path/to/codex"
    )
