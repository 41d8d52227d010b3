"""The voice sessions of threads: one at most for each that is loaded, in the thread's own nursery.

Owns which session there is: a new one takes the place of the one before. Does not own what happens in it (session.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager

from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.realtime import VoiceClosed, VoiceError
from codex_trio.engine.events import Event
from codex_trio.engine.realtime import protocol, words
from codex_trio.model.realtime import RealtimeFailure, RealtimeTarget
from codex_trio.threads import errors
from codex_trio.threads.clients import ThreadClients
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.realtime.outbox import TooFarBehind
from codex_trio.threads.realtime.session import VoiceSession, not_running
from codex_trio.threads.realtime.settings import VoiceWish, plan_of
from codex_trio.util.bell import Bell

_log = logging.getLogger(__name__)

Connect = Callable[[EffectiveConfig, str, str], RealtimeTarget]
"""Gives the realtime server of a thread, by its configuration, model provider and id. Raises RealtimeFailure."""

UNFOLLOWED_SECONDS = 30.0
"""How long a session goes on that no client hears any more."""


class VoiceWorker:
    """The voice sessions of one loaded thread. What it is told takes effect soon; it never waits."""

    def __init__(
        self, live: LiveThread, clients: ThreadClients, connect: Connect, *, unfollowed_seconds: float
    ) -> None:
        self._unfollowed_seconds = unfollowed_seconds
        self._live = live
        self._clients = clients
        self._connect = connect
        self._wanted: VoiceWish | None = None
        self._session: VoiceSession | None = None
        self._news = Bell()

    def start(self, wish: VoiceWish) -> None:
        """Begin a session; one that runs ends first."""
        self._wanted = wish
        if self._session is not None:
            self._session.stop()
        self._news.ring()

    def stop(self) -> None:
        """End the session; clients are told that there is none in any case."""
        self._wanted = None
        if self._session is not None:
            self._session.stop()
        else:
            self._clients.tell_voice(self._live.id, VoiceClosed("requested"), self._live.subscribers)

    def say(self, what: Callable[[VoiceSession], None]) -> Callable[[], None]:
        """Do something with the session, and return what there is to tell once that is answered. Raises ThreadError."""
        if self._session is None:
            return lambda: self._clients.tell_event(self._live.id, not_running(), self._live.subscribers)
        try:
            what(self._session)
        except TooFarBehind as error:
            raise ThreadError(str(error)) from error
        return lambda: None

    def heard(self, event: Event) -> None:
        """Let the session hear what the agent does."""
        if self._session is not None:
            self._session.heard(event)

    async def run(self) -> None:
        """Have sessions until cancelled."""
        while True:
            while self._wanted is None:
                await self._news.wait()
            wish, self._wanted = self._wanted, None
            try:
                config = self._live.config
                plan = plan_of(wish, config)
                server = self._connect(config, self._live.settings.provider_id, self._live.id)
            except RealtimeFailure as failure:
                self._clients.tell_voice(self._live.id, VoiceError(str(failure)), self._live.subscribers)
                continue
            except Exception as mistake:
                _log.error("thread %s: no voice session could be made ready", self._live.id, exc_info=mistake)
                self._clients.tell_voice(self._live.id, VoiceError(words.MISTAKE), self._live.subscribers)
                continue
            self._session = VoiceSession(
                self._live, self._clients, server, wish, plan, unfollowed_seconds=self._unfollowed_seconds
            )
            try:
                await self._session.run()
            finally:
                self._session = None


class ThreadVoices:
    """Those of all loaded threads."""

    def __init__(
        self, clients: ThreadClients, connect: Connect, *, unfollowed_seconds: float = UNFOLLOWED_SECONDS
    ) -> None:
        self._unfollowed_seconds = unfollowed_seconds
        self._clients = clients
        self._connect = connect
        self._workers: dict[str, VoiceWorker] = {}

    @contextmanager
    def running(self, live: LiveThread) -> Generator[VoiceWorker]:
        """Provide what has the sessions of a thread while that is loaded."""
        worker = self._workers[live.id] = VoiceWorker(
            live, self._clients, self._connect, unfollowed_seconds=self._unfollowed_seconds
        )
        try:
            yield worker
        finally:
            if self._workers.get(live.id) is worker:
                del self._workers[live.id]

    def of(self, thread_id: str) -> VoiceWorker:
        """Return that of a loaded thread. Raises ThreadError."""
        worker = self._workers.get(thread_id.lower())
        if worker is None:
            raise errors.not_found(thread_id)
        return worker


def appended_audio(data: str) -> Callable[[VoiceSession], None]:
    """Return what passes on a piece of sound. Raises ThreadError when it is none."""
    if not protocol.is_base64(data):
        raise ThreadError("Invalid request: `audio.data` is not base64")
    return lambda session: session.append_audio(data)
