"""The providers that threads can be run with: showing them, changing them, choosing one for new threads."""

import tomllib
from typing import Any

import pytest

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


GATEWAYS = """
[model_providers.by-variable]
name = "By variable"
base_url = "http://127.0.0.1:9/v1"
env_key = "SOME_KEY"

[model_providers.by-token]
name = "By token"
base_url = "http://127.0.0.1:9/v1"
experimental_bearer_token = "a-secret"

# What others say of it, and a key.
[model_providers.by-address]
name = "By address"
base_url = "http://user:a-secret@127.0.0.1:9/v1"
env_key = "SOME_KEY"

# A key may stand in what is added to the address too.
[model_providers.by-query]
name = "By query"
base_url = "http://127.0.0.1:9/v1"
query_params = { api-version = "1" }
"""


def gateway(id: str, name: str, base_url: str | None, auth: dict[str, Any]) -> dict[str, Any]:
    """Return a gateway as clients are told of it."""
    settings = {"type": "customGateway", "auth": auth}
    return {"id": id, "name": name, "canEdit": True, "baseUrl": base_url, "settings": settings}


async def write(probe: Probe, **settings: Any) -> dict[str, Any]:
    """Return the provider as it is after a change."""
    written = await probe.request("modelProvider/config/write", {"settings": {"type": "customGateway", **settings}})
    return written["provider"]


async def test_providers_are_listed_without_their_secrets(lab: Lab) -> None:
    lab.configure(tables=GATEWAYS)
    async with lab.run() as probe:
        listed = await probe.request("modelProvider/list", {})
    address = "http://127.0.0.1:9/v1"
    assert listed == {
        "data": [
            gateway("by-address", "By address", None, {"mode": "externallyConfigured", "envKey": "SOME_KEY"}),
            gateway("by-query", "By query", address, {"mode": "externallyConfigured", "envKey": None}),
            gateway("by-token", "By token", address, {"mode": "externallyConfigured", "envKey": None}),
            gateway("by-variable", "By variable", address, {"mode": "environmentVariable", "envKey": "SOME_KEY"}),
            {"id": "openai", "name": "OpenAI", "canEdit": False, "baseUrl": None, "settings": {"type": "openai"}},
            gateway("scripted", "Scripted", f"{lab.model.base_url}", {"mode": "none"}),
        ],
        "defaultProviderId": "scripted",
        "canChangeDefault": True,
    }


async def test_a_gateway_is_added_and_changed_and_the_rest_of_the_file_stays(lab: Lab) -> None:
    lab.configure(tables=GATEWAYS)
    address = "http://127.0.0.1:1/v1"
    async with lab.run() as probe:
        added = await write(probe, name=" New One! ", baseUrl=f" {address} ", envKey="K")
        assert added == gateway("new-one", "New One!", address, {"mode": "environmentVariable", "envKey": "K"})
        again = await write(probe, name="New One!", baseUrl=address)
        assert again == gateway("new-one-2", "New One!", address, {"mode": "none"})
        assert (await write(probe, name="!!", baseUrl=address))["id"] == "custom"
        changed = await write(probe, providerId="new-one", name="Newer", envKey=None)
        assert changed == gateway("new-one", "Newer", address, {"mode": "none"})
        assert await write(probe, providerId="new-one") == changed
        assert (await write(probe, providerId="by-token", name="T"))["settings"]["auth"][
            "mode"
        ] == "externallyConfigured"
        listed = await probe.request("modelProvider/list", {})
        assert changed in listed["data"]
    text = (lab.codex_home / "config.toml").read_text()
    assert "# What others say of it, and a key." in text
    tables = tomllib.loads(text)["model_providers"]
    assert tables["new-one"] == {"name": "Newer", "base_url": address, "wire_api": "responses"}
    assert tables["by-token"]["experimental_bearer_token"] == "a-secret"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"providerId": "openai", "name": "x"}, "A custom provider or gateway cannot use a built-in provider ID."),
        ({"providerId": "nope", "name": "x"}, "Unknown provider ID."),
        ({"name": "No address"}, "A base URL is required to create a custom provider."),
        ({"baseUrl": "http://127.0.0.1:1/v1"}, "Enter a provider name."),
        ({"providerId": "by-variable", "name": " "}, "Enter a provider name."),
        (
            {"name": "OpenAI", "baseUrl": "http://127.0.0.1:1/v1"},
            "This name is reserved for a built-in provider. Enter a different custom provider name.",
        ),
        *(
            (
                {"providerId": "by-variable", "baseUrl": address},
                "Enter an HTTP(S) base URL without credentials, a query, or a fragment.",
            )
            for address in ("nonsense", "ftp://127.0.0.1/v1", "http://u:p@127.0.0.1/v1", "http://127.0.0.1/v1?key=x")
        ),
        ({"providerId": "by-variable", "envKey": "a b"}, "Invalid API key environment variable name."),
        *(
            (
                {"providerId": id, "envKey": value},
                "Authentication is configured externally. Omit envKey to preserve it.",
            )
            for id, value in (("by-token", "K"), ("by-address", None))
        ),
    ],
)
async def test_a_gateway_that_cannot_be_is_refused_and_nothing_is_written(
    lab: Lab, settings: dict[str, Any], message: str
) -> None:
    lab.configure(tables=GATEWAYS)
    before = (lab.codex_home / "config.toml").read_text()
    async with lab.run() as probe:
        refused = await probe.refusal("modelProvider/config/write", {"settings": {"type": "customGateway", **settings}})
    code = "configPathNotFound" if "Unknown" in message else "configValidationError"
    assert (refused.code, refused.message, refused.data) == (-32600, message, {"config_write_error_code": code})
    assert (lab.codex_home / "config.toml").read_text() == before
