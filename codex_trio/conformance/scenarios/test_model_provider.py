"""Choosing the provider that new threads are run with."""

import tomllib

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe

OTHER = """
[model_providers.other]
name = "Other"
base_url = "http://127.0.0.1:9/v1"
wire_api = "responses"
"""


async def test_the_default_provider_is_chosen_for_threads_that_are_yet_to_start(lab: Lab) -> None:
    lab.configure(tables=OTHER)
    file = lab.codex_home / "config.toml"
    async with lab.run() as probe:
        before = await probe.request("thread/start", {})
        written = await probe.request("modelProvider/default/set", {"providerId": "other"})
        assert written | {"version": ""} == {
            "status": "ok",
            "version": "",
            "filePath": str(file),
            "overriddenMetadata": None,
        }
        assert written["version"].startswith("sha256:")
        assert tomllib.loads(file.read_text())["model_provider"] == "other"
        assert (await probe.request("config/read", {}))["config"]["model_provider"] == "other"
        after = await probe.request("thread/start", {})
        assert (before["modelProvider"], after["modelProvider"]) == ("scripted", "other")
        for known in ("openai", "ollama", "lmstudio", "scripted"):
            assert (await probe.request("modelProvider/default/set", {"providerId": known}))["status"] == "ok"


async def test_a_provider_that_is_not_configured_is_refused_and_nothing_is_written(lab: Lab, probe: Probe) -> None:
    before = (lab.codex_home / "config.toml").read_text()
    for name in ("zz", "", " scripted "):
        refused = await probe.refusal("modelProvider/default/set", {"providerId": name})
        assert (refused.code, refused.message) == (-32600, f"Model provider `{name}` is not configured.")
        assert refused.data == {"config_write_error_code": "configValidationError"}
    assert (lab.codex_home / "config.toml").read_text() == before
