"""How many connections commands have at once: a command its share, and no command keeps another one out."""

from __future__ import annotations

import trio

MOST_OF_A_COMMAND = 64
KEPT_FOR_A_COMMAND = 4
"""Places that a command has of its own, whatever the others hold."""


class SharedPlaces:
    """Those of all commands. `most` is how many there are beside what each command has of its own."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._given_back = trio.lowlevel.ParkingLot()

    def of_a_command(self) -> CommandPlaces:
        """Return the places of one more command."""
        return CommandPlaces(self)

    async def wait(self) -> None:
        """Wait until any command has given back a place."""
        await self._given_back.park()

    def take_nowait(self) -> bool:
        """Return whether there was one."""
        if self._free < 1:
            return False
        self._free -= 1
        return True

    def give_back(self, count: int) -> None:
        """Take back so many, which may be none, and let those who wait look again."""
        self._free += count
        self._given_back.unpark_all()


class CommandPlaces:
    """Those of one command, made by `SharedPlaces.of_a_command`."""

    def __init__(self, shared: SharedPlaces) -> None:
        self._shared = shared
        self._taken = 0

    async def take(self) -> None:
        """Take a place, once there is one."""
        while not self._take_nowait():
            await self._shared.wait()

    def _take_nowait(self) -> bool:
        if self._taken >= MOST_OF_A_COMMAND:
            return False
        if self._taken >= KEPT_FOR_A_COMMAND and not self._shared.take_nowait():
            return False
        self._taken += 1
        return True

    def give_back(self) -> None:
        """Give back a place."""
        self._taken -= 1
        self._shared.give_back(1 if self._taken >= KEPT_FOR_A_COMMAND else 0)
