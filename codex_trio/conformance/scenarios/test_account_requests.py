"""Requests to the model with a ChatGPT login: its account, a client that attests itself, and compression."""

import base64
import json
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.testing.model_script import answer, message

BY_ACCOUNT = "requires_openai_auth = true"
# The reference asks servers of its vendor for apps first.
NO_APPS = "[features]\napps = false\n"


def token(claims: dict[str, Any]) -> str:
    """Return a token that says so, signed by nobody."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, claims)]
    return b".".join([*parts, b"x"]).decode()


def log_in(lab: Lab) -> str:
    """Have a login in the home; return its access token."""
    claims = {"exp": 4_000_000_000, "https://api.openai.com/auth": {"chatgpt_account_id": "account-1"}}
    tokens = {"id_token": token(claims), "access_token": token(claims), "refresh_token": "r", "account_id": "account-1"}
    login = {"OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": "2099-01-01T00:00:00Z"}
    (lab.codex_home / "auth.json").write_text(json.dumps(login))
    return tokens["access_token"]


async def test_a_login_is_sent_with_its_account(lab: Lab) -> None:
    lab.configure(provider=BY_ACCOUNT, tables=NO_APPS)
    access = log_in(lab)
    lab.script(answer(message("a")))
    async with lab.run() as probe:
        turn = await probe.run_turn((await probe.start_thread())["id"])
    assert turn.status == "completed"
    headers = lab.model.requests[0].headers
    assert (headers["authorization"], headers["chatgpt-account-id"]) == (f"Bearer {access}", "account-1")
    # Nobody can attest, and no other provider than OpenAI is sent anything compressed.
    assert "x-oai-attestation" not in headers
    assert "content-encoding" not in headers


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"token": "t"}, {"v": 1, "s": 0, "t": "t"}),
        ({"nonsense": 1}, {"v": 1, "s": 4}),
        (None, {"v": 1, "s": 2}),
        ("silence", {"v": 1, "s": 1}),
    ],
    ids=["token", "malformed", "refused", "silent"],
)
async def test_a_client_attests_itself_for_an_account(lab: Lab, reply: Any, expected: Any) -> None:
    lab.configure(provider=BY_ACCOUNT, tables=NO_APPS)
    log_in(lab)
    lab.script(answer(message("a")))
    async with lab.run(initialize=False) as probe:
        client = {"name": "attesting", "version": "1"}
        await probe.request("initialize", {"clientInfo": client, "capabilities": {"requestAttestation": True}})
        await probe.send({"method": "initialized"})
        turn_id = await probe.start_turn((await probe.start_thread())["id"])
        asked = await probe.until("attestation/generate")
        assert asked["params"] == {}
        if reply is None:
            await probe.refuse(asked, "not now")
        elif reply != "silence":
            await probe.respond(asked, reply)
        turn = await probe.finish_turn(turn_id)
    assert turn.status == "completed"
    assert json.loads(lab.model.requests[0].headers["x-oai-attestation"]) == expected


async def test_bodies_for_an_account_of_openai_go_out_compressed(lab: Lab) -> None:
    lab.configure(tables=NO_APPS, extra=f'openai_base_url = "{lab.model.base_url}"')
    log_in(lab)
    lab.script(answer(message("a")))
    async with lab.run() as probe:
        turn_id = await probe.start_turn((await probe.start_thread(modelProvider="openai"))["id"], "Say it")
        # The reference tries a websocket five times first.
        turn = await probe.finish_turn(turn_id, seconds=60)
    assert turn.status == "completed"
    (asked,) = (request for request in lab.model.requests if request.method == "POST")
    assert asked.headers["content-encoding"] == "zstd"
    assert asked.contains("Say it")
