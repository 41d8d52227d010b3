"""Where requests go and with which credentials, or what is missing."""

from typing import Any

import pytest

from codex_trio.config.providers import ModelProviderConfig
from codex_trio.model import endpoint
from codex_trio.model.endpoint import Endpoint
from codex_trio.model.errors import ModelError
from codex_trio.model.http import SetupFailure, proxy_for


def resolve(*, api_key: str | None = None, environ: dict[str, str] | None = None, **settings: Any) -> Endpoint:
    settings = {"id": "acme", "name": "Acme", "base_url": "https://api.acme.test/v1", **settings}
    return endpoint.resolve(ModelProviderConfig(**settings), api_key=api_key, environ=environ or {})


def test_responses_are_asked_for_below_the_base_url():
    assert resolve().url == "https://api.acme.test/v1/responses"
    assert resolve(base_url="https://api.acme.test/v1/").url == "https://api.acme.test/v1/responses"


def test_query_parameters_are_encoded_and_kept_out_of_messages():
    target = resolve(base_url="https://a.test/v1?x=1", query_params={"api-version": "2 0", "b": "c&d"})
    assert target.url == "https://a.test/v1/responses?x=1&api-version=2%200&b=c%26d"
    assert target.shown_url == "https://a.test/v1/responses"


def test_headers_come_from_the_table_and_from_the_environment():
    target = resolve(
        http_headers={"X-A": "1", "Originator": "mine"},
        env_http_headers={"X-B": "HB", "X-C": "UNSET", "X-D": "BLANK"},
        environ={"HB": "hb", "BLANK": "  "},
    )
    assert target.headers == {"x-a": "1", "originator": "mine", "x-b": "hb"}


def test_a_key_is_sent_as_a_bearer_token():
    assert resolve(api_key="k1\n", env_key="K").headers == {"authorization": "Bearer k1"}
    assert resolve(experimental_bearer_token="k2").headers == {"authorization": "Bearer k2"}


def test_a_missing_key_is_named_with_what_to_do():
    with pytest.raises(ModelError) as caught:
        resolve(env_key="ACME_KEY")
    assert caught.value.message.startswith("Missing environment variable: `ACME_KEY`. ")
    assert "set ACME_KEY in the environment" in caught.value.message
    assert (caught.value.info.to_wire(), caught.value.retryable) == ("unauthorized", False)


def test_a_providers_own_instructions_for_its_key_are_told():
    with pytest.raises(ModelError, match=r"^Missing environment variable: `ACME_KEY`. See acme.test/keys$"):
        resolve(env_key="ACME_KEY", env_key_instructions="See acme.test/keys")


def test_openai_without_credentials_is_an_error_but_a_stand_in_on_this_machine_is_not():
    with pytest.raises(ModelError, match="Set OPENAI_API_KEY") as caught:
        resolve(requires_openai_auth=True)
    assert caught.value.info.kind == "unauthorized"
    assert resolve(requires_openai_auth=True, base_url="http://127.0.0.1:8000/v1").headers == {}


def test_an_authorization_header_of_the_providers_own_counts_as_a_key():
    assert resolve(env_key="K", http_headers={"Authorization": "Basic x"}).headers == {"authorization": "Basic x"}


@pytest.mark.parametrize(
    "url", ["ftp://a.test", "https:///v1", "no url", "http://a.test:99999/v1", "http://[::1/v1", "http://a b.test/v1"]
)
def test_an_unusable_address_is_told_before_anything_is_sent(url: str):
    with pytest.raises(ModelError, match="`acme` has an unusable `base_url`") as caught:
        resolve(base_url=url)
    assert not caught.value.retryable


def test_a_provider_without_an_address_is_told():
    with pytest.raises(ModelError, match=r"set model_providers\.acme\.base_url"):
        resolve(base_url=None)


@pytest.mark.parametrize("headers", [{"X-A": "secret\r\nX-B: 1"}, {"X A": "secret"}, {"X-A": "secret\u2603"}])
def test_an_unusable_header_is_told_without_its_value(headers: dict[str, str]):
    with pytest.raises(ModelError, match="unusable value for the HTTP header") as caught:
        resolve(http_headers=headers)
    assert "secret" not in caught.value.message


ENVIRON = {"HTTPS_PROXY": "http://proxy.test:3128", "http_proxy": "plain.test:80", "NO_PROXY": "corp.test, .x.test,"}


@pytest.mark.parametrize(
    ("scheme", "host", "environ", "proxy"),
    [
        ("https", "api.test", ENVIRON, "http://proxy.test:3128"),
        ("http", "api.test", ENVIRON, "http://plain.test:80"),
        ("https", "corp.test", ENVIRON, None),
        ("https", "a.corp.test", ENVIRON, None),
        ("https", "a.x.test", ENVIRON, None),
        ("https", "notcorp.test", ENVIRON, "http://proxy.test:3128"),
        ("https", "localhost", ENVIRON, None),
        ("https", "127.0.0.2", ENVIRON, None),
        ("https", "::1", ENVIRON, None),
        ("https", "api.test", {"ALL_PROXY": "https://all.test"}, "https://all.test"),
        ("https", "api.test", {**ENVIRON, "NO_PROXY": "*"}, None),
        ("https", "api.test", {}, None),
    ],
)
def test_the_environments_proxy_is_used_but_never_for_this_machine(
    scheme: str, host: str, environ: dict[str, str], proxy: str | None
):
    assert proxy_for(scheme, host, environ) == proxy


def test_a_proxy_of_an_unknown_kind_is_told_without_its_password():
    with pytest.raises(SetupFailure) as caught:
        proxy_for("https", "api.test", {"ALL_PROXY": "socks5://user:secret@proxy.test"})
    assert "secret" not in str(caught.value)
