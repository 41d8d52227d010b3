"""Voice sessions in scenarios: a thread that talks, and the realtime server behind it."""

import contextlib
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import WAIT_SECONDS, Probe
from codex_trio.testing.realtime_server import RealtimeServer, RealtimeSession, open_realtime_server

SOUND = {"data": "AAAA", "sampleRate": 24000, "numChannels": 1}
KEY = {"OPENAI_API_KEY": "sk-test"}


class Voice:
    """A thread, and the realtime server that it may talk by."""

    def __init__(self, probe: Probe, server: RealtimeServer, thread_id: str) -> None:
        self.probe = probe
        self.server = server
        self.thread_id = thread_id

    async def ask(self, method: str, **params: Any) -> Any:
        return await self.probe.request(f"thread/realtime/{method}", {"threadId": self.thread_id, **params})

    async def start(self, **params: Any) -> RealtimeSession:
        """Begin a session; what the server has of it."""
        before = len(self.server.sessions)
        await self.ask("start", **{"outputModality": "audio", "prompt": "Be nice.", **params})
        with trio.fail_after(WAIT_SECONDS):
            session = await self.server.session(before)
            await session.receive("session.update")
        if params.get("version") == "v3":
            await session.send({"type": "session.started", "session": {"id": "sess_1"}})
        await self.heard("started")
        return session

    async def heard(self, method: str, where: Callable[[Any], bool] | None = None) -> Any:
        """Return the params of the next notification of that kind."""
        return (await self.probe.until(f"thread/realtime/{method}", thread_id=self.thread_id, where=where))["params"]

    async def refused(self, **params: Any) -> str:
        """Return why a session cannot be."""
        await self.ask("start", **{"outputModality": "audio", **params})
        return (await self.heard("error"))["message"]

    async def works(self) -> None:
        """Check that the thread goes on."""
        assert (await self.probe.run_turn(self.thread_id)).status == "completed"


async def received(session: RealtimeSession, kind: str) -> dict[str, Any]:
    with trio.fail_after(WAIT_SECONDS):
        return await session.receive(kind)


@contextlib.asynccontextmanager
async def talking(lab: Lab, *, env: dict[str, str] = KEY, extra: str = "") -> AsyncGenerator[Voice]:
    async with open_realtime_server() as server:
        bases = (
            f'experimental_realtime_ws_base_url = "{server.url}"\n'
            f'experimental_realtime_webrtc_call_base_url = "{server.url}/v1"\n{extra}'
        )
        lab.configure(extra=bases, provider='env_key = "OPENAI_API_KEY"' if env else "")
        async with lab.run(env=env) as probe:
            yield Voice(probe, server, (await probe.start_thread(cwd=str(lab.cwd)))["id"])


async def call_agent(session: RealtimeSession, number: int, prompt: str) -> None:
    item = {
        "type": "function_call",
        "id": f"i{number}",
        "name": "background_agent",
        "call_id": f"call{number}",
        "arguments": json.dumps({"prompt": prompt}),
    }
    await session.send({"type": "conversation.item.done", "item": item})
