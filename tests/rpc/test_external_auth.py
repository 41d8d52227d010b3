"""Asking clients for fresh tokens of a login that they manage."""

import pytest
import trio
import trio.testing
from rpc_harness import serving

from codex_trio.analytics.sink import FactQueue
from codex_trio.identity.external import ExternalRefreshFailed, ExternalTokens
from codex_trio.rpc.external_auth import REFRESH_SECONDS, ClientManagedTokens

METHOD = "account/chatgptAuthTokens/refresh"


async def test_every_client_is_asked_and_the_first_reply_counts() -> None:
    facts = FactQueue()
    async with serving(facts=facts) as server:
        one, two = await server.client(), await server.client()
        facts.take_all()
        tokens: list[ExternalTokens] = []

        async def refresh() -> None:
            source = ClientManagedTokens(server.outgoing)
            tokens.append(await source.refresh(previous_account_id="before"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(refresh)
            question = await one.receive()
            assert question == await two.receive()
            assert question["method"] == METHOD
            assert question["params"] == {"reason": "unauthorized", "previousAccountId": "before"}
            await two.send({"id": question["id"], "result": {"accessToken": "secret", "chatgptAccountId": "after"}})
        assert tokens == [ExternalTokens(access_token="secret", account_id="after", plan_type=None)]
        assert "secret" not in repr(tokens)
        assert facts.take_all() == []


async def test_an_error_of_the_client_is_passed_on() -> None:
    async with serving() as server:
        client = await server.client()

        async def answer() -> None:
            question = await client.receive()
            await client.send({"id": question["id"], "error": {"code": -7, "message": "signed out"}})

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            with pytest.raises(ExternalRefreshFailed, match=r"request failed: code=-7 message=signed out$"):
                await ClientManagedTokens(server.outgoing).refresh(previous_account_id=None)


async def test_without_a_client_it_fails_at_once() -> None:
    async with serving() as server:
        with pytest.raises(ExternalRefreshFailed, match="no client is left"):
            await ClientManagedTokens(server.outgoing).refresh(previous_account_id=None)


async def test_a_client_that_does_not_answer_is_not_waited_for_for_long(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with serving() as server:
        client = await server.client()
        started = trio.current_time()
        with pytest.raises(ExternalRefreshFailed, match=r"^auth refresh request timed out after 10s$"):
            await ClientManagedTokens(server.outgoing).refresh(previous_account_id=None)
        assert trio.current_time() - started == pytest.approx(REFRESH_SECONDS)
        question = await client.receive()
        await client.send({"id": question["id"], "result": {"accessToken": "late", "chatgptAccountId": "a"}})
        assert await client.settle() == [], "a late reply does no harm"
