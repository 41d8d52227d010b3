"""What is started for a command that this server does not have to confine itself."""

from pathlib import Path
from typing import NoReturn

import pytest
import trio

from codex_trio.environments.local.confinement import confined
from codex_trio.environments.place import WorkPlace
from codex_trio.execution.launch import SpawnRequest
from codex_trio.sandbox.policy import DangerFullAccess, ExternalSandbox, SandboxPolicy
from codex_trio.sandbox.roots import RootAnchors


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (DangerFullAccess(), {}),
        (ExternalSandbox(network_access=True), {}),
        (ExternalSandbox(network_access=False), {"CODEX_SANDBOX_NETWORK_DISABLED": "1"}),
    ],
)
async def test_nothing_looks_for_a_sandbox_that_is_not_needed(
    tmp_path: Path, policy: SandboxPolicy, told: dict[str, str]
) -> None:
    async def probe() -> NoReturn:
        await trio.lowlevel.checkpoint()
        pytest.fail("the look for a sandbox warns of one that is missing")

    def door(limits: object) -> NoReturn:
        pytest.fail(f"a way out for {limits}")

    request = SpawnRequest(argv=("true",), cwd=str(tmp_path), env={"A": "1"}, tty=False)
    started = await confined(
        request,
        WorkPlace(cwd=str(tmp_path), policy=policy),
        probe=probe,
        anchors=RootAnchors(),
        tmpdir=None,
        door=door,
        processes=None,
    )
    assert started.argv == ("true",)
    assert started.env == {"A": "1", **told}
