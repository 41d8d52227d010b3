"""Where requests go and with which credentials, or what is missing."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.config.providers import ModelProviderConfig
from codex_trio.model import endpoint
from codex_trio.model.endpoint import Endpoint
from codex_trio.model.errors import ModelError
from codex_trio.model.proxies import UnusableProxy, on_the_way, proxy_for


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


def test_an_authorization_header_of_the_providers_own_counts_as_a_key():
    assert resolve(env_key="K", http_headers={"Authorization": "Basic x"}).headers == {"authorization": "Basic x"}


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.test",
        "https:///v1",
        "no url",
        "http://a.test:99999/v1",
        "http://[::1/v1",
        "http://a b.test/v1",
        "http://a.test/v1#x",
    ],
)
def test_an_unusable_address_is_told_before_anything_is_sent(url: str):
    with pytest.raises(ModelError, match="`acme` has an unusable `base_url`") as caught:
        resolve(base_url=url)
    assert not caught.value.retryable


def test_a_provider_without_an_address_is_told():
    with pytest.raises(ModelError, match=r"set `model_providers\.acme\.base_url` in config\.toml"):
        resolve(base_url=None)


@pytest.mark.parametrize("headers", [{"X-A": "secret\r\nX-B: 1"}, {"X A": "secret"}, {"X-A": "secret\u2603"}])
def test_an_unusable_header_is_told_without_its_value(headers: dict[str, str]):
    with pytest.raises(ModelError, match="unusable value for the HTTP header") as caught:
        resolve(http_headers=headers)
    assert "secret" not in caught.value.message


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("user", "sent"),
    [("me:pa%20ss", "me:pa ss"), ("me", "me:"), ("m%40e:p%C3%A9", "m@e:pé"), ("a:b:c", "a:b:c"), (":x", ":x")],
)
def test_credentials_in_the_address_are_sent_and_not_shown(user: str, sent: str):
    target = resolve(base_url=f"https://{user}@api.acme.test:8443/v1?k=1")
    assert target.headers == {"authorization": basic(sent)}
    assert target.url == "https://api.acme.test:8443/v1/responses?k=1"
    assert target.shown_url == "https://api.acme.test:8443/v1/responses"


def test_a_key_or_a_header_wins_over_credentials_in_the_address():
    url = "https://me:pass@api.acme.test/v1"
    assert resolve(base_url=url, api_key="k").headers == {"authorization": "Bearer k"}
    assert resolve(base_url=url, http_headers={"Authorization": "X y"}).headers == {"authorization": "X y"}
    # They are all the key that a provider can need.
    assert resolve(base_url=url, env_key="UNSET").headers == {"authorization": basic("me:pass")}


@pytest.mark.parametrize("url", ["http://me:sec/ret@a.test/v1", "ftp://me:secret@a.test", "http://me:sec ret@a.test"])
def test_an_unusable_address_is_told_without_its_password(url: str):
    with pytest.raises(ModelError, match="unusable `base_url`") as caught:
        resolve(base_url=url)
    assert "sec" not in caught.value.message
    assert "a.test" in caught.value.message


@pytest.mark.parametrize(
    ("location", "url", "keeps_key"),
    [
        ("/v2/responses", "http://api.test/v2/responses", True),
        ("responses?x=1", "http://api.test/v1/responses?x=1", True),
        ("http://api.test:80/a#b", "http://api.test:80/a", True),
        ("https://api.test/v1/responses", "https://api.test/v1/responses", True),
        ("http://API.test/x", "http://API.test/x", True),
        ("http://api.test:81/x", "http://api.test:81/x", False),
        ("//other.test/x", "http://other.test/x", False),
        ("https://api.test.evil.test/x", "https://api.test.evil.test/x", False),
        ("http://api.test@evil.test/x", "http://evil.test/x", False),
    ],
)
def test_a_redirect_is_followed_but_keys_stay_with_their_host(location: str, url: str, *, keeps_key: bool):
    start = resolve(base_url="http://api.test/v1", api_key="k", http_headers={"X-Gateway-Key": "secret"})
    target = start.redirected(location)
    assert target is not None
    assert target.url == url
    assert target.headers == (start.headers if keeps_key else {})


@pytest.mark.parametrize("location", ["http://api.test/v1", "ftp://api.test/", "https://a b/", "mailto:x@y.z"])
def test_a_redirect_to_nowhere_or_into_the_clear_is_not_followed(location: str):
    assert resolve(base_url="https://api.test/v1").redirected(location) is None


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
    assert proxy_for(f"{scheme}://{host if ':' not in host else f'[{host}]'}/v1", environ) == proxy


RANGES = (
    "10.0.0.0/8, fd00::/8 [fe80::1]:8443 *.wild.test:8080 http://named.test/ a*z.test 192.0.2.7 [2001:db8::]/32,B.test"
)


@pytest.mark.parametrize(
    ("url", "direct"),
    [
        ("http://10.1.2.3/v1", True),
        ("http://11.1.2.3/v1", False),
        ("http://10.1.2.3.test/v1", False),
        ("https://[fd12::5]/v1", True),
        ("https://[fe80::1]:8443/v1", True),
        ("https://[fe80::1]/v1", False),
        ("http://[2001:db8::7]/v1", True),
        ("http://[2001:db9::7]/v1", False),
        ("http://a.wild.test:8080/v1", True),
        ("http://a.wild.test/v1", False),
        ("http://named.test/v1", True),
        ("http://abcz.test/v1", True),
        ("http://abc.test/v1", False),
        ("http://192.0.2.7:99/v1", True),
        ("http://192.0.2.70/v1", False),
        ("http://B.Test./v1", True),
        ("http://[::ffff:10.1.1.1]/v1", True),
    ],
)
def test_hosts_without_a_proxy_are_named_by_ranges_ports_and_patterns(url: str, *, direct: bool):
    environ = {"HTTP_PROXY": "http://proxy.test:1", "HTTPS_PROXY": "http://proxy.test:1", "no_proxy": RANGES}
    assert proxy_for(url, environ) == (None if direct else "http://proxy.test:1")


def test_a_port_of_no_proxy_may_be_the_schemes_own():
    environ = {"ALL_PROXY": "http://proxy.test", "NO_PROXY": "a.test:443"}
    assert proxy_for("https://a.test/v1", environ) is None
    assert proxy_for("http://a.test/v1", environ) == "http://proxy.test"


@given(entries=st.text(alphabet="a.*[]:/0123456789, -%@", max_size=40))
def test_no_list_of_hosts_can_break_a_request(entries: str):
    assert proxy_for("https://api.test:8443/v1", {"ALL_PROXY": "p.test", "NO_PROXY": entries}) in {
        None,
        "http://p.test",
    }


def test_a_proxy_of_an_unknown_kind_is_told_without_its_password():
    with pytest.raises(UnusableProxy) as caught:
        proxy_for("https://api.test/v1", {"ALL_PROXY": "socks5://user:secret@proxy.test"})
    assert "secret" not in str(caught.value)
    assert "ALL_PROXY" in str(caught.value)


def test_a_failure_on_the_way_names_the_proxy_without_its_password():
    environ = {"HTTPS_PROXY": "user:secret@proxy.test:3128", "NO_PROXY": "near.test"}
    assert on_the_way("https://api.test/v1", environ) == " (by the proxy http://proxy.test:3128 of the environment)"
    assert on_the_way("https://near.test/v1", environ) == ""
