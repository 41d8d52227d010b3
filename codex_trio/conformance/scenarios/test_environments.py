"""The machines that threads can work in: which a client may add, and what it is told of them."""

from codex_trio.conformance.probe import Probe

NOBODY = "ws://127.0.0.1:1"
"""Where no exec-server listens."""


async def test_this_machine_is_an_environment_and_what_nobody_knows_is_none(probe: Probe) -> None:
    status = await probe.request("environment/status", {"environmentId": "local"})
    assert status == {"status": "ready"}
    info = await probe.request("environment/info", {"environmentId": "local"})
    assert info["shell"]["path"].endswith(f"/{info['shell']['name']}")
    assert info["cwd"].startswith("file:///")
    status = await probe.request("environment/status", {"environmentId": "x"})
    assert status == {"status": "unknown", "error": "unknown environment id `x`"}
    refused = await probe.refusal("environment/info", {"environmentId": "x"})
    assert (refused.code, refused.message) == (-32600, "unknown environment id `x`")


async def test_what_is_no_exec_server_cannot_be_added(probe: Probe) -> None:
    for environment_id, url, more in (
        ("", NOBODY, {}),
        ("x", "", {}),
        ("x", "none", {}),
        ("local", NOBODY, {}),
        ("x", "ws://far.example:1", {"authBearerToken": "t"}),
        ("x", NOBODY, {"authBearerToken": "a\nb"}),
    ):
        params = {"environmentId": environment_id, "execServerUrl": url, **more}
        refused = await probe.refusal("environment/add", params)
        assert refused.code == -32600
        assert refused.message.startswith("exec-server protocol error: ")
    assert (await probe.request("environment/status", {"environmentId": "x"}))["status"] == "unknown"
