"""Stored credentials: reading them, logging in and out, and what clients are shown."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.identity.auth_store import AuthStore, AuthStoreError, LoginRefused
from codex_trio.identity.credentials import Account, AuthFileError, jwt_payload, parse_auth_file
from codex_trio.testing.keyring import MemoryKeyring


def jwt(payload: dict[str, Any]) -> str:
    parts = ({"alg": "none"}, payload)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".sig"


ID_TOKEN = jwt(
    {
        "email": "user@example.org",
        "https://api.openai.com/auth": {
            "chatgpt_account_id": "acct-claim",
            "chatgpt_user_id": "user-1",
            "chatgpt_plan_type": "plus",
        },
    }
)


def write(home: Path, value: Any) -> None:
    (home / "auth.json").write_text(value if isinstance(value, str) else json.dumps(value))


def tokens(**changes: Any) -> dict[str, Any]:
    return {"id_token": ID_TOKEN, "access_token": "access", "refresh_token": "refresh", "account_id": "acct"} | changes


def test_without_a_file_nobody_is_logged_in(tmp_path: Path) -> None:
    assert AuthStore(tmp_path).credentials() is None


def test_an_api_key_file_gives_the_key(tmp_path: Path) -> None:
    write(tmp_path, {"auth_mode": "apikey", "OPENAI_API_KEY": "sk-1"})

    credentials = AuthStore(tmp_path).credentials()

    assert credentials is not None
    assert (credentials.bearer, credentials.chatgpt_account_id) == ("sk-1", None)
    assert credentials.account() == Account(mode="apikey")


def test_a_chatgpt_file_gives_the_access_token_and_the_account(tmp_path: Path) -> None:
    write(tmp_path, {"auth_mode": "chatgpt", "OPENAI_API_KEY": "sk-1", "tokens": tokens()})

    credentials = AuthStore(tmp_path).credentials()

    assert credentials is not None
    assert (credentials.bearer, credentials.chatgpt_account_id) == ("access", "acct")
    assert credentials.account() == Account(
        mode="chatgpt", email="user@example.org", plan_type="plus", user_id="user-1"
    )


def test_without_a_mode_a_key_wins_over_tokens(tmp_path: Path) -> None:
    write(tmp_path, {"OPENAI_API_KEY": "sk-1", "tokens": tokens()})
    credentials = AuthStore(tmp_path).credentials()
    assert credentials is not None
    assert (credentials.mode, credentials.bearer, credentials.chatgpt_account_id) == ("apikey", "sk-1", None)

    write(tmp_path, {"OPENAI_API_KEY": None, "tokens": tokens(account_id=None)})
    credentials = AuthStore(tmp_path).credentials()
    assert credentials is not None
    assert (credentials.bearer, credentials.chatgpt_account_id) == ("access", "acct-claim")


@pytest.mark.parametrize(
    ("payload", "account"),
    [
        ({}, Account(mode="chatgpt", plan_type="unknown")),
        (
            {"https://api.openai.com/profile": {"email": "p@example.org"}, "https://api.openai.com/auth": 5},
            Account(mode="chatgpt", email="p@example.org", plan_type="unknown"),
        ),
        (
            {"https://api.openai.com/auth": {"chatgpt_plan_type": "new-plan", "user_id": "u"}},
            Account(mode="chatgpt", plan_type="unknown", user_id="u"),
        ),
    ],
)
def test_an_account_shows_what_its_token_says(payload: dict[str, Any], account: Account) -> None:
    credentials = parse_auth_file(json.dumps({"tokens": tokens(id_token=jwt(payload))}))

    assert credentials is not None
    assert credentials.account() == account


@pytest.mark.parametrize("value", [{}, {"auth_mode": "apikey"}, {"auth_mode": "chatgpt", "OPENAI_API_KEY": "sk-1"}])
def test_a_file_without_the_secret_it_names_logs_nobody_in(tmp_path: Path, value: dict[str, Any]) -> None:
    write(tmp_path, value)

    assert AuthStore(tmp_path).credentials() is None


@pytest.mark.parametrize("text", ['{"OPENAI_API_KEY": "sk-secret"', '["sk-secret"]', '{"tokens": {"id_token": 5}}'])
def test_a_broken_file_is_named_without_any_of_its_content(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    store = AuthStore(tmp_path)

    with pytest.raises(AuthFileError) as caught:
        store.credentials()

    assert str(caught.value).startswith(str(tmp_path / "auth.json"))
    assert "sk-secret" not in str(caught.value)
    with pytest.raises(AuthFileError):
        store.credentials()


def test_logging_in_keeps_the_key_in_a_file_only_its_owner_can_read(tmp_path: Path) -> None:
    home = tmp_path / "new"
    store = AuthStore(home)

    store.log_in_with_api_key("sk-1")

    assert store.path.read_text() == '{\n  "auth_mode": "apikey",\n  "OPENAI_API_KEY": "sk-1"\n}'
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir()] == ["auth.json"]
    credentials = AuthStore(home).credentials()
    assert credentials is not None
    assert credentials.bearer == "sk-1"


def test_logging_out_removes_the_file_and_may_be_repeated(tmp_path: Path) -> None:
    store = AuthStore(tmp_path)
    store.log_in_with_api_key("sk-1")

    assert store.log_out()
    assert not store.path.exists()
    assert store.credentials() is None
    assert not store.log_out()


def test_a_file_edited_by_somebody_else_counts_after_it_is_loaded_again(tmp_path: Path) -> None:
    store = AuthStore(tmp_path)
    assert store.credentials() is None
    write(tmp_path, {"OPENAI_API_KEY": "sk-1"})
    assert store.credentials() is None

    store.load()

    assert store.credentials() is not None


def test_ephemeral_credentials_leave_the_file_alone(tmp_path: Path) -> None:
    write(tmp_path, {"OPENAI_API_KEY": "sk-file"})
    store = AuthStore(tmp_path, kind="ephemeral")
    assert store.credentials() is None

    store.log_in_with_api_key("sk-memory")
    credentials = store.credentials()
    assert credentials is not None
    assert credentials.bearer == "sk-memory"
    assert store.log_out()
    assert "sk-file" in (tmp_path / "auth.json").read_text()


def test_a_forbidden_kind_of_login_is_refused_and_a_stored_one_does_not_count(tmp_path: Path) -> None:
    write(tmp_path, {"OPENAI_API_KEY": "sk-1"})
    store = AuthStore(tmp_path, forced_login_method="chatgpt")

    assert store.credentials() is None
    with pytest.raises(LoginRefused, match=r"^API key login is disabled\. Use ChatGPT login instead\.$"):
        store.log_in_with_api_key("sk-2")
    assert "sk-1" in store.path.read_text()
    assert AuthStore(tmp_path, forced_login_method="api").credentials() is not None


def test_a_keyring_takes_the_place_of_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keyring = MemoryKeyring()
    keyring.is_there = True
    write(tmp_path, {"OPENAI_API_KEY": "sk-file"})
    store = AuthStore(tmp_path, kind="keyring", keyring=keyring)
    assert store.credentials() is None
    store.log_in_with_api_key("sk-1")
    assert not store.path.exists()
    user = f"cli|{hashlib.sha256(str(tmp_path.resolve()).encode()).hexdigest()[:16]}"
    assert {user: {"auth_mode": "apikey", "OPENAI_API_KEY": "sk-1"}} == {
        user: json.loads(text) for user, text in keyring.entries.items()
    }
    again = AuthStore(tmp_path, kind="keyring", keyring=keyring)
    assert (found := again.credentials()) is not None
    assert found.bearer == "sk-1"
    keyring.is_there = False
    again.load()
    assert again.credentials() is None
    assert "there is no keyring here; keep them in a file" in caplog.text
    with pytest.raises(AuthStoreError, match="there is no keyring here"):
        again.log_out()
    keyring.is_there = True
    assert again.log_out()
    assert not keyring.entries
    keyring.entries[user] = "{"
    again.load()
    with pytest.raises(AuthFileError, match="the keyring's entry:1:2: not valid JSON"):
        again.credentials()


def test_without_a_keyring_the_file_is_used_where_both_will_do(tmp_path: Path) -> None:
    keyring = MemoryKeyring()
    store = AuthStore(tmp_path, kind="auto", keyring=keyring)
    store.log_in_with_api_key("sk-1")
    assert "sk-1" in store.path.read_text()
    keyring.is_there = True
    store.load()
    assert store.credentials() is not None
    store.log_in_with_api_key("sk-2")
    assert keyring.entries
    assert not store.path.exists()
    assert store.log_out()
    assert not keyring.entries


def test_a_key_that_cannot_be_saved_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AuthStoreError, match="keyring"):
        AuthStore(tmp_path, kind="keyring", keyring=MemoryKeyring()).log_in_with_api_key("sk-1")
    (tmp_path / "file").write_text("")
    with pytest.raises(AuthStoreError, match="failed to save api key"):
        AuthStore(tmp_path / "file").log_in_with_api_key("sk-1")


def test_no_secret_shows_when_credentials_are_printed() -> None:
    credentials = parse_auth_file(json.dumps({"auth_mode": "chatgpt", "OPENAI_API_KEY": "sk-1", "tokens": tokens()}))

    assert credentials is not None
    assert "sk-1" not in repr(credentials)
    assert "access" not in repr(credentials)
    assert "refresh" not in repr(credentials.tokens)


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: f"a.{base64.urlsafe_b64encode(raw).decode()}.b"))
def test_any_text_can_be_asked_for_claims(token: str) -> None:
    assert isinstance(jwt_payload(token), dict)
