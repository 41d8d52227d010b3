"""What is imported ahead gives way to clients, one piece at a time."""

import sys

import trio
import trio.testing

from codex_trio.cli.kept_bytecode import WHOLES
from codex_trio.server.ahead import PIECES, import_ahead
from codex_trio.server.idle import Idle

NAMES = ("wsgiref.handlers", "wsgiref.validate", "wsgiref.simple_server")


class Looked:
    """A finder that finds nothing, and does something when a module is looked for."""

    def __init__(self, name, act):
        self._name = name
        self._act = act

    def find_spec(self, name, path=None, target=None):
        if name == self._name:
            self._act()


async def test_the_next_piece_waits_until_clients_are_quiet(autojump_clock, monkeypatch):
    for name in NAMES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    idle = Idle()
    monkeypatch.setattr(sys, "meta_path", [Looked(NAMES[0], idle.began), *sys.meta_path])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: import_ahead(idle, quiet_seconds=0.1, names=NAMES))
        await trio.sleep(60)
        assert [name in sys.modules for name in NAMES] == [True, False, False]
        idle.ended()
        await trio.sleep(0.05)
        assert NAMES[1] not in sys.modules
        await trio.sleep(0.1)
        assert [name in sys.modules for name in NAMES] == [True, True, True]


def test_every_piece_is_kept_by_itself():
    assert set(PIECES) <= WHOLES
