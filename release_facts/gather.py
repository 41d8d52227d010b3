"""Asks an app-server what it is like: schemas, models, features, settings, skills, tools.

Runs it in fresh folders with a scripted model; what one release has no answer for is noted, and the rest is asked.
"""

import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.conformance.probe import Probe, Refused, Waited
from codex_trio.testing.model_server import open_model_server
from release_facts.facts import Facts
from release_facts.offered_tools import ALWAYS_SAYS, capture, configurations
from release_facts.schemas import BUNDLE_FILE

_SECONDS = 120
_LISTS: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "models": ("model/list", {"includeHidden": True, "limit": 500}, "data"),
    "features": ("experimentalFeature/list", {"limit": 1000}, "data"),
    "settings": ("config/read", {}, "config"),
    "skills": ("skills/list", {}, "data"),
}


async def gather(release: str, program: Sequence[str], folder: Path, *, tools: bool) -> Facts:
    """Everything that a program says, asked in a folder below `folder`.

    `program` is what `app-server` and other subcommands are added to. Which `tools` it offers is the longest part.
    Raises OSError or subprocess.SubprocessError.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="lab-", ignore_cleanup_errors=True) as name:
        base = Path(name)
        (base / "schemas").mkdir()
        environment = {"HOME": name, "CODEX_HOME": str(base / "schemas"), "PATH": "/usr/bin:/bin"}
        facts = Facts(
            release=release,
            stable=_print_bundle(program, base / "stable", environment),
            experimental=_print_bundle(program, base / "experimental", environment, "--experimental"),
            catalogue=_print_catalogue(program, environment),
        )
        (base / "lab").mkdir()
        return await _ask(facts, program, base / "lab", with_tools=tools)


def _print_bundle(
    program: Sequence[str], folder: Path, environment: Mapping[str, str], *options: str
) -> dict[str, Any]:
    _run([*program, "app-server", "generate-json-schema", *options, "--out", str(folder)], environment)
    return msgspec.json.decode((folder / BUNDLE_FILE).read_bytes(), type=dict[str, Any])


def _print_catalogue(program: Sequence[str], environment: Mapping[str, str]) -> Any:
    try:
        return msgspec.json.decode(_run([*program, "debug", "models", "--bundled"], environment))["models"]
    except (subprocess.SubprocessError, msgspec.DecodeError, LookupError, TypeError):
        return None


def _run(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    return subprocess.run(command, env=environment, capture_output=True, timeout=_SECONDS, check=True).stdout


async def _ask(facts: Facts, program: Sequence[str], base: Path, *, with_tools: bool) -> Facts:
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}

    async def attempt(name: str, asking: Callable[[], Awaitable[Any]]) -> None:
        try:
            found[name] = await asking()
        except (Refused, Waited, LookupError, TypeError) as error:
            missing[name] = f"{type(error).__name__}: {str(error)[:300]}"

    async with open_model_server([ALWAYS_SAYS]) as model:
        lab = Lab(base, ServerUnderTest((*program, "app-server"), "reference", {}), model)
        async with lab.run() as probe:
            for name, (method, params, key) in _LISTS.items():
                await attempt(name, lambda: _list(probe, method, params, key))  # noqa: B023
            if with_tools:
                found["tools"], refused = await capture(
                    probe, model, configurations(found.get("models"), found.get("features"))
                )
                missing |= refused
        told = msgspec.json.encode(found)
        # What differs from run to run says nothing about the release.
        told = told.replace(str(base).encode(), b"$LAB").replace(model.base_url.encode(), b"$MODEL")
    if facts.catalogue is None:
        missing["catalogue"] = "`debug models --bundled` prints none"
    return msgspec.structs.replace(facts, missing=missing, **msgspec.json.decode(told))


async def _list(probe: Probe, method: str, params: Mapping[str, Any], key: str) -> Any:
    rows = (await probe.request(method, params))[key]
    # Skills come by folders, and one folder is asked about.
    return rows[0]["skills"] if method == "skills/list" else rows
