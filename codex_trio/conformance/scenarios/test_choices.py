"""What a client may offer to choose from: feature switches and permission profiles."""

from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe


async def test_feature_switches_come_in_pages_and_say_whether_they_are_on(lab: Lab) -> None:
    lab.configure(tables="[features]\nshell_tool = false\n")
    async with lab.run() as probe:
        listed = (await probe.request("experimentalFeature/list", {}))["data"]
        pages: list[list[dict[str, Any]]] = []
        cursor: str | None = None
        while cursor is not None or not pages:
            page = await probe.request("experimentalFeature/list", {"limit": 100, "cursor": cursor})
            pages.append(page["data"])
            cursor = page["nextCursor"]
        assert [row for page in pages for row in page] == listed
        thread = await probe.start_thread()
        of_thread = await probe.request("experimentalFeature/list", {"threadId": thread["id"]})
        assert of_thread["data"] == listed
    by_name = {row["name"]: row for row in listed}
    assert len(by_name) == len(listed)
    assert (by_name["shell_tool"]["enabled"], by_name["shell_tool"]["defaultEnabled"]) == (False, True)
    assert (by_name["view_image"]["enabled"], by_name["view_image"]["defaultEnabled"]) == (True, True)
    assert by_name["unified_exec"]["stage"] == "stable"
    assert not by_name["chronicle"]["enabled"]
    assert list(by_name)[:3] == ["analytics_plan_history", "cli_resume_account_check", "daemon_auto_start"]
    for name in ("hooks", "steer", "collaboration_modes", "tool_call_mcp_elicitation", "in_app_browser"):
        assert by_name[name]["enabled"], name
    for row in listed:
        texts = [row[text] for text in ("displayName", "description", "announcement")]
        assert all(isinstance(text, str) for text in texts) if row["stage"] == "beta" else texts == [None] * 3


async def test_the_built_in_permission_profiles_can_be_chosen(probe: Probe) -> None:
    answer = await probe.request("permissionProfile/list", {})
    assert answer == {
        "data": [
            {"id": name, "description": None, "allowed": True}
            for name in (":read-only", ":workspace", ":danger-full-access")
        ],
        "nextCursor": None,
    }
    page = await probe.request("permissionProfile/list", {"cursor": "1", "limit": 1})
    assert (page["data"][0]["id"], page["nextCursor"]) == (":workspace", "2")


@pytest.mark.parametrize(
    ("method", "things", "total"),
    [("experimentalFeature/list", "feature flags", 224), ("permissionProfile/list", "permission profiles", 3)],
)
async def test_a_cursor_that_is_no_place_in_the_list_is_refused(
    probe: Probe, method: str, things: str, total: int
) -> None:
    bad = await probe.refusal(method, {"cursor": "bad"})
    assert (bad.code, bad.message) == (-32600, "invalid cursor: bad")
    beyond = await probe.refusal(method, {"cursor": "9999"})
    assert (beyond.code, beyond.message) == (-32600, f"cursor 9999 exceeds total {things} {total}")


async def test_switches_of_a_thread_that_is_not_there_are_refused(probe: Probe) -> None:
    thread_id = "01977b2e-0000-7000-8000-000000000000"
    refused = await probe.refusal("experimentalFeature/list", {"threadId": thread_id})
    assert (refused.code, refused.message) == (-32600, f"thread not found: {thread_id}")
    assert (await probe.refusal("experimentalFeature/list", {"threadId": "nope"})).message.startswith(
        "invalid thread id"
    )


PROFILE = """
[permissions.careful]
description = "Keeps keys to itself"
[permissions.careful.filesystem]
":root" = "read"
glob_scan_max_depth = 3
[permissions.careful.filesystem.":workspace_roots"]
"." = "write"
"docs" = "read"
"keys/*.pem" = "deny"
"""


async def test_a_permission_profile_of_the_users_own_opens_and_closes_what_it_says(lab: Lab) -> None:
    for name in ("docs/page", "keys/a.pem", "keys/a.txt"):
        (lab.cwd / name).parent.mkdir(exist_ok=True)
        (lab.cwd / name).write_text(f"in {name}\n")
    # It counts more than a sandbox mode.
    lab.configure(extra='default_permissions = "careful"\n', tables=PROFILE)
    script = "cat keys/a.pem keys/a.txt; echo new > made && cat made; echo new > docs/made || echo closed"
    async with lab.run() as probe:
        listed = (await probe.request("permissionProfile/list", {}))["data"]
        assert listed[-1] == {"id": "careful", "description": "Keeps keys to itself", "allowed": True}
        answer = await probe.request("thread/start", {"cwd": str(lab.cwd)})
        assert answer["activePermissionProfile"] == {"id": "careful", "extends": None}
        assert answer["sandbox"]["type"] == "workspaceWrite"
        run = {"command": ["/bin/sh", "-c", f"{{ {script}; }} 2>/dev/null"], "cwd": str(lab.cwd)}
        assert (await probe.request("command/exec", run))["stdout"] == "in keys/a.txt\nnew\nclosed\n"
