"""What users hear of settings that have no effect, or that no server takes any more."""

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.testing.model_script import answer, message

TRUSTED = '[projects."{}"]\ntrust_level = "trusted"'


@pytest.mark.parametrize(
    ("extra", "features", "project", "told"),
    [
        ('modle = "x"', "", "", "Codex is ignoring 1 unrecognized configuration setting."),
        ("", "", 'notify = ["x"]', "Ignored unsupported project-local config keys in "),
        ("", "[features]\nchronicle = true", "", "Under-development features enabled: chronicle. "),
    ],
    ids=["unknown", "a project's", "unfinished"],
)
async def test_every_thread_is_told_what_of_its_settings_is_ignored(
    lab: Lab, extra: str, features: str, project: str, told: str
) -> None:
    (lab.cwd / ".codex").mkdir()
    (lab.cwd / ".codex/config.toml").write_text(project)
    lab.configure(extra=extra, tables=f"{features}\n{TRUSTED.format(lab.cwd)}")
    lab.script(answer(message("Hi.")))
    async with lab.run() as probe:
        threads = [(await probe.start_thread(cwd=str(lab.cwd)))["id"] for _ in range(2)]
        for thread_id in threads:
            warning = await probe.until("warning", thread_id=thread_id)
            assert warning["params"]["message"].startswith(told)
        thread_id = threads[-1]
        await probe.run_turn(thread_id)
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id, "excludeTurns": True})
        warning = await probe.until("warning", thread_id=thread_id)
        assert warning["params"]["message"].startswith(told)
        fork_id = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]["id"]
        # It may have come before the answer.
        await probe.request("thread/loaded/list")
        warnings = [one["params"] for one in probe.log.from_server if one.get("method") == "warning"]
        assert fork_id in [params["threadId"] for params in warnings]


async def test_nobody_is_told_of_unfinished_features_who_does_not_want_to_be(lab: Lab) -> None:
    lab.configure(extra="suppress_unstable_features_warning = true", tables="[features]\nchronicle = true")
    lab.script(answer(message("Hi.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await probe.run_turn(thread_id)
        assert "warning" not in probe.log.methods()


async def test_a_remote_store_of_threads_is_refused_by_name(lab: Lab) -> None:
    lab.configure(extra='experimental_thread_store_endpoint = "http://127.0.0.1:1"')
    text = "`experimental_thread_store_endpoint` is no longer supported; remove it from config.toml"
    async with lab.run() as probe:
        told = await probe.until("configWarning", where=lambda params: params["details"] is not None)
        assert (told["params"]["summary"], told["params"]["details"]) == (
            "Invalid configuration; using defaults.",
            text,
        )
        refused = await probe.refusal("thread/start", {"cwd": str(lab.cwd)})
        assert refused.message == f"failed to load configuration: {text}"
