"""Two machines that are network namespaces, and the road between them: slow, losing packets, or cut."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import trio

NEAR, FAR = "10.77.0.1", "10.77.0.2"

DELAY_SECONDS = 0.05
LOSS = 0.01

_MACHINE = str(Path(__file__).with_name("machine.py"))
_PACKET = 65536
_UNSHARE = shutil.which("unshare") or "/usr/bin/unshare"
_AS_ROOT = () if os.geteuid() == 0 else ("--user", "--map-root-user")


class NoMachines(Exception):
    """Network namespaces, or network devices in them, cannot be had here. The message says why."""


def check_machines() -> None:
    """Raise NoMachines where there can be none."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = _command(theirs, NEAR, ["/bin/true"])
        ran = subprocess.run(command, pass_fds=[theirs.fileno()], capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            said = ran.stderr.strip().splitlines() or ["they end at once"]
            raise NoMachines(f"no network namespaces with devices of their own can be had here: {said[-1]}")
        _, cables, _, _ = socket.recv_fds(ours, 1, 1)
        for cable in cables:
            os.close(cable)


def _command(channel: socket.socket, address: str, program: Sequence[str]) -> list[str]:
    number = str(channel.fileno())
    return [_UNSHARE, *_AS_ROOT, "--net", "--", sys.executable, _MACHINE, number, address, *program]


class Road:
    """Carries packets both ways. The same ones are lost in every run, as far as the same ones are sent."""

    def __init__(self) -> None:
        self.is_cut = False
        self.carried = 0
        self.lost = 0
        self._cables: list[int] = []
        self._chance = random.Random(14)

    @asynccontextmanager
    async def machine(
        self, address: str, program: Sequence[str], *, environ: dict[str, str], cwd: Path
    ) -> AsyncGenerator[trio.Process]:
        """Provide a program that runs on a machine at this road; it is killed when the block ends."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = await trio.lowlevel.open_process(
                _command(theirs, address, program),
                pass_fds=[theirs.fileno()],
                stdout=subprocess.PIPE,
                env=environ,
                cwd=cwd,
            )
            try:
                theirs.close()
                await trio.lowlevel.wait_readable(ours)
                _, cables, _, _ = socket.recv_fds(ours, 1, 1)
                assert cables, f"{program[0]} did not start"
                os.set_blocking(cables[0], False)
                self._cables += cables
                yield process
            finally:
                process.kill()
                with trio.CancelScope(shield=True):
                    await process.wait()

    async def carry(self) -> None:
        """Carry packets between the two machines until cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                near, far = self._cables
                nursery.start_soon(self._one_way, near, far)
                nursery.start_soon(self._one_way, far, near)
        finally:
            for cable in self._cables:
                os.close(cable)

    async def _one_way(self, source: int, target: int) -> None:
        send, receive = trio.open_memory_channel[tuple[float, bytes]](10_000)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(self._deliver, receive, target))
            while True:
                await trio.lowlevel.wait_readable(source)
                with suppress(BlockingIOError):
                    packet = os.read(source, _PACKET)
                    if self.is_cut or self._chance.random() < LOSS:
                        self.lost += 1
                    else:
                        with suppress(trio.WouldBlock):
                            send.send_nowait((trio.current_time() + DELAY_SECONDS, packet))

    async def _deliver(self, packets: trio.MemoryReceiveChannel[tuple[float, bytes]], target: int) -> None:
        async for due, packet in packets:
            await trio.sleep_until(due)
            with suppress(OSError):
                # A machine that is down takes none.
                os.write(target, packet)
            self.carried += 1
