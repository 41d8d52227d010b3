"""Servers that are killed while they work, on a home that outlives them, and the model that they work for.

Owns the work that is done (turns of several kinds, names), the killing, and opening everything again. What must be
there again is the ledger's to say (`crash_ledger`). A run is decided by one seed, but for when processes get to run.
"""

import contextlib
import itertools
import random
import re
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import trio
from crash_ledger import Ledger, lines_of

from codex_trio.client.connection import AppServerClient
from codex_trio.client.errors import AppServerError, ServerGone
from codex_trio.client.process import SpawnedServer, open_stdio_client
from codex_trio.client.turns import Thread, TurnResult, as_input, resume_thread, start_thread, turn_of
from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.testing.model_script import (
    Answer,
    Pause,
    Request,
    answer,
    custom_tool_call,
    function_call,
    http_error,
    message,
    message_of,
    reasoning,
)
from codex_trio.testing.model_server import ModelServer

KINDS = ("say", "think", "command", "patch", "stream")

_SAID = re.compile(r"turn (\d+): (\w+)")
_WAIT_SECONDS = 60.0
_LONGEST_LIFE = 0.3
_MOST_MESSAGES = 150
_MOST_BEFORE_MORE = 20
_NAME_EVERY = 4
_TORN = b'{"timestamp":"2026-01-01T00:00:00.000Z","ordinal":9,"type":"event_msg","pay'


class WorkingModel:
    """Answers turns by their kind; refuses requests that a crash has spoiled, so that the turn and the test fail."""

    def __init__(self, server: ModelServer, ledger: Ledger) -> None:
        self._server = server
        self._ledger = ledger
        self.faults: list[str] = []
        """What was wrong with requests."""
        server.add(self._reply)

    def _reply(self, request: Request) -> Answer:
        self._server.add(self._reply)
        self._server.requests.clear()
        faults = list(self._request_faults(request))
        if faults:
            self.faults += faults
            return http_error(400, {"error": {"message": faults[0]}})
        number, kind = _SAID.findall(_texts(request)[-1])[-1]
        last = max(at for at, item in enumerate(request.input) if _is_said(item))
        done = sum(1 for item in request.input[last:] if item["type"].endswith("_output"))
        return answer(*_parts(kind, number, done))

    def _request_faults(self, request: Request) -> Iterator[str]:
        calls = [item["call_id"] for item in request.input if item["type"].endswith("_call")]
        outputs = [item["call_id"] for item in request.input if item["type"].endswith("_output")]
        if sorted(calls) != sorted(outputs):
            yield f"calls {sorted(set(calls) ^ set(outputs))} have no output, or outputs no call"
        texts = _texts(request)
        if len(set(texts)) != len(texts):
            yield f"the model is told twice what was said once: {texts}"
        threads = self._ledger.threads.values()
        known = next((thread.settled_texts for thread in threads if texts[0] in thread.texts), [])
        if forgotten := [text for text in known if text not in texts]:
            yield f"the model is not told {forgotten}"


def _parts(kind: str, number: str, done: int) -> list[Any]:
    said = message(f"Turn {number} is done.", item_id=f"msg_{number}")
    if kind == "think":
        return [reasoning([f"About turn {number}."], item_id=f"rs_{number}"), said]
    if kind == "command" and done < 2:
        return [function_call("exec_command", {"cmd": f"echo {number}"}, call_id=f"call_{number}_{done}")]
    if kind == "wait":
        return [function_call("exec_command", {"cmd": "sleep 60"}, call_id=f"call_{number}")]
    if kind == "patch" and not done:
        patch = f"*** Begin Patch\n*** Add File: made-{number}.txt\n+by turn {number}\n*** End Patch"
        return [custom_tool_call("apply_patch", patch, call_id=f"call_{number}")]
    if kind == "stream":
        steps = itertools.chain.from_iterable((f"word {step} ", Pause(0.005)) for step in range(8))
        return [message_of(list(steps), item_id=f"msg_{number}")]
    return [said]


def _is_said(item: Any) -> bool:
    return item["type"] == "message" and item["role"] == "user" and bool(_SAID.search(item["content"][0]["text"]))


def _texts(request: Request) -> list[str]:
    return [item["content"][0]["text"] for item in request.input if _is_said(item)]


class CrashLab:
    """A home, the servers that live on it one after the other or together, and what they have acknowledged."""

    def __init__(self, base: Path, server: ServerUnderTest, model: ModelServer, seed: int) -> None:
        self.ledger = Ledger()
        self.model = WorkingModel(model, self.ledger)
        self.chosen = random.Random(seed)
        self.busy: set[str] = set()
        """Threads that a server that lives on has loaded: those that die leave them alone."""
        self._lab = Lab(base, server, model)
        self._lab.configure()
        self._numbers = itertools.count(1)

    @property
    def rollouts(self) -> list[Path]:
        """Every rollout file."""
        return sorted(self._lab.codex_home.glob("sessions/**/*.jsonl"))

    @contextlib.asynccontextmanager
    async def server(self) -> AsyncGenerator[SpawnedServer]:
        """Provide a server and a client that keeps the ledger."""
        async with open_stdio_client(
            self._lab.server.command, env=self._lab.environment({}), cwd=self._lab.cwd, observer=self.ledger.observer()
        ) as server:
            yield server

    async def live_and_die(self, *, threads: int = 3) -> None:
        """Start a server, open some threads, work in them, and kill the server at a random moment."""
        with trio.fail_after(_WAIT_SECONDS):
            async with self.server() as server, trio.open_nursery() as nursery:
                if self.chosen.random() < 0.1:  # while it starts, or opens threads
                    nursery.start_soon(self._kill, server, self.chosen.uniform(0.05, 0.5))
                with contextlib.suppress(ServerGone):
                    await server.client.initialize("crash-test", "1.0", experimental=True)
                    await self.check_list(server.client)
                    opened = [await self._open(server.client) for _ in range(threads)]
                    for thread in opened:
                        nursery.start_soon(self.work, thread)
                    if self.chosen.random() < 0.5:
                        nursery.start_soon(self._kill, server, self.chosen.uniform(0, _LONGEST_LIFE))
                    else:
                        nursery.start_soon(self._kill_after, server, self.chosen.randrange(_MOST_MESSAGES))
                await server.client.closed.wait()
        if self.chosen.random() < 0.2 and self.rollouts:
            with self.chosen.choice(self.rollouts).open("ab") as file:
                file.write(_TORN)

    async def work_in_new(self, client: AppServerClient, *, turns: int) -> None:
        """Start a thread that no other server is to touch, and run turns in it."""
        thread = await start_thread(client)
        self.busy.add(thread.id)
        await self.work(thread, turns=turns)

    async def work(self, thread: Thread, *, turns: int | None = None) -> None:
        """Run turns in a thread, until so many are done or the server is gone."""
        with contextlib.suppress(ServerGone):
            for _ in itertools.count() if turns is None else range(turns):
                number = next(self._numbers)
                result = await self._turn(thread, f"turn {number}: {self.chosen.choice(KINDS)}")
                assert result.status == "completed", f"{result.turn}\n{lines_of(self.model.faults)}"
                if number % _NAME_EVERY == 0:
                    await thread.client.request("thread/name/set", {"threadId": thread.id, "name": f"name {number}"})

    async def _turn(self, thread: Thread, text: str) -> TurnResult:
        """Run a turn, and mostly say something more while it runs."""
        more_after = self.chosen.randrange(_MOST_BEFORE_MORE)
        method = self.chosen.choice(("turn/steer", "turn/start"))
        answered: Any = {}
        with thread.client.subscribe(thread_id=thread.id, buffer_size=100_000) as coming:
            async with thread.stream(text) as running:
                async for _ in running:
                    more_after -= 1
                    if more_after == 0:
                        said = f"turn {next(self._numbers)}: say"
                        params = {"threadId": thread.id, "expectedTurnId": running.id, "input": as_input(said)}
                        # It may just have ended.
                        with contextlib.suppress(AppServerError):
                            answered = await thread.client.request(method, params)
            started = answered.get("turn", running.result.turn)["id"]
            while started != running.id:  # it had ended: this is another one
                message = await anext(coming)
                if message.method == "turn/completed" and turn_of(message.params) == started:
                    break
        return running.result

    async def check_list(self, client: AppServerClient) -> None:
        """Threads that hold something acknowledged are listed once, as they are; what is listed has a file."""
        listed: list[Any] = []
        for only_index in (False, True):
            known = {identifier for identifier, thread in self.ledger.threads.items() if thread.turns}
            listed = await _whole_list(client, useStateDbOnly=only_index)
            identifiers = [summary["id"] for summary in listed]
            assert len(set(identifiers)) == len(identifiers)
            assert known <= set(identifiers), f"not listed (index only: {only_index}): {known - set(identifiers)}"
            files = {path.stem[-36:] for path in self.rollouts}
            assert set(identifiers) <= files, f"listed without a file: {set(identifiers) - files}"
        settled = [summary for summary in listed if summary["id"] not in self.busy]
        faults = [fault for summary in settled for fault in self.ledger.summary_faults(summary)]
        assert not faults, lines_of(faults)

    async def look_around(self, client: AppServerClient, *, times: int) -> None:
        """Do what clients do while others work: list, and read what is listed, whoever writes it."""
        for _ in range(times):
            for summary in await _whole_list(client):
                await client.request("thread/read", {"threadId": summary["id"], "includeTurns": True})
            await self.check_list(client)

    async def check_everything(self) -> None:
        """Open every thread in a new server: what was acknowledged is there once, and a next turn works."""
        async with self.server() as server:
            await server.client.initialize("crash-test", "1.0", experimental=True)
            await self.check_list(server.client)
            for identifier, thread in list(self.ledger.threads.items()):
                if thread.turns:
                    with trio.fail_after(_WAIT_SECONDS):
                        await self.work(await self._resume(server.client, identifier), turns=1)
                        await self.check_read(server.client, identifier)
            assert server.process.returncode is None, server.stderr
        assert self.model.faults == []

    async def _open(self, client: AppServerClient) -> Thread:
        known = [identifier for identifier, thread in self.ledger.threads.items() if thread.turns]
        loaded = (await client.request("thread/loaded/list", {}))["data"]
        free = [identifier for identifier in known if identifier not in loaded and identifier not in self.busy]
        if not free or self.chosen.random() < 0.2:
            return await start_thread(client)
        return await self._resume(client, self.chosen.choice(free))

    async def _resume(self, client: AppServerClient, identifier: str) -> Thread:
        thread = await resume_thread(client, identifier)
        await self.check_read(client, identifier)
        return thread

    async def check_read(self, client: AppServerClient, identifier: str) -> None:
        """What was acknowledged of a thread is there once."""
        read = await client.request("thread/read", {"threadId": identifier, "includeTurns": True})
        faults = self.ledger.faults(identifier, read["thread"]["turns"])
        assert not faults, f"thread {identifier}:\n{lines_of(faults)}"

    async def _kill(self, server: SpawnedServer, seconds: float) -> None:
        await trio.sleep(seconds)
        server.kill()

    async def _kill_after(self, server: SpawnedServer, messages: int) -> None:
        with server.client.subscribe() as coming, contextlib.suppress(ServerGone):
            for _ in range(messages):
                await anext(coming)
        server.kill()


async def _whole_list(client: AppServerClient, **params: object) -> list[Any]:
    summaries: list[Any] = []
    cursor = None
    while True:
        page = await client.request("thread/list", {"limit": 100, "cursor": cursor, **params})
        summaries += page["data"]
        cursor = page["nextCursor"]
        if cursor is None:
            return summaries
