"""What the model is told besides the conversation, and the configuration behind it."""

import re
from typing import Any

from codex_trio.conformance.lab import MODEL, Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.shapes import ANY_STR, ANY_UUID, text_like
from codex_trio.testing.model_script import Request, answer, message


async def test_the_request_is_a_streamed_one_that_the_provider_does_not_store(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    thread_id = (await probe.start_thread())["id"]
    turn = await probe.run_turn(thread_id)
    [request] = lab.model.requests
    assert (request.method, request.path) == ("POST", "/v1/responses")
    assert request.headers["accept"] == "text/event-stream"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["originator"] == "scenario"
    assert request.headers["user-agent"] == text_like(r"scenario/\S+ \(.+; .+\) \S+ \(scenario; 1\.0\)( .+)?")
    assert request.headers["session-id"] == request.headers["thread-id"] == thread_id
    assert "authorization" not in request.headers
    body = request.body
    assert (body["model"], body["stream"], body["store"], body["tool_choice"]) == (MODEL, True, False, "auto")
    assert body["include"] == ["reasoning.encrypted_content"]
    assert body["prompt_cache_key"] == thread_id
    assert body["reasoning"]["effort"] == "medium"
    assert body["client_metadata"]["thread_id"] == thread_id
    assert body["client_metadata"]["turn_id"] == turn.id
    assert body["client_metadata"]["x-codex-installation-id"] == ANY_UUID


async def test_the_conversation_starts_with_instructions_environment_and_the_users_text(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"], "Hello there")
    [request] = lab.model.requests
    roles = [item["role"] for item in request.input]
    assert roles[0] == "developer"
    assert roles[-2:] == ["user", "user"]
    assert all(item["id"] == ANY_STR for item in request.input)
    environment = request.texts("user")[-2]
    inner = re.fullmatch(r"<environment_context>\n(.*)\n</environment_context>", environment, re.DOTALL)
    assert inner is not None
    lines = inner[1].splitlines()
    assert lines[:2] == [f"  <cwd>{lab.cwd}</cwd>", "  <shell>bash</shell>"]
    assert re.fullmatch(r"  <current_date>\d{4}-\d{2}-\d{2}</current_date>", lines[2])
    assert re.fullmatch(r"  <timezone>\S+</timezone>", lines[3])
    assert f"<root>{lab.cwd}</root>" in lines[4]
    assert request.texts("user")[-1] == "Hello there"


async def test_the_agents_files_of_home_and_project_reach_the_model_in_order(lab: Lab) -> None:
    (lab.codex_home / "AGENTS.md").write_text("Home rule.")
    (lab.cwd / "AGENTS.md").write_text("Root rule.")
    deep = lab.cwd / "deep" / "deeper"
    deep.mkdir(parents=True)
    (deep / "AGENTS.md").write_text("Hidden rule.")
    (deep / "AGENTS.override.md").write_text("Deep rule.")
    lab.script(answer(message("Hi.")))
    async with lab.run() as probe:
        result = await probe.request("thread/start", {"cwd": str(deep)})
        assert result["instructionSources"] == [
            f"{lab.codex_home}/AGENTS.md",
            f"{lab.cwd}/AGENTS.md",
            f"{deep}/AGENTS.override.md",
        ]
        await probe.run_turn(result["thread"]["id"])
    [text] = [text for text in lab.model.requests[0].texts("user") if "rule." in text]
    assert text.startswith(f"# AGENTS.md instructions for {deep}\n\n<INSTRUCTIONS>\n")
    assert text.endswith("\n</INSTRUCTIONS>")
    assert re.findall(r"(\w+) rule\.", text) == ["Home", "Root", "Deep"]
    assert "--- project-doc ---" in text


async def test_a_project_file_that_is_too_long_is_cut_and_the_client_is_warned(lab: Lab) -> None:
    lab.configure(extra="project_doc_max_bytes = 100")
    (lab.cwd / "AGENTS.md").write_text("x" * 300)
    lab.script(answer(message("Hi.")))
    async with lab.run() as probe:
        await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
        warnings = [sent["params"] for sent in probe.log.from_server if sent.get("method") == "warning"]
    assert any("AGENTS.md" in warning["message"] for warning in warnings)
    [text] = [text for text in lab.model.requests[0].texts("user") if "xxx" in text]
    assert text.count("x" * 100) == 1
    assert "x" * 101 not in text


async def test_a_projects_instructions_that_lead_out_of_it_are_not_sent(lab: Lab, probe: Probe) -> None:
    secret = lab.home / "key"
    secret.write_text("Secret of the user.")
    (lab.cwd / "AGENTS.md").symlink_to(secret)
    lab.script(answer(message("Hi.")))
    await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert not [text for text in lab.model.requests[0].texts("user") if "Secret of the user." in text]
    warnings = [sent["params"]["message"] for sent in probe.log.from_server if sent.get("method") == "warning"]
    assert any(str(secret) in warning for warning in warnings)


async def test_developer_instructions_of_a_thread_reach_the_model(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    thread = await probe.start_thread(developerInstructions="Speak like a pirate.")
    await probe.run_turn(thread["id"])
    assert "Speak like a pirate." in lab.model.requests[0].texts("developer")


async def test_base_instructions_of_a_thread_replace_the_built_in_ones(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")), answer(message("Hi.")))
    await probe.run_turn((await probe.start_thread())["id"])
    await probe.run_turn((await probe.start_thread(baseInstructions="Be brief."))["id"])
    built_in, replaced = (request.input[0] for request in lab.model.requests)
    assert (replaced["role"], replaced["content"]) == ("developer", [{"type": "input_text", "text": "Be brief."}])
    assert len(built_in["content"][0]["text"]) > 1000


async def test_the_model_is_told_its_permissions_and_when_they_change(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")), answer(message("Hi.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.run_turn(thread_id)
    await probe.run_turn(thread_id, approvalPolicy="on-request", sandboxPolicy={"type": "readOnly"})
    permissions = [
        [text for text in request.texts("developer") if text.startswith("<permissions instructions>")]
        for request in lab.model.requests
    ]
    assert [len(texts) for texts in permissions] == [1, 2]
    assert "danger-full-access" in permissions[0][0]
    assert "read-only" in permissions[1][1]


async def test_a_changed_folder_is_told_to_the_model_before_the_next_text(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")), answer(message("Hi.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.run_turn(thread_id, "first")
    await probe.run_turn(thread_id, "second", cwd=str(lab.base))
    told = lab.model.requests[1].texts("user")
    assert told[-1] == "second"
    assert "<environment_context>" in told[-2]
    assert f"<cwd>{lab.base}</cwd>" in told[-2]


async def test_a_broken_configuration_is_reported_with_its_place_and_the_server_starts(lab: Lab) -> None:
    lab.write_config('model = "gpt-5.5"\napproval_policy = \n')
    async with lab.run() as probe:
        warning = await probe.until("configWarning")
        params = warning["params"]
        assert params["path"] == f"{lab.codex_home}/config.toml"
        assert params["range"]["start"] == {"line": 2, "column": 19}
        assert params["summary"] == ANY_STR
        refused = await probe.refusal("thread/start", {})
        assert refused.message.startswith("failed to load configuration: ")
        assert f"{lab.codex_home}/config.toml:2:19" in refused.message
        assert await probe.request("thread/loaded/list", {}) == {"data": [], "nextCursor": None}


async def test_a_value_of_the_wrong_type_is_reported_with_its_place_and_the_server_starts(lab: Lab) -> None:
    lab.write_config('model = "gpt-5.5"\nmodel_context_window = "big"\n')
    async with lab.run() as probe:
        warning = await probe.until("configWarning")
        assert warning["params"]["path"] == f"{lab.codex_home}/config.toml"
        assert warning["params"]["range"]["start"]["line"] == 2
        assert "config.toml:2" in (await probe.refusal("thread/start", {})).message


async def test_a_client_without_the_experimental_capability_runs_turns(lab: Lab) -> None:
    lab.script(answer(message("Hi.")))
    async with lab.run(experimental=False) as probe:
        turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert (turn.status, turn.text) == ("completed", "Hi.")


async def test_the_model_and_its_provider_come_from_the_configuration(lab: Lab) -> None:
    lab.configure(provider='http_headers = { "X-Team" = "blue" }\nquery_params = { "v" = "7" }')
    lab.script(answer(message("Hi.")))
    async with lab.run() as probe:
        await probe.run_turn((await probe.start_thread())["id"])
    [request] = lab.model.requests
    assert (request.headers["x-team"], request.path) == ("blue", "/v1/responses?v=7")


async def test_a_change_of_rights_is_told_without_the_folder_again(lab: Lab, probe: Probe) -> None:
    def environments(request: Request) -> list[str]:
        return [text for text in request.texts("user") if text.startswith("<environment_context>")]

    lab.script(*(answer(message("Done.")) for _ in range(4)))
    (lab.cwd / "below").mkdir()
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    changes: list[dict[str, Any]] = [{}, {"sandboxPolicy": {"type": "readOnly"}}, {}, {"cwd": str(lab.cwd / "below")}]
    for settings in changes:
        await probe.run_turn(thread_id, **settings)
    told = [environments(request) for request in lab.model.requests]
    assert [len(texts) for texts in told] == [1, 2, 2, 3]
    whole, rights, moved = told[-1]
    assert f"<cwd>{lab.cwd}</cwd>" in whole
    assert rights.startswith("<environment_context>\n  <current_date>")
    assert 'type="restricted"' in rights
    assert f"<cwd>{lab.cwd}/below</cwd>" in moved
    assert "<shell>" in moved
