"""Sessions with AWS that commands give and renew: when they run, and what people are told meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli
import trio

from codex_trio.config.providers import ModelProviderConfig, build_providers
from codex_trio.conformance.processes import wait_gone
from codex_trio.model.aws import find_keys
from codex_trio.model.aws_login import AwsLogin, AwsLogins, LoginRenewal
from codex_trio.model.client import ResponsesClient
from codex_trio.model.errors import ModelError
from codex_trio.model.http import open_transport
from codex_trio.model.request import ModelRequest, RequestHeaders
from codex_trio.testing.model_script import answer, http_error, message
from codex_trio.testing.model_server import open_model_server

NOW = 1_800_000_000.0
EXPIRED = http_error(403, {"__type": "ExpiredTokenException", "message": "The security token is expired"})
REGION = {"region": "us-east-1"}


def provider(aws: Mapping[str, Any], **settings: Any) -> ModelProviderConfig:
    tables = {"amazon-bedrock": {"aws": {**REGION, **aws}, **settings}}
    return build_providers(tables, openai_base_url=None, environ={}, set_in={})["amazon-bedrock"]


def script(text: str, *, timeout_ms: int = 60_000) -> dict[str, Any]:
    return {"command": "/bin/sh", "args": ["-c", text], "timeout_ms": timeout_ms}


def exporting(output: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a command that prints keys, and notes that it ran; `N` in them is how often."""
    return script(f"echo export >> {folder}/ran; echo '{json.dumps(output)}' | sed s/N/$(grep -c export {folder}/ran)/")


def ran(folder: Path) -> list[str]:
    noted = folder / "ran"
    return noted.read_text().split() if noted.exists() else []


def login_of(
    aws: Mapping[str, Any], *, environ: Mapping[str, str] | None = None, times: list[float] | None = None
) -> AwsLogin:
    known = {"PATH": "/usr/bin:/bin", **(environ or {})}
    login = AwsLogins(known, folder=Path("/"), now=lambda: (times or [NOW])[-1]).of(provider(aws))
    assert login is not None
    return login


def test_what_is_advised_for_a_profile_that_logs_in_elsewhere_holds(tmp_path: Path) -> None:
    home = tmp_path / ".aws"
    home.mkdir()
    (home / "config").write_text("[profile mine]\nsso_session = company\nregion = eu-west-3\n")
    builtin = build_providers({}, openai_base_url=None, environ={}, set_in={})["amazon-bedrock"]
    assert builtin.aws is not None
    mine = msgspec.structs.replace(builtin, aws=msgspec.structs.replace(builtin.aws, profile="mine"))
    with pytest.raises(ModelError) as caught:
        find_keys(mine, {"HOME": str(tmp_path)})
    advised = "\n".join(part for part in caught.value.message.split("`") if part.startswith("model_providers."))
    table = tomli.loads(advised)["model_providers"]["amazon-bedrock"]
    asked = ["configure", "export-credentials", "--profile", "mine"]
    assert table["aws"] == {"credential_export": {"command": "aws", "args": asked}, "region": "eu-west-3"}
    assert build_providers({"amazon-bedrock": table}, openai_base_url=None, environ={}, set_in={})


PLAIN = {"AccessKeyId": "AKIDN", "SecretAccessKey": "s", "SessionToken": "t"}


@pytest.mark.parametrize(
    ("output", "token"),
    [
        ({"Version": 1, **PLAIN}, "t"),
        ({"Credentials": {**PLAIN, "Expiration": "2100-01-01T00:00:00Z"}}, "t"),
        ({"AccessKeyId": "AKIDN", "SecretAccessKey": "s"}, None),
    ],
)
async def test_keys_are_taken_in_both_forms_of_aws(tmp_path: Path, output: dict[str, Any], token: str | None) -> None:
    login = login_of({"credential_export": exporting(output, tmp_path)})
    for _ in range(2):
        keys = await login.keys()
        assert keys is not None
        assert (keys.access_key_id, keys.secret_access_key, keys.session_token) == ("AKID1", "s", token)
    assert ran(tmp_path) == ["export"]


async def test_new_keys_are_asked_for_before_the_old_ones_expire(tmp_path: Path) -> None:
    times = [NOW]
    output = {**PLAIN, "Expiration": "2100-01-01T00:00:00+00:00"}
    login = login_of({"credential_export": exporting(output, tmp_path)}, times=times)
    end = 4_102_444_800.0
    for time, runs in ((NOW, 1), (end - 301, 1), (end - 299, 2)):
        times.append(time)
        await login.keys()
        assert len(ran(tmp_path)) == runs


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (script("echo no session >&2; exit 3"), "failed with status 3: no session"),
        (script("echo hidden"), "printed no credentials in AWS's form"),
        (script("""echo '{"accessKeyId": "hidden", "secretAccessKey": "s"}'"""), "missing required field"),
        (script("""echo '{"AccessKeyId": "", "SecretAccessKey": "hidden"}'"""), "printed no credentials"),
        (script(f"""echo '{json.dumps({**PLAIN, "Expiration": "2000-01-01T00:00:00Z"})}'"""), "have expired"),
        (script(f"""echo '{json.dumps({**PLAIN, "Expiration": "2100-01-01"})}'"""), "printed no credentials"),
        ({"command": "/nowhere/exporter"}, "could not be run"),
        (script("head -c 200000 /dev/zero"), "printed no credentials"),
    ],
)
async def test_what_a_command_does_wrong_is_said(command: dict[str, Any], words: str) -> None:
    login = login_of({"credential_export": command})
    with pytest.raises(ModelError) as caught:
        await login.keys()
    assert words in caught.value.message
    assert "`aws.credential_export` of the provider in config.toml" in caught.value.message
    assert "hidden" not in caught.value.message
    assert caught.value.info.kind == "unauthorized"
    # By itself it will do no better.
    assert not login.may_help(caught.value)


async def test_a_command_that_takes_too_long_is_gone_with_what_it_started(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    login = login_of({"credential_export": script(f"sleep 600 & echo $! > {noted}.new; mv {noted}.new {noted}; wait")})
    with trio.move_on_after(60) as waiting:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(login.keys)
            while not await trio.Path(noted).exists():  # noqa: ASYNC110  # nothing tells of another's file
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
    assert not waiting.cancelled_caught
    await wait_gone(int(noted.read_text()))
    late = login_of({"credential_export": script("sleep 600", timeout_ms=1)})
    with pytest.raises(ModelError, match="did not end within 1 ms"):
        await late.keys()


async def test_one_login_serves_all_who_wait_for_it(tmp_path: Path) -> None:
    aws = {"credential_export": exporting(PLAIN, tmp_path), "auth_refresh": script(f"echo login >> {tmp_path}/ran")}
    login = login_of(aws)
    told: list[LoginRenewal] = []
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(lambda: login.renew(since=0, tell=told.append))
    assert ran(tmp_path) == ["login", "export"]
    assert [(renewal.message, renewal.is_done) for renewal in told] == [
        ("AWS session has expired. Reauthenticating...", False),
        ("Signed in with AWS.", True),
    ]


@pytest.mark.parametrize(
    ("aws", "environ", "helps"),
    [
        ({"auth_refresh": {"command": "aws"}}, {}, True),
        ({"auth_refresh": {"command": "aws"}, "profile": "p"}, {"AWS_BEARER_TOKEN_BEDROCK": "b"}, True),
        ({"auth_refresh": {"command": "aws"}}, {"AWS_BEARER_TOKEN_BEDROCK": "b"}, False),
        ({"auth_refresh": {"command": "aws"}}, {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}, False),
        ({"credential_export": {"command": "x"}}, {"AWS_BEARER_TOKEN_BEDROCK": "b"}, True),
    ],
)
def test_logging_in_helps_where_keys_come_from_a_session(
    aws: dict[str, Any], environ: dict[str, str], *, helps: bool
) -> None:
    refused = ModelError("x", http_status=403, is_login_expired=True)
    assert login_of(aws, environ=environ).may_help(refused) is helps
    assert not login_of(aws, environ=environ).may_help(ModelError("not allowed", http_status=403))


async def test_a_refused_request_is_sent_again_with_the_keys_of_a_new_session(tmp_path: Path) -> None:
    aws = {"credential_export": exporting(PLAIN, tmp_path)}
    steps = [answer(message("1")), EXPIRED, answer(message("2")), EXPIRED, EXPIRED, http_error(403, {"message": "no"})]
    told: list[LoginRenewal] = []
    async with open_model_server(steps) as server, open_transport({}) as transport:
        model = provider(aws, base_url=server.base_url)
        # Keys of the environment stand back behind the command's.
        environ = {"PATH": "/usr/bin:/bin", "AWS_BEARER_TOKEN_BEDROCK": "b"}
        client = ResponsesClient(
            model, transport, api_key=None, environ=environ, aws_login=AwsLogins(environ, folder=Path("/")).of(model)
        )
        asked = ModelRequest(model="m", input=[], headers=RequestHeaders(originator="o", user_agent="u"))
        for _ in range(2):
            async with client.stream(asked, tell_renewal=told.append) as response:
                assert [event async for event in response]
        for words in ("token is expired", "no"):
            with pytest.raises(ModelError, match=words):
                async with client.stream(asked, tell_renewal=told.append):
                    pass
        signed_by = [
            request.headers["authorization"].partition("Credential=")[2].partition("/")[0]
            for request in server.requests
        ]
    assert signed_by == ["AKID1", "AKID1", "AKID2", "AKID2", "AKID3", "AKID3"]
    assert [renewal.is_done for renewal in told] == [False, True] * 2
