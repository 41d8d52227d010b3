"""Which settings fit together, and which bearer tokens pass."""

import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.conformance.websocket_port import base64url, sha256_hex, signed_token
from codex_trio.transport.listen import ListenRefused
from codex_trio.transport.ws_auth import (
    Authenticator,
    AuthSettings,
    CapabilityToken,
    HandshakeRejected,
    SignedBearerToken,
    bearer_token,
    plan_authentication,
)

SECRET = b"a shared secret of some thirty-two bytes or more"
NOW = 1_700_000_000
DIGEST = sha256_hex("sekret")

FLAGS_WITHOUT_MODE = "websocket auth flags require `--ws-auth capability-token` or `--ws-auth signed-bearer-token`"
NO_TOKEN = "`--ws-token-file` or `--ws-token-sha256` is required when `--ws-auth capability-token` is set"
TWO_TOKENS = "`--ws-token-file` and `--ws-token-sha256` are mutually exclusive"
SIGNED_FLAGS = (
    "`--ws-shared-secret-file`, `--ws-issuer`, `--ws-audience`, and `--ws-max-clock-skew-seconds` "
    "require `--ws-auth signed-bearer-token`"
)
BAD_DIGEST = "--ws-token-sha256 must be a 64-character hex SHA-256 digest"
NO_SECRET = "`--ws-shared-secret-file` is required when `--ws-auth signed-bearer-token` is set"
TOKEN_FLAGS = (
    "`--ws-token-file` and `--ws-token-sha256` require `--ws-auth capability-token`, not `signed-bearer-token`"
)
BIG_SKEW = "websocket auth clock skew must fit in a signed 64-bit integer"


def capability(**settings: Any) -> AuthSettings:
    return AuthSettings(mode="capability-token", **settings)


def signed(**settings: Any) -> AuthSettings:
    return AuthSettings(mode="signed-bearer-token", **settings)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (AuthSettings(token_file=Path("x")), FLAGS_WITHOUT_MODE),
        (AuthSettings(issuer=""), FLAGS_WITHOUT_MODE),
        (AuthSettings(max_clock_skew_seconds=0), FLAGS_WITHOUT_MODE),
        (capability(), NO_TOKEN),
        (capability(token_file=Path("x"), token_sha256=DIGEST), TWO_TOKENS),
        (capability(token_file=Path("x"), shared_secret_file=Path("y")), SIGNED_FLAGS),
        (capability(token_file=Path("x"), issuer=""), SIGNED_FLAGS),
        (capability(token_file=Path("x"), audience="a"), SIGNED_FLAGS),
        (capability(token_file=Path("x"), max_clock_skew_seconds=0), SIGNED_FLAGS),
        (capability(token_sha256=DIGEST[:-1]), BAD_DIGEST),
        (capability(token_sha256=DIGEST[:-1] + "g"), BAD_DIGEST),
        (capability(token_sha256=DIGEST + "0"), BAD_DIGEST),
        (signed(), NO_SECRET),
        (signed(token_file=Path("x")), TOKEN_FLAGS),
        (signed(shared_secret_file=Path("x"), token_sha256=DIGEST), TOKEN_FLAGS),
        (signed(shared_secret_file=Path("x"), max_clock_skew_seconds=2**63), BIG_SKEW),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: AuthSettings, text: str) -> None:
    with pytest.raises(ListenRefused) as refused:
        plan_authentication(settings)
    assert str(refused.value) == text


def test_no_settings_are_no_authentication() -> None:
    assert plan_authentication(AuthSettings()) is None


def load(settings: AuthSettings) -> Authenticator:
    loader = plan_authentication(settings)
    assert loader is not None
    return loader()


def test_files_are_read_only_when_the_authenticator_is_loaded(tmp_path: Path) -> None:
    loader = plan_authentication(capability(token_file=tmp_path / "token"))
    assert loader is not None
    (tmp_path / "token").write_text("\n sekret \n")
    loader().check(b"Bearer sekret")


@pytest.mark.parametrize(
    "make", [lambda path: capability(token_file=path), lambda path: signed(shared_secret_file=path)]
)
def test_files_that_cannot_be_used_are_named(make: Callable[[Path], AuthSettings], tmp_path: Path) -> None:
    path = tmp_path / "secret"
    (tmp_path / "x").mkdir()
    cases: list[tuple[Callable[[], object], str]] = [
        (
            lambda: None,
            f"failed to read websocket auth secret {path}: No such file or directory (os error 2)",
        ),
        (
            lambda: path.write_bytes(b"\xff\xfe"),
            f"failed to read websocket auth secret {path}: stream did not contain valid UTF-8",
        ),
        (lambda: path.write_text(" \n\t"), f"websocket auth secret {path} must not be empty"),
    ]
    for prepare, text in cases:
        prepare()
        with pytest.raises(ListenRefused) as refused:
            load(make(tmp_path / "x" / ".." / "secret"))
        assert str(refused.value) == text


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("  " + "x" * 31 + "\n")
    with pytest.raises(ListenRefused) as refused:
        load(signed(shared_secret_file=path))
    assert str(refused.value) == f"signed websocket bearer secret {path} must be at least 32 bytes"
    path.write_text("x" * 32)
    load(signed(shared_secret_file=path))


def test_a_key_pair_is_no_shared_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK\n-----END PUBLIC KEY-----")
    with pytest.raises(ListenRefused, match="PEM or SSH key"):
        load(signed(shared_secret_file=path))


def rejection(authenticator: Authenticator, authorization: bytes | None) -> str:
    with pytest.raises(HandshakeRejected) as rejected:
        authenticator.check(authorization)
    return str(rejected.value)


HEADERS_WITHOUT_TOKEN = [
    b"",
    b"Bearer",
    b"Bearer ",
    b"Bearer    ",
    b"sekret",
    b"Basic sekret",
    b"Bearer\tsekret",
    b"Bearer \xc3\xa4",
    b" Bearer sekret",
]


@pytest.mark.parametrize("header", HEADERS_WITHOUT_TOKEN)
def test_a_header_without_a_bearer_token_is_rejected(header: bytes) -> None:
    assert rejection(CapabilityToken(bytes.fromhex(DIGEST)), header) == "invalid authorization header"


def test_a_handshake_without_the_header_is_rejected() -> None:
    assert rejection(CapabilityToken(bytes.fromhex(DIGEST)), None) == "missing websocket bearer token"


@pytest.mark.parametrize("header", [b"Bearer sekret", b"bearer sekret", b"BEARER    sekret", b"Bearer sekret  "])
@pytest.mark.parametrize("digest", [DIGEST, f" {DIGEST.upper()}\n"])
def test_the_capability_token_passes(header: bytes, digest: str) -> None:
    load(capability(token_sha256=digest)).check(header)


@pytest.mark.parametrize("token", [b"nope", b"Sekret", b"sekret2", DIGEST.encode()])
def test_another_token_does_not(token: bytes) -> None:
    assert rejection(load(capability(token_sha256=DIGEST)), b"Bearer " + token) == "invalid websocket bearer token"


@given(st.binary(max_size=40) | st.binary(max_size=20).map(lambda rest: b"Bearer " + rest))
def test_whatever_the_header_it_has_a_token_or_is_rejected_without_being_repeated(header: bytes) -> None:
    try:
        token = bearer_token(header)
    except HandshakeRejected as rejected:
        token = b"none: " + str(rejected).encode()
    assert token == b"none: invalid authorization header" or (token in header and token == token.strip())


def token(claims: object, *, secret: bytes = SECRET, **rest: Any) -> bytes:
    return signed_token(claims, secret, **rest)


def signed_authenticator(
    *, issuer: str | None = None, audience: str | None = None, skew: int = 30
) -> SignedBearerToken:
    return SignedBearerToken(
        SECRET, issuer=issuer, audience=audience, max_clock_skew_seconds=skew, now=lambda: NOW + 0.9
    )


def verdict(jwt: bytes, **expectations: Any) -> str | None:
    """Return what the client is told; None when it passes."""
    authenticator = signed_authenticator(**expectations)
    try:
        authenticator.check(b"Bearer " + jwt)
    except HandshakeRejected as rejected:
        return str(rejected)
    return None


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW},
        {"exp": NOW - 30},
        {"exp": 2**63 - 1},
        {"exp": NOW, "nbf": NOW + 30, "iat": "whenever", "sub": 5, "jti": []},
        {"exp": NOW, "nbf": None, "iss": None, "aud": None},
        {"exp": NOW, "iss": "anyone", "aud": ["anything"]},
    ],
)
def test_a_signed_token_in_its_time_passes(claims: dict[str, object]) -> None:
    assert verdict(token(claims)) is None
    assert verdict(token(claims, header={"typ": "x", "kid": "y", "alg": "HS256"})) is None


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"exp": str(NOW)},
        {"exp": NOW + 0.5},
        {"exp": True},
        {"exp": None},
        {"exp": 2**63},
        {"exp": NOW, "nbf": "now"},
        {"exp": NOW, "iss": 5},
        {"exp": NOW, "aud": 5},
        {"exp": NOW, "aud": ["a", 5]},
        ["exp"],
        "exp",
        None,
    ],
)
def test_claims_of_the_wrong_kind_make_no_token(claims: object) -> None:
    assert verdict(token(claims)) == "invalid websocket jwt"


GOOD = {"exp": NOW}
UNSIGNED = base64url(b'{"alg":"none"}') + b"." + base64url(json.dumps(GOOD).encode()) + b"."


@pytest.mark.parametrize(
    "jwt",
    [
        token(GOOD, secret=b"another secret of thirty-two bytes and more"),
        token(GOOD)[:-2],
        token(GOOD) + b".x",
        token(GOOD, header={"alg": "HS384"}, algorithm="sha384"),
        token(GOOD, header={"alg": "HS512"}, algorithm="sha512"),
        token(GOOD, header={"alg": "RS256"}),
        token(GOOD, header={"alg": "none"}),
        token(GOOD, header={"alg": ["HS256"]}),
        token(GOOD, header={}),
        token(GOOD, header=[]),
        token(GOOD, header={"alg": "HS256", "crit": ["b64"], "b64": False}),
        token(None, raw=b"not json"),
        token(None, raw=b'{"exp":' + b"[" * 5000),
        token(None, raw=b"\xff"),
        UNSIGNED,
        b"sekret",
        b"a.b.c",
        b"..",
    ],
)
def test_what_is_not_signed_with_the_secret_by_hs256_makes_no_token(jwt: bytes) -> None:
    assert verdict(jwt) == "invalid websocket jwt"


@pytest.mark.parametrize(
    ("claims", "expectations", "text"),
    [
        ({"exp": NOW - 31}, {}, "expired websocket jwt"),
        ({"exp": NOW - 1}, {"skew": 0}, "expired websocket jwt"),
        ({"exp": -(2**63)}, {}, "expired websocket jwt"),
        ({"exp": NOW, "nbf": NOW + 31}, {}, "websocket jwt is not valid yet"),
        ({"exp": NOW}, {"issuer": "me"}, "websocket jwt issuer mismatch"),
        ({"exp": NOW, "iss": "Me"}, {"issuer": "me"}, "websocket jwt issuer mismatch"),
        ({"exp": NOW}, {"audience": "us"}, "websocket jwt audience mismatch"),
        ({"exp": NOW, "aud": "them"}, {"audience": "us"}, "websocket jwt audience mismatch"),
        ({"exp": NOW, "aud": ["them", "US"]}, {"audience": "us"}, "websocket jwt audience mismatch"),
        ({"exp": NOW, "aud": []}, {"audience": "us"}, "websocket jwt audience mismatch"),
        # What is wrong first is said.
        ({"exp": 0, "nbf": 2**60, "iss": "x"}, {"issuer": "me", "audience": "us"}, "expired websocket jwt"),
        ({"exp": NOW, "nbf": 2**60}, {"issuer": "me", "audience": "us"}, "websocket jwt is not valid yet"),
        ({"exp": NOW}, {"issuer": "me", "audience": "us"}, "websocket jwt issuer mismatch"),
    ],
)
def test_claims_that_do_not_hold_are_named(claims: object, expectations: dict[str, Any], text: str) -> None:
    assert verdict(token(claims), **expectations) == text


@pytest.mark.parametrize("audience", ["us", ["us"], ["them", "us"]])
def test_expected_claims_pass(audience: object) -> None:
    claims = {"exp": NOW, "iss": "me", "aud": audience}
    assert verdict(token(claims), issuer="me", audience="us") is None


def test_a_blank_issuer_or_audience_is_none(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    settings = signed(shared_secret_file=tmp_path / "secret", issuer=" ", audience="")
    load(settings).check(b"Bearer " + token({"exp": 2**62}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
claim_sets = st.dictionaries(st.sampled_from(["exp", "nbf", "iss", "aud", "sub", "x"]), json_values, max_size=5)


@given(claim_sets)
def test_any_claims_get_one_of_the_verdicts(claims: dict[str, object]) -> None:
    said = verdict(token(claims), issuer="me", audience="us")
    assert said is not None
    assert said.startswith(("invalid", "expired", "websocket jwt "))
    if type(claims.get("exp")) is not int:
        assert said == "invalid websocket jwt"


@given(st.binary(max_size=60) | st.text("aAeyJ._-=", max_size=60).map(str.encode))
def test_no_forgery_passes(jwt: bytes) -> None:
    assert verdict(b"x" + jwt.strip()) in ("invalid websocket jwt", "invalid authorization header")


def test_authenticators_do_not_show_what_they_know() -> None:
    for authenticator in (CapabilityToken(b"sekret"), signed_authenticator()):
        assert "sekret" not in repr(authenticator) + str(authenticator)
        assert SECRET.decode() not in repr(authenticator) + str(authenticator)


def test_a_rejection_does_not_drag_along_what_the_library_says_of_the_token() -> None:
    forged = token({"exp": NOW}, secret=b"of somebody else")
    with pytest.raises(HandshakeRejected) as rejected:
        signed_authenticator().check(b"Bearer " + forged)
    assert forged.decode() not in "".join(traceback.format_exception(rejected.value))
