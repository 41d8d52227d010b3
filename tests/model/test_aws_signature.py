"""Signatures of AWS requests: the published test suite (aws-sig-v4-test-suite)."""

from datetime import UTC, datetime

import pytest

from codex_trio.model.aws_signature import AwsKeys, signed

KEYS = AwsKeys(access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
HOST = "https://example.amazonaws.com"
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORM = {"content-type": "application/x-www-form-urlencoded"}

VECTORS = {
    "get-vanilla": ("GET", "/", {}, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    "get-vanilla-query-order-key-case": (
        *("GET", "/?Param2=value2&Param1=value1", {}, ""),
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-relative": ("GET", "/example/..", {}, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    "get-slashes": ("GET", "//example//", {}, "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    "get-space": ("GET", "/example space/", {}, "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    "get-unreserved": (
        *("GET", f"/{UNRESERVED}", {}, ""),
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    "get-utf8": ("GET", "/ሴ", {}, "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    "get-header-value-trim": (
        *("GET", "/", {"my-header1": " value1", "my-header2": ' "a   b   c"'}, ""),
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "post-vanilla": ("POST", "/", {}, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    "post-x-www-form-urlencoded": (
        *("POST", "/", FORM, "Param1=value1"),
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_published_vectors(name: str) -> None:
    method, path, headers, body, signature = VECTORS[name]
    sent = signed(
        method, f"{HOST}{path}", headers, body.encode(), keys=KEYS, region="us-east-1", service="service", now=NOW
    )
    names = ";".join(sorted({"host", "x-amz-date", *headers}))
    assert sent["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    assert (sent["x-amz-date"], sent["host"]) == ("20150830T123600Z", "example.amazonaws.com")


def test_what_a_proxy_may_change_is_not_signed() -> None:
    plain = signed("GET", HOST, {}, b"", keys=KEYS, region="r", service="s", now=NOW)
    more = signed(
        "GET", HOST, {"user-agent": "x", "accept-encoding": "gzip"}, b"", keys=KEYS, region="r", service="s", now=NOW
    )
    assert more["authorization"] == plain["authorization"]
    assert repr(KEYS) == "AwsKeys(...)"
