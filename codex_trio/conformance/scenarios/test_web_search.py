"""Searching the web, which the model's provider does by itself."""

from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, function_call, item_added, item_done, message

CONFINED: dict[str, Any] = {"type": "workspaceWrite", "writableRoots": [], "networkAccess": False}
DETAILS = """
[tools.web_search]
context_size = "high"
allowed_domains = ["example.com"]
location = { country = "US", city = "NYC", timezone = "America/New_York" }
"""


async def offered(lab: Lab, **turn: Any) -> list[dict[str, Any]]:
    """Return what the provider is told of searches in a turn."""
    async with lab.run() as probe:
        return await offered_to(lab, probe, "gpt-5.5", **turn)


async def offered_to(lab: Lab, probe: Probe, model: str, **turn: Any) -> list[dict[str, Any]]:
    """Return what the provider of a model is told of searches in a turn."""
    lab.script(answer(message("Hello.")))
    await probe.run_turn((await probe.start_thread(model=model))["id"], **turn)
    tools: list[dict[str, Any]] = lab.model.requests[-1].body.get("tools") or []
    return [tool for tool in tools if tool["type"] == "web_search"]


async def test_the_provider_is_told_how_far_a_search_may_go(lab: Lab, probe: Probe) -> None:
    kinds = {"search_content_types": ["text", "image"]}
    here = {"type": "web_search", "external_web_access": False}
    everywhere = {"type": "web_search", "external_web_access": True}
    assert await offered_to(lab, probe, "gpt-5.5") == [{**everywhere, **kinds}]
    # What cannot reach the network by its commands does not by searches either.
    assert await offered_to(lab, probe, "gpt-5.5", sandboxPolicy=CONFINED) == [{**here, **kinds}]
    assert await offered_to(lab, probe, "somebody-else") == [everywhere]
    assert await offered_to(lab, probe, "gpt-6.2-sol") == []


async def test_a_user_decides_about_searches(lab: Lab) -> None:
    lab.configure(extra='web_search = "disabled"')
    assert await offered(lab) == []
    lab.configure(extra='web_search = "live"', tables=DETAILS)
    assert await offered(lab, sandboxPolicy=CONFINED) == [
        {
            "type": "web_search",
            "external_web_access": True,
            "filters": {"allowed_domains": ["example.com"]},
            "user_location": {"type": "approximate", "country": "US", "city": "NYC", "timezone": "America/New_York"},
            "search_context_size": "high",
            "search_content_types": ["text", "image"],
        }
    ]
    lab.configure(extra='web_search = "indexed"')
    [indexed] = await offered(lab, sandboxPolicy=CONFINED)
    assert (indexed["external_web_access"], indexed["indexed_web_access"]) == (True, True)


async def test_a_user_who_wants_no_page_of_today_gets_none(lab: Lab) -> None:
    lab.configure(extra='web_search = "cached"')
    assert [spec["external_web_access"] for spec in await offered(lab)] == [False]
    lab.configure(tables="[tools]\nweb_search = false\n")
    assert await offered(lab) == []


async def test_a_search_is_shown_from_its_beginning(lab: Lab, probe: Probe) -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "in_progress"}
    actions = [
        {"type": "search", "query": "trio", "queries": ["trio", "nursery"]},
        {"type": "open_page", "url": "https://example.org/a"},
        {"type": "find_in_page", "url": "https://example.org/a", "pattern": "x"},
    ]
    parts = [
        part
        for number, action in enumerate(actions)
        for part in (
            item_added({**search, "id": f"ws_{number}"}),
            item_done({**search, "id": f"ws_{number}", "status": "completed", "action": action}),
        )
    ]
    lab.script(answer(*parts, message("Found.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert [(item["query"], item["action"]) for item in turn.started("webSearch")] == [("", {"type": "other"})] * 3
    searches = turn.items("webSearch")
    assert [item["id"] for item in searches] == ["ws_0", "ws_1", "ws_2"]
    assert [item["query"] for item in searches] == ["trio", "https://example.org/a", "'x' in https://example.org/a"]
    assert [item["action"]["type"] for item in searches] == ["search", "openPage", "findInPage"]


async def test_a_search_that_the_model_calls_like_a_tool_is_refused_by_name(lab: Lab, probe: Probe) -> None:
    lab.script(answer(function_call("web_search", {"query": "x"}, call_id="c1")), answer(message("Well.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert turn.status == "completed"
    assert lab.model.requests[1].output_of("c1") == "unsupported call: web_search"
