"""Waking whoever waits for news, again and again."""

import trio


class Bell:
    """Wakes all who wait when it is rung. Who comes later waits for the next time, so look first whether to wait:

    while not self._messages:
        await self._arrival.wait()
    """

    __slots__ = ("_ring",)

    def __init__(self) -> None:
        self._ring: trio.Event | None = None

    def ring(self) -> None:
        """Wake all who wait now."""
        if self._ring is not None:
            self._ring.set()
            self._ring = None

    async def wait(self) -> None:
        """Wait for the next ring."""
        if self._ring is None:
            self._ring = trio.Event()
        await self._ring.wait()
