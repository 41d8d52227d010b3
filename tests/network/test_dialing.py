"""Names are looked up beside all other work, and never in its way."""

from __future__ import annotations

import threading

import pytest
import trio

from codex_trio.network.dialing import Found, SystemDialer, Unreachable

PATIENCE = 20.0


async def test_names_that_are_never_found_keep_no_thread_from_other_work(mock_clock: trio.testing.MockClock) -> None:
    go_on, asked = threading.Event(), threading.Semaphore(0)

    def resolve(host: str, port: int) -> Found:
        asked.release()
        go_on.wait(PATIENCE)
        return []

    dialer = SystemDialer(resolve)
    failures: list[str] = []

    async def look(number: int) -> None:
        with pytest.raises(Unreachable) as raised:
            await dialer.addresses(f"{number}.slow.test", 443)
        failures.append(str(raised.value))

    free = trio.to_thread.current_default_thread_limiter().available_tokens
    try:
        async with trio.open_nursery() as nursery:
            for number in range(64):
                nursery.start_soon(look, number)
            # Not by waiting for the clock, which nothing sets on: a thread has begun with one of them.
            await trio.to_thread.run_sync(asked.acquire, limiter=trio.CapacityLimiter(1))
            assert trio.to_thread.current_default_thread_limiter().available_tokens == free
            mock_clock.jump(16)
        assert failures == ["its name was not found within 15 s"] * 64
    finally:
        go_on.set()


async def test_a_name_leads_to_each_address_once_and_without_its_zone() -> None:
    def resolve(host: str, port: int) -> Found:
        assert (host, port) == ("a.test", 443)
        stream, tcp = 1, 6
        return [
            (10, stream, tcp, "", ("fe80::1%eth0", port, 0, 2)),
            (2, stream, tcp, "", ("8.8.8.8", port)),
            (2, stream, tcp, "", ("8.8.8.8", port)),
        ]

    assert await SystemDialer(resolve).addresses("a.test", 443) == ["fe80::1", "8.8.8.8"]


@pytest.mark.parametrize("error", [OSError(2, "no such name"), UnicodeError("label too long")])
async def test_a_name_that_cannot_be_looked_up_is_unreachable(error: Exception) -> None:
    def resolve(host: str, port: int) -> Found:
        raise error

    with pytest.raises(Unreachable, match="its name"):
        await SystemDialer(resolve).addresses("a.test", 443)
