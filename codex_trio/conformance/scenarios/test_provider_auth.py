"""Providers whose key a command gives."""

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.testing.model_script import answer, http_error, message

# Without a folder of its own a command runs where the server does, which may be anywhere.
PRINTS_A_KEY = (
    """auth = { command = "/bin/sh", args = ["-c", "echo x >> $TMPDIR/runs; echo key-$(cat $TMPDIR/runs | wc -l)"] }"""
)
EXPIRED = http_error(401, {"error": {"message": "expired"}})


def keys(lab: Lab) -> list[str | None]:
    return [request.headers.get("authorization") for request in lab.model.requests]


async def test_a_key_from_a_command_is_used_until_the_provider_refuses_it(lab: Lab) -> None:
    lab.configure(provider=PRINTS_A_KEY)
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        lab.script(answer(message("a")), answer(message("b", item_id="m2")))
        for _ in range(2):
            assert (await probe.run_turn(thread_id, "Hi")).status == "completed"
        assert keys(lab) == ["Bearer key-1", "Bearer key-1"]
        lab.script(EXPIRED, answer(message("c", item_id="m3")))
        assert (await probe.run_turn(thread_id, "Hi")).status == "completed"
        assert keys(lab)[2:] == ["Bearer key-1", "Bearer key-2"]
        lab.script(EXPIRED, EXPIRED)
        turn = await probe.run_turn(thread_id, "Hi")
        assert (turn.status, keys(lab)[4:]) == ("failed", ["Bearer key-2", "Bearer key-3"])
        assert "expired" in turn.error["message"]


async def test_a_command_that_fails_fails_the_turn_and_nothing_is_sent(lab: Lab) -> None:
    lab.configure(provider='auth = { command = "/bin/sh", args = ["-c", "echo locked >&2; exit 3"] }')
    lab.script(answer(message("a")))
    async with lab.run() as probe:
        turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"], "Hi")
    assert turn.status == "failed"
    assert turn.error["codexErrorInfo"] == "unauthorized"
    assert "failed with status 3: locked" in turn.error["message"]
    assert lab.model.requests == []


@pytest.mark.parametrize(
    ("auth", "problem"),
    [
        ('env_key = "KEY"\nauth = { command = "true" }', "provider auth cannot be combined with env_key"),
        ('auth = { command = " " }', "provider auth.command must not be empty"),
        ('auth = { args = ["x"] }', "missing field `command`"),
        ('auth = { command = "true", timeout_ms = 0 }', "invalid value: integer `0`, expected a nonzero u64"),
        ('env_key = ""', "provider env_key must be the name of an environment variable"),
        ("stream_idle_timeout_ms = 0", "invalid value: integer `0`, expected a nonzero u64"),
    ],
)
async def test_an_unusable_setting_is_refused(lab: Lab, auth: str, problem: str) -> None:
    lab.configure(provider=auth)
    async with lab.run() as probe:
        refused = await probe.refusal("thread/start", {})
    assert problem in refused.message


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('http_headers = { "x-extra" = "one\\ntwo" }', "x-extra"),
        ('env_http_headers = { "x-extra" = "ODD" }', "x-extra"),
        ('env_key = "ODD"', "authorization"),
        ("no base_url", "has no `base_url`"),
    ],
    ids=["header", "header of a variable", "key", "no address"],
)
async def test_what_cannot_be_sent_fails_the_turn_and_names_the_file(lab: Lab, setting: str, said: str) -> None:
    config = lab.codex_home / "config.toml"
    if setting == "no base_url":
        lab.configure()
        lines = config.read_text().splitlines(keepends=True)
        config.write_text("".join(line for line in lines if not line.startswith("base_url")))
    else:
        lab.configure(provider=setting)
    lab.script(answer(message("a")))
    async with lab.run(env={"ODD": "one\ntwo"}) as probe:
        turn = await probe.run_turn((await probe.start_thread())["id"], "Hi")
    assert turn.status == "failed"
    assert said in turn.error["message"]
    assert str(config) in turn.error["message"]
    assert lab.model.requests == []


async def test_where_a_provider_wants_a_login_that_is_not_there_nothing_is_sent(lab: Lab) -> None:
    lab.configure(provider="requires_openai_auth = true")
    lab.script(answer(message("a")))
    async with lab.run() as probe:
        turn = await probe.run_turn((await probe.start_thread())["id"], "Hi")
    assert turn.status == "failed"
    assert "OPENAI_API_KEY" in turn.error["message"]
    assert lab.model.requests == []


@pytest.mark.parametrize(("behind", "asked"), [("?a=b%20c", "/v1/responses?a=b%20c"), ("#x", None)])
async def test_an_address_may_have_a_query_and_nothing_else_behind_its_path(
    lab: Lab, behind: str, asked: str | None
) -> None:
    lab.configure()
    config = lab.codex_home / "config.toml"
    config.write_text(config.read_text().replace(lab.model.base_url, lab.model.base_url + behind))
    lab.script(answer(message("a")))
    async with lab.run() as probe:
        turn = await probe.run_turn((await probe.start_thread())["id"], "Hi")
    assert turn.status == ("failed" if asked is None else "completed")
    assert [request.path for request in lab.model.requests] == ([] if asked is None else [asked])


ON_AWS = """
model = "openai.gpt-5.5"
model_provider = "amazon-bedrock"

[model_providers.amazon-bedrock]
base_url = "{base_url}"

[model_providers.amazon-bedrock.aws]
region = "us-east-1"

[model_providers.amazon-bedrock.aws.credential_export]
command = "/bin/sh"
args = ["-c", '''
echo x >> $TMPDIR/runs
echo "{{\\"AccessKeyId\\": \\"AKID$(cat $TMPDIR/runs | wc -l)\\", \\"SecretAccessKey\\": \\"s\\"}}"''']
"""


async def test_a_session_with_aws_is_renewed_when_it_has_expired_and_clients_hear_of_it(lab: Lab) -> None:
    lab.write_config(ON_AWS.format(base_url=lab.model.base_url))
    expired = http_error(403, {"__type": "ExpiredTokenException", "message": "The security token is expired"})
    lab.script(expired, answer(message("a")), answer(message("b", item_id="m2")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        first, second = [await probe.run_turn(thread_id, "Hi") for _ in range(2)]
    assert (first.status, second.status) == ("completed", "completed")
    told = [m for m in first.messages if m.get("method", "").startswith("modelProvider/")]
    assert [(m["method"], m["params"]["provider"], m["params"]["message"]) for m in told] == [
        ("modelProvider/authRecoveryStarted", "Amazon Bedrock", "AWS session has expired. Reauthenticating..."),
        ("modelProvider/authRecoveryCompleted", "Amazon Bedrock", "Signed in with AWS."),
    ]
    signed_by = [(key or "").partition("Credential=")[2].partition("/")[0] for key in keys(lab)]
    assert signed_by == ["AKID1", "AKID2", "AKID2"]
