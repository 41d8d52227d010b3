"""Only what an administrator allows is in effect, by whatever request it is asked for."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from codex_trio.client.connection import AppServerClient
from codex_trio.client.errors import AppServerError
from codex_trio.in_process import open_in_process_server
from codex_trio.server.app import AppSettings

PATIENCE = 60.0
FREE = 'sandbox_mode = "danger-full-access"\napproval_policy = "never"\n'
LOOKING = 'allowed_approval_policies = ["on-request"]\nallowed_sandbox_modes = ["read-only"]\n'
HELLO = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}


class Office:
    """A machine whose administrator writes `requirements.toml`, and a client; it notes what it is told."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.etc = base / "etc"
        self.etc.mkdir()
        self.told: list[Any] = []

    @property
    def rules(self) -> Path:
        return self.etc / "requirements.toml"

    def user(self, text: str) -> None:
        (self.base / "config.toml").write_text(text, encoding="utf-8")

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[AppServerClient]:
        folder = self.base
        environ = {"HOME": str(folder), "CODEX_HOME": str(folder), "TMPDIR": str(folder), "PATH": os.defpath}
        settings = AppSettings(codex_home=folder, environ=environ, cwd=folder, system_dir=self.etc)

        def note(_side: str, message: Any) -> None:
            self.told.append(message)

        with trio.fail_after(PATIENCE):
            async with open_in_process_server(settings) as server, server.connect(observer=note) as client:
                await client.initialize("test", "1.0", experimental=True)
                yield client

    def warnings(self) -> list[str]:
        return [told["params"]["message"] for told in self.told if told.get("method") == "warning"]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


async def refused(client: AppServerClient, method: str, params: dict[str, Any]) -> str:
    with pytest.raises(AppServerError) as raised:
        await client.request(method, params)
    return str(raised.value)


async def output_or_refusal(client: AppServerClient, run: dict[str, Any]) -> str:
    try:
        return (await client.request("command/exec", run))["stdout"]
    except AppServerError as error:
        return str(error)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def is_there(path: Path) -> bool:
    return path.exists()


def rights(answer: Any) -> tuple[str, str]:
    return answer["approvalPolicy"], answer["sandbox"]["type"]


async def stored_thread(client: AppServerClient, **params: Any) -> str:
    answer: Any = await client.request("thread/start", params)
    await client.request("thread/inject_items", {"threadId": answer["thread"]["id"], "items": [HELLO]})
    return answer["thread"]["id"]


async def test_a_thread_that_was_recorded_with_more_goes_on_with_what_is_allowed(office: Office) -> None:
    async with office.client() as client:
        thread_id = await stored_thread(client)
        more = {"approvalPolicy": "never", "sandboxPolicy": {"type": "dangerFullAccess"}}
        await client.request("thread/settings/update", {"threadId": thread_id, **more})
    office.rules.write_text(LOOKING)
    async with office.client() as client:
        for method in ("thread/fork", "thread/resume"):
            office.told.clear()
            answer: Any = await client.request(method, {"threadId": thread_id})
            assert rights(answer) == ("on-request", "readOnly"), method
            await client.request("thread/loaded/list", {})
            assert [text.split("`")[1] for text in office.warnings()] == ["approval_policy", "sandbox_mode"]


async def test_changes_that_are_not_allowed_are_refused_and_change_nothing(office: Office) -> None:
    office.rules.write_text(LOOKING + 'allowed_approvals_reviewers = ["user"]\n')
    async with office.client() as client:
        thread_id = await stored_thread(client)
        tries = [
            ({"approvalPolicy": "never"}, "`approval_policy`: `Never` is not in the allowed set [OnRequest]"),
            ({"sandboxPolicy": {"type": "dangerFullAccess"}}, "`sandbox_mode`: `DangerFullAccess` is not"),
            ({"sandboxPolicy": {"type": "workspaceWrite"}}, "`sandbox_mode`: `WorkspaceWrite` is not"),
            ({"sandboxPolicy": {"type": "externalSandbox"}}, "`sandbox_mode`: `ExternalSandbox` is not"),
            ({"permissions": ":workspace"}, "`sandbox_mode`: `WorkspaceWrite` is not"),
            (
                {"approvalsReviewer": "auto_review"},
                "`approvals_reviewer`: `AutoReview` is not",
            ),
        ]
        for change, problem in tries:
            for method, more in (("turn/start", {"input": []}), ("thread/settings/update", {})):
                said = await refused(client, method, {"threadId": thread_id, **more, **change})
                assert "invalid thread settings override: invalid value for " + problem in said
                assert f"(set by {office.rules})" in said
        answer: Any = await client.request("thread/resume", {"threadId": thread_id})
        assert rights(answer) == ("on-request", "readOnly")


async def test_a_model_that_needs_automatic_review_is_never_without_and_never_without_a_sandbox(office: Office) -> None:
    office.rules.write_text('[auto_review]\nrequired_on_models = ["careful"]\n')
    free: dict[str, Any] = {"sandbox": "danger-full-access", "approvalsReviewer": "user"}

    async def started(model: str) -> tuple[str, str, str]:
        answer: Any = await client.request("thread/start", {"model": model, **free})
        return answer["thread"]["id"], answer["approvalsReviewer"], answer["sandbox"]["type"]

    async with office.client() as client:
        for model in ("careful", "vendor/careful"):
            thread_id, *settings = await started(model)
            assert settings == ["auto_review", "workspaceWrite"]
            assert all(f"`{model}`, you need to use auto review" in text for text in office.warnings()[-2:])
        for change in ({"approvalsReviewer": "user"}, {"sandboxPolicy": {"type": "dangerFullAccess"}}):
            said = await refused(client, "thread/settings/update", {"threadId": thread_id, **change})
            assert "To use model `vendor/careful`, you need to use auto review" in said
        thread_id = await stored_thread(client, model="other", **free)
        answer: Any = await client.request("thread/resume", {"threadId": thread_id})
        assert (answer["approvalsReviewer"], answer["sandbox"]["type"]) == ("user", "dangerFullAccess")
        to_it = {"threadId": thread_id, "model": "careful"}
        said = await refused(client, "turn/start", {"input": [], **to_it})
        assert "invalid thread settings override: To use model `careful`, you need to use auto review" in said
        await client.request("thread/settings/update", {"sandboxPolicy": {"type": "workspaceWrite"}, **to_it})
        answer = await client.request("thread/resume", {"threadId": thread_id})
        assert answer["approvalsReviewer"] == "auto_review"
        office.rules.write_text('allowed_approvals_reviewers = ["user"]\n' + text_of(office.rules))
        said = await refused(client, "thread/start", {"model": "careful"})
        assert "you need to use auto review" in said
        assert "`AutoReview` is not in the allowed set [User]" in said


async def test_a_loaded_thread_is_held_to_what_is_required_meanwhile(office: Office) -> None:
    office.user(FREE)
    async with office.client() as client:
        thread_id = await stored_thread(client)
        office.rules.write_text(LOOKING)
        await client.request("thread/settings/update", {"threadId": thread_id, "effort": "low"})
        answer: Any = await client.request("thread/resume", {"threadId": thread_id})
        assert rights(answer) == ("on-request", "readOnly")
        office.rules.write_text("[")
        said = await refused(client, "turn/start", {"threadId": thread_id, "input": [{"type": "text", "text": "Hi"}]})
        assert f"{office.rules}:1:" in said


async def test_a_turn_that_begins_by_itself_is_held_to_it_too(office: Office) -> None:
    office.user(FREE)
    async with office.client() as client:
        thread_id = await stored_thread(client)
        office.rules.write_text(LOOKING)
        with client.subscribe(methods=["thread/settings/updated", "turn/started"]) as news:
            said = [{"type": "text", "text": "Hi"}]
            waiting = {"threadId": thread_id, "input": said, "clientUserMessageId": "first"}
            await client.request("thread/queue/add", waiting)
            told = [(await anext(news)) for _ in range(2)]
    assert [message.method for message in told] == ["thread/settings/updated", "turn/started"]
    settings = told[0].params["threadSettings"]
    assert (settings["approvalPolicy"], settings["sandboxPolicy"]["type"]) == ("on-request", "readOnly")
    assert any("`DangerFullAccess` is not in the allowed set" in warning for warning in office.warnings())


async def test_commands_of_clients_are_held_to_it_too(office: Office) -> None:
    office.user(FREE)
    office.rules.write_text(LOOKING)
    async with office.client() as client:
        for how, word in (
            ({"sandboxPolicy": {"type": "dangerFullAccess"}}, "sandbox policy"),
            ({"permissionProfile": ":danger-full-access"}, "permission profile"),
        ):
            said = await refused(client, "command/exec", {"command": ["true"], **how})
            assert f"invalid {word}: invalid value for `sandbox_mode`: `DangerFullAccess`" in said
        spawn = {"command": ["true"], "cwd": "/", "processHandle": "p"}
        assert "process/spawn runs outside of any sandbox" in await refused(client, "process/spawn", spawn)
        office.rules.write_text("= broken")
        for method, params in (("command/exec", {"command": ["true"]}), ("process/spawn", spawn), ("thread/start", {})):
            assert f"{office.rules}:1:1" in await refused(client, method, params), method


async def test_clients_can_read_what_is_required(office: Office) -> None:
    async with office.client() as client:
        assert (await client.request("configRequirements/read"))["requirements"] is None
        office.rules.write_text(
            LOOKING + 'allowed_web_search_modes = ["cached"]\nenforce_residency = "us"\n[features]\ngoals = false\n'
            '[models.new_thread]\nmodel = "m"\n[browser_use.origins."a_b.example"]\naccess = "deny"\n'
            '[browser_use.origins.my_host]\naccess = "allow"\n[experimental_network]\nenabled = true\n'
            '[experimental_network.domains]\nmy_host = "allow"\n"**.a_b.example" = "deny"\n'
            '[hooks]\nmanaged_dir = "/srv"\n'
        )
        answer: Any = await client.request("configRequirements/read")
        required = answer["requirements"]
        assert {name: value for name, value in required.items() if value is not None and name != "hooks"} == {
            "allowedLoginMethods": ["api", "chatgpt"],
            "allowedApprovalPolicies": ["on-request"],
            "allowedSandboxModes": ["read-only"],
            "allowedWebSearchModes": ["cached", "disabled"],
            "featureRequirements": {"goals": False},
            "enforceResidency": "us",
            "models": {"newThread": {"model": "m", "modelReasoningEffort": None, "serviceTier": None}},
            "browserUse": required["browserUse"],
            "network": required["network"],
        }
        assert required["network"]["domains"] == {"my_host": "allow", "**.a_b.example": "deny"}
        assert required["browserUse"]["origins"]["my_host"]["access"] == "allow"
        assert required["browserUse"]["origins"]["a_b.example"]["access"] == "deny"
        assert (required["hooks"]["managedDir"], required["hooks"]["PreToolUse"]) == ("/srv", [])
        office.rules.write_text("= broken")
        assert f"{office.rules}:1:1" in await refused(client, "configRequirements/read", {})


async def test_a_profile_and_what_it_denies_go_along_with_a_thread(office: Office) -> None:
    key = office.base / "work" / "a.key"
    key.parent.mkdir()
    key.write_text("private\n")
    office.user(
        'default_permissions = "p"\n[permissions.p]\nextends = ":workspace"\n'
        '[permissions.p.filesystem.":workspace_roots"]\n"**/*.key" = "deny"\n'
        f'[permissions.free.filesystem]\n":root" = "read"\n[projects."{office.base}"]\ntrust_level = "trusted"\n'
    )
    async with office.client() as client:
        answer: Any = await client.request("thread/start", {"cwd": str(key.parent)})
        assert answer["activePermissionProfile"] == {"id": "p", "extends": ":workspace"}
        assert answer["sandbox"]["type"] == "workspaceWrite"
        thread_id = await stored_thread(client, cwd=str(key.parent))
        await client.request("thread/settings/update", {"threadId": thread_id, "effort": "low"})
        rollout = Path((await client.request("thread/read", {"threadId": thread_id}))["thread"]["path"])
    office.user("")
    assert '"denied":["**/*.key"]' in text_of(rollout)
    async with office.client() as client:
        for method in ("thread/fork", "thread/resume"):
            answer = await client.request(method, {"threadId": thread_id})
            assert answer["activePermissionProfile"] == {"id": "p", "extends": ":workspace"}, method
        change = {"threadId": thread_id, "sandboxPolicy": {"type": "readOnly"}}
        await client.request("thread/settings/update", change)
        answer = await client.request("thread/resume", {"threadId": thread_id})
        assert answer["activePermissionProfile"] is None


async def test_profiles_are_chosen_by_their_names(office: Office) -> None:
    office.user('[permissions.p.filesystem]\n":root" = "read"\n"/srv" = "write"\n')
    office.rules.write_text("[allowed_permission_profiles]\n':read-only' = true\np = true\n")
    async with office.client() as client:
        answer: Any = await client.request("thread/start", {"permissions": "p"})
        thread_id = answer["thread"]["id"]
        assert (answer["activePermissionProfile"]["id"], answer["sandbox"]["writableRoots"]) == ("p", ["/srv"])
        await client.request("thread/settings/update", {"threadId": thread_id, "permissions": ":read-only"})
        for name, problem in ((":workspace", "not in the allowed set"), ("q", "undefined profile `q`")):
            for method, more in (("thread/settings/update", {}), ("turn/start", {"input": []})):
                said = await refused(client, method, {"threadId": thread_id, "permissions": name, **more})
                assert problem in said
            said = await refused(client, "command/exec", {"command": ["true"], "permissionProfile": name})
            assert problem in said
        listed: Any = await client.request("permissionProfile/list", {})
        assert {profile["id"]: profile["allowed"] for profile in listed["data"]} == {
            ":read-only": True,
            ":workspace": False,
            ":danger-full-access": False,
            "p": True,
        }


async def test_what_an_administrator_denies_nobody_reads(office: Office) -> None:
    secret = office.base / "secret"
    secret.write_text("top\n")
    office.rules.write_text(f'[permissions.filesystem]\ndeny_read = ["{secret}"]\n')
    async with office.client() as client:
        run = {"command": ["/bin/cat", str(secret)], "sandboxPolicy": {"type": "readOnly"}}
        said = await output_or_refusal(client, run)
        # Where nothing can hide a file, nothing runs.
        assert said == "" or "Landlock cannot keep files from being read" in said
        full = {**run, "sandboxPolicy": {"type": "dangerFullAccess"}}
        assert "cannot keep commands from reading" in await refused(client, "command/exec", full)


async def test_hosts_that_may_be_reached_are_no_full_access(office: Office) -> None:
    office.user('sandbox_mode = "workspace-write"\n[sandbox_workspace_write]\nnetwork_access = true\n')
    office.rules.write_text("[experimental_network]\nenabled = true\nmanaged_allowed_domains_only = true\n")
    async with office.client() as client:
        answer: Any = await client.request("thread/start", {})
        thread_id = answer["thread"]["id"]
        assert answer["sandbox"]["networkAccess"] is True
        full = {"sandboxPolicy": {"type": "dangerFullAccess"}}
        tries = [
            ("command/exec", {"command": ["true"], **full}),
            ("command/exec", {"command": ["true"], "permissionProfile": ":danger-full-access"}),
            ("process/spawn", {"command": ["true"], "cwd": "/", "processHandle": "p"}),
            ("thread/settings/update", {"threadId": thread_id, **full}),
            ("turn/start", {"threadId": thread_id, "input": [], "sandboxPolicy": {"type": "externalSandbox"}}),
        ]
        for method, params in tries:
            said = await refused(client, method, params)
            assert (
                f"cannot keep commands to the hosts that `experimental_network` allows (set by {office.rules})" in said
            )


async def test_a_server_that_is_not_allowed_is_never_started(office: Office) -> None:
    mark = office.base / "mark"
    office.user(f'[mcp_servers.bad]\ncommand = "/bin/sh"\nargs = ["-c", "touch {mark}"]\nrequired = true\n')
    office.rules.write_text('[mcp_servers.good.identity]\ncommand = "good"\n')
    async with office.client() as client:
        answer: Any = await client.request("thread/start", {})
        listed: Any = await client.request("mcpServerStatus/list", {"threadId": answer["thread"]["id"]})
        assert [server["tools"] for server in listed["data"]] in ([], [{}])
        assert [told for told in office.told if told.get("method") == "mcpServer/startupStatus/updated"] == []
        assert not is_there(mark)


async def test_what_a_user_runs_by_hand_is_confined_where_nothing_may_be_free(office: Office) -> None:
    office.rules.write_text(LOOKING)
    written = office.base / "written"
    async with office.client() as client:
        answer: Any = await client.request("thread/start", {})
        thread_id = answer["thread"]["id"]
        with client.subscribe() as messages:
            await client.request("thread/shellCommand", {"threadId": thread_id, "command": f"echo x > {written}"})
            async for message in messages:
                if message.method == "turn/completed":
                    break
        assert not is_there(written)
