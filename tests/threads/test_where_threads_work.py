"""What the followers of a thread are told of the environments that it works in."""

from pathlib import Path

from thread_lab import CLIENT, Lab, open_threads

from codex_trio.environments.news import ConnectionChange
from codex_trio.environments.selection import LOCAL, EnvironmentSelection
from codex_trio.state.memory.storage import memory_storage
from codex_trio.testing.environments import MemoryEnvironment
from codex_trio.threads.live import LiveThread
from codex_trio.threads.manager import ForkSource, ThreadOrigin
from codex_trio.threads.options import ThreadOptions

ORIGIN = ThreadOrigin(subscriber=CLIENT, originator="test", source="vscode")


def both(cwd: Path) -> ThreadOptions:
    """Return options for a thread that works on this machine and on another one."""
    chosen = (EnvironmentSelection(id=LOCAL), EnvironmentSelection(id="far", cwd="/there"))
    return ThreadOptions(cwd=cwd, environments=chosen)


async def test_only_followers_of_threads_in_an_environment_are_told_of_its_connection(tmp_path: Path) -> None:
    async with open_threads(tmp_path, others=[MemoryEnvironment("far")]) as lab:
        await lab.manager.start(ThreadOptions(environments=(EnvironmentSelection(id=LOCAL),)), ORIGIN)
        there = await lab.manager.start(both(tmp_path), ORIGIN)
        change = ConnectionChange(environment_id="far", is_connected=False)
        lab.environments.news.tell(change)
        assert lab.clients.of("connection") == [change]
        await lab.host.unload(there)
        lab.environments.news.tell(change)
        assert lab.clients.of("connection") == [change]


def warnings(lab: Lab) -> list[str]:
    return [event.message for event in lab.clients.of("ThreadWarning")]


def ids(live: LiveThread) -> list[str]:
    return [chosen.id for chosen in live.settings.environments]


async def test_an_environment_besides_the_first_that_is_gone_is_named_when_a_thread_goes_on(tmp_path: Path) -> None:
    storage = memory_storage()
    async with open_threads(tmp_path, storage=storage, others=[MemoryEnvironment("far")]) as lab:
        live = await lab.manager.start(both(tmp_path), ORIGIN)
        await lab.run_turn(live)
        assert (ids(live), warnings(lab)) == ([LOCAL, "far"], [])
    async with open_threads(tmp_path, storage=storage) as lab:
        fork = await lab.manager.fork(ForkSource(thread_id=live.id), ThreadOptions(), ORIGIN)
        resumed = await lab.resume(live.id)
        assert ids(fork.live) == ids(resumed) == [LOCAL]
        for warning in warnings(lab):
            assert warning.startswith("The thread worked in environment `far` too, which is not known any more")
        assert len(warnings(lab)) == 2


async def test_instructions_are_those_of_the_project_as_it_is_there(tmp_path: Path) -> None:
    there = {"/repo/AGENTS.md": b"top", "/repo/top": b"", "/repo/sub/AGENTS.md": b"sub", "/AGENTS.md": b"not its own"}
    far = ThreadOptions(cwd=Path("/repo/sub"), environments=(EnvironmentSelection(id="far"),))
    markers = 'project_root_markers = ["top"]'
    async with open_threads(tmp_path, settings=markers, others=[MemoryEnvironment("far", there)]) as lab:
        live = await lab.manager.start(far, ORIGIN)
        assert live.instruction_sources == ["/repo/AGENTS.md", "/repo/sub/AGENTS.md"]
