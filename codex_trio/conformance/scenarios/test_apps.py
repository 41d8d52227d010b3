"""Apps of an account, where nobody is logged in to one: there are none, and each method says so in its own form."""

import uuid

from codex_trio.conformance.lab import Lab


async def test_there_are_no_apps_without_an_account(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        for asked in ({}, {"threadId": thread_id}):
            assert await probe.request("app/list", {"limit": 5, **asked}) == {"data": [], "nextCursor": None}
            assert await probe.request("app/installed", asked) == {"apps": []}
            read = await probe.request("app/read", {"appIds": ["one", "two", "one"], **asked})
            assert read == {"apps": [], "missingAppIds": ["one", "two"]}


async def test_params_that_cannot_be_are_refused(lab: Lab) -> None:
    async with lab.run() as probe:
        for method in ("app/list", "app/installed", "app/read"):
            refused = await probe.refusal(method, {"appIds": [], "threadId": "zz"})
            assert refused.code == -32600
            assert refused.message.startswith("invalid thread id: ")
            nobody = str(uuid.UUID(int=1))
            refused = await probe.refusal(method, {"appIds": [], "threadId": nobody})
            assert (refused.code, refused.message) == (-32600, f"thread not found: {nobody}")
        refused = await probe.refusal("app/read", {"appIds": [str(number) for number in range(101)]})
        assert (refused.code, refused.message) == (-32602, "app/read accepts at most 100 appIds")
