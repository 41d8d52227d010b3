"""A rules file that never ends holds up nobody but who needs it, and that one not for ever."""

import trio
from e2e_house import House

from codex_trio.client.errors import AppServerError

ENDLESS = "def spin():\n    for i in range(1 << 30):\n        pass\nspin()\n"


async def test_others_are_served_while_endless_rules_are_given_up(house: House) -> None:
    rules = house.cwd.parent / "codex" / "rules" / "mine.rules"
    rules.parent.mkdir()
    rules.write_text(ENDLESS)
    refused: list[str] = []

    async with house.visitor("one") as one, house.visitor("two") as two:

        async def start() -> None:
            try:
                await one.request("thread/start", {"cwd": str(house.cwd)})
            except AppServerError as error:
                refused.append(error.message)

        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(start)
                for _ in range(5):
                    await two.request("thread/loaded/list", {})
                    assert refused == []
    assert f"{rules}: it takes too much time or memory" in refused[0]
