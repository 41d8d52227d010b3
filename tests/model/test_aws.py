"""Models on AWS: whose keys requests are signed with, where they go, and what is said when that cannot be."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from codex_trio.config.providers import AwsSettings, ModelProviderConfig, build_providers
from codex_trio.model.aws import AwsSigner, explain, says_expired
from codex_trio.model.aws_signature import AwsKeys, signed
from codex_trio.model.client import ResponsesClient
from codex_trio.model.endpoint import resolve
from codex_trio.model.errors import ModelError
from codex_trio.model.failures import from_http
from codex_trio.model.http import open_transport
from codex_trio.model.request import ModelRequest, RequestHeaders, encode_body
from codex_trio.testing.model_script import answer, message
from codex_trio.testing.model_server import open_model_server

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "s"}
BEARER = {"AWS_BEARER_TOKEN_BEDROCK": "b"}
FILES = {
    "credentials": (
        "[work]\naws_access_key_id = AKIDWORK\naws_secret_access_key = s\naws_session_token = t\n"
        "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = s\n"
    ),
    "config": (
        "[default]\nregion = ap-south-1\n[profile work]\nregion = eu-central-1\n"
        "[profile sso]\nsso_session = company\nregion = eu-west-3\n"
    ),
}


def provider(settings: Mapping[str, Any], *, id: str = "amazon-bedrock") -> ModelProviderConfig:
    tables = {id: settings} if settings else {}
    return build_providers(tables, openai_base_url=None, environ={}, set_in={})[id]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    for name, text in FILES.items():
        (tmp_path / ".aws" / name).write_text(text)
    return tmp_path


def credential(settings: Mapping[str, Any], environ: Mapping[str, str], *, id: str = "amazon-bedrock") -> str:
    """Return who signs a request, where, and for what; or the bearer."""
    target = resolve(provider(settings, id=id), api_key=None, environ=environ)
    if not isinstance(target.signer, AwsSigner):
        return target.headers["authorization"]
    sent = target.signer.sign_now("POST", target.url, target.headers, b"{}", now=datetime(2026, 1, 2, tzinfo=UTC))
    assert "x-amzn-mantle-client-agent" in sent["authorization"]
    return sent["authorization"].partition("Credential=")[2].partition("/aws4_request")[0]


@pytest.mark.parametrize(
    ("aws", "environ", "expected"),
    [
        ({"region": "us-east-1"}, KEYS, "AKIDENV/20260102/us-east-1/bedrock-mantle"),
        (
            {},
            {**KEYS, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "x"},
            "AKIDENV/20260102/eu-west-1/bedrock-mantle",
        ),
        ({}, {**KEYS, "AWS_DEFAULT_REGION": "eu-west-2"}, "AKIDENV/20260102/eu-west-2/bedrock-mantle"),
        ({}, {}, "AKIDDEFAULT/20260102/ap-south-1/bedrock-mantle"),
        ({}, {"AWS_PROFILE": "work"}, "AKIDWORK/20260102/eu-central-1/bedrock-mantle"),
        # What the configuration names has the last word.
        (
            {"profile": "work"},
            {**KEYS, "AWS_BEARER_TOKEN_BEDROCK": "b"},
            "AKIDWORK/20260102/eu-central-1/bedrock-mantle",
        ),
        ({"region": "us-east-1"}, {**KEYS, "AWS_BEARER_TOKEN_BEDROCK": "b"}, "Bearer b"),
    ],
)
def test_whose_keys_sign(home: Path, aws: dict[str, str], environ: dict[str, str], expected: str) -> None:
    assert credential({"aws": aws}, {"HOME": str(home), **environ}) == expected


def test_keys_for_a_while_come_with_their_token(home: Path) -> None:
    target = resolve(provider({"aws": {"profile": "work"}}), api_key=None, environ={"HOME": str(home)})
    assert isinstance(target.signer, AwsSigner)
    sent = target.signer.sign_now("POST", target.url, target.headers, b"", now=datetime(2026, 1, 2, tzinfo=UTC))
    assert sent["x-amz-security-token"] == "t"
    assert "x-amz-security-token" in sent["authorization"]
    # They stay with the server that they are for.
    elsewhere = target.redirected("https://other.example/v1/responses")
    assert elsewhere is not None
    assert (elsewhere.signer, elsewhere.headers) == (None, {})


def test_where_requests_go() -> None:
    environ = {**KEYS, "AWS_REGION": "eu-west-1"}
    urls = {
        id: resolve(provider({}, id=id), api_key=None, environ=environ).url
        for id in ("amazon-bedrock", "amazon-bedrock-runtime")
    }
    assert urls == {
        "amazon-bedrock": "https://bedrock-mantle.eu-west-1.api.aws/openai/v1/responses",
        "amazon-bedrock-runtime": "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1/responses",
    }
    assert credential({"aws": {"region": "r"}}, environ, id="amazon-bedrock-runtime").endswith("/r/bedrock")
    own = resolve(provider({"base_url": "https://vpc.example/v1"}), api_key=None, environ=environ)
    assert own.url == "https://vpc.example/v1/responses"


@pytest.mark.parametrize(
    ("aws", "environ", "words"),
    [
        ({}, KEYS, "has no AWS region"),
        ({"region": "us-east-1/x"}, KEYS, "is no AWS region"),
        ({"region": "r", "profile": "nobody"}, {}, "a profile `nobody` in"),
        ({"profile": "sso"}, {}, '"export-credentials", "--profile", "sso"'),
        ({"region": "r"}, {"AWS_SHARED_CREDENTIALS_FILE": "BROKEN"}, "it is not in the form of AWS's files"),
    ],
)
def test_what_is_missing_is_named(home: Path, aws: dict[str, str], environ: dict[str, str], words: str) -> None:
    broken = home / "broken"
    broken.write_text("aws_secret_access_key = hidden\n")
    places = {"HOME": str(home)} if environ is not KEYS else {"HOME": str(home / "nowhere")}
    given = {name: str(broken) if value == "BROKEN" else value for name, value in environ.items()}
    with pytest.raises(ModelError) as caught:
        credential({"aws": aws}, {**places, **given})
    assert words in caught.value.message
    assert "hidden" not in caught.value.message


async def test_a_request_is_signed_as_it_is_sent() -> None:
    async with open_model_server([answer(message("Hi."))]) as server, open_transport({}) as transport:
        model = provider({"base_url": server.base_url, "aws": {"region": "us-east-1"}})
        client = ResponsesClient(model, transport, api_key=None, environ=KEYS)
        headers = RequestHeaders(originator="o", user_agent="u", thread_id="t")
        asked = ModelRequest(model="m", input=[], headers=headers)
        async with client.stream(asked) as response:
            assert [event async for event in response]
        [request] = server.requests
        given = request.headers["authorization"]
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        assert {"host", "x-amz-date", "content-type", "thread-id"} <= {*names}
        again = signed(
            "POST",
            f"{server.base_url}/responses",
            {name: request.headers[name] for name in names},
            encode_body(asked),
            keys=AwsKeys(access_key_id="AKIDENV", secret_access_key="s"),
            region="us-east-1",
            service="bedrock-mantle",
            now=datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
        )
        assert again["authorization"] == given


SKEWED = b'{"message":"Signature expired: 20260102T000000Z is now earlier than 20260102T001000Z"}'
AT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "body", "headers", "is_retryable", "told"),
    [
        (400, b'{"__type":"com.amazon.coral.service#ThrottlingException","Message":"Rate"}', {}, True, "Rate"),
        (400, b"{}", {"x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/"}, True, "{}"),
        (400, b'{"code":"TooManyRequestsException","message":"Wait"}', {}, True, "Wait"),
        (424, b'{"message":"not ready"}', {"x-amzn-errortype": "ModelNotReadyException"}, True, "not ready"),
        (400, b'{"__type":"ValidationException","message":"bad"}', {}, False, "bad"),
        (400, b'{"__type":7}', {}, False, "7"),
        (400, b"\xff<html>", {}, False, "html"),
        (403, SKEWED, {"date": "Fri, 02 Jan 2026 00:10:00 GMT"}, False, "600 seconds behind that of AWS: set it"),
        (403, SKEWED, {"date": "Thu, 01 Jan 2026 23:50:00 GMT"}, False, "600 seconds ahead of that of AWS: set it"),
        (403, SKEWED, {"date": "today"}, False, "the clock of this machine may be wrong: set it"),
        (403, b'{"code":"RequestTimeTooSkewed"}', {}, False, "the clock of this machine may be wrong: set it"),
        (403, b'{"message":"The security token included in the request is expired"}', {}, False, "is expired"),
    ],
)
def test_what_aws_names_an_error_says_what_to_do(
    status: int, body: bytes, headers: dict[str, str], told: str, *, is_retryable: bool
) -> None:
    error = from_http(status, body, headers, url="http://p")
    explain(error, body, headers, now=AT)
    assert error.retryable is is_retryable
    assert told in error.message
    # Logging in anew sets no clock.
    assert says_expired(status, body) is ("token included" in error.message)


def test_nothing_shows_keys() -> None:
    signer = AwsSigner(provider=provider({}), region="r", service="s", environ=KEYS)
    assert "AKID" not in repr(signer)
    assert "aws" not in repr(msgspec.structs.replace(provider({}), aws=AwsSettings(service="bedrock", profile="p")))
