"""One voice session of a thread, from its beginning to its end: what is said, shown, kept and done for it.

Owns the order: what was said is in the rollout before clients hear that it is complete; what the agent says goes to the
voice model. Does not own the words (engine/realtime), the connection (model/realtime.py) or which session there is
(worker.py).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import trio

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import AgentMessage, Reasoning
from codex_trio.domain.realtime import (
    LINE_TYPE,
    Outcome,
    RealtimeItem,
    SessionBegan,
    SessionEnded,
    VoiceAudio,
    VoiceClosed,
    VoiceError,
    VoiceItemCompleted,
    VoiceItemStarted,
    VoiceNews,
    VoiceRawItem,
    VoiceSdp,
    VoiceStarted,
    VoiceVersion,
    to_payload,
)
from codex_trio.engine import events
from codex_trio.engine.history import message_item
from codex_trio.engine.realtime import answers, protocol, words
from codex_trio.engine.realtime.protocol import Event, Handoff
from codex_trio.engine.realtime.transcript import VoiceTranscript
from codex_trio.engine.session.session import TurnInProgress
from codex_trio.engine.session.task import TakesNoInput
from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.turn_gate import ShuttingDown
from codex_trio.engine.turn_request import TurnRequest, UserInput
from codex_trio.execpolicy.rules import RulesError
from codex_trio.model.errors import ErrorInfo
from codex_trio.model.realtime import RealtimeFailure, RealtimeSocket, RealtimeTarget
from codex_trio.state.rollout.errors import RolloutReadError, RolloutWriteError
from codex_trio.state.rollout.lines import OtherPayload
from codex_trio.threads.clients import ThreadClients
from codex_trio.threads.live import LiveThread
from codex_trio.threads.realtime.outbox import TooFarBehind, VoiceOutbox
from codex_trio.threads.realtime.settings import InCall, OverCall, OverSocket, VoicePlan, VoiceWish, agent_began
from codex_trio.util.clock import now_ms

_log = logging.getLogger(__name__)

TRIGGER = "realtime"
MAX_HANDOFFS = 256
"""How many wishes of the voice model may wait for the agent to take them up."""

MAX_PROMPT = 1 << 20
"""How many characters such a wish may have."""

_END_SECONDS = 5.0


class VoiceSession:
    """Run it once."""

    def __init__(
        self,
        live: LiveThread,
        clients: ThreadClients,
        server: RealtimeTarget,
        wish: VoiceWish,
        plan: VoicePlan,
        *,
        unfollowed_seconds: float,
    ) -> None:
        self._live = live
        self._clients = clients
        self._server = server
        self._wish = wish
        self._plan = plan
        self._unfollowed_seconds = unfollowed_seconds
        self._version: VoiceVersion = plan.version
        self._session_id = wish.session_id or uuid7()
        self._transcript = VoiceTranscript(self._session_id)
        self._scope = trio.CancelScope()
        self._outbox = VoiceOutbox()
        self._delegating = trio.Lock()
        self._handoff: tuple[str, Handoff] | None = None
        """The turn that does what the voice model asked for last, and that."""
        self._is_responding = False
        self._wants_response = False
        self._sdp: str | None = None
        self._has_begun = False
        self._agent_knows = False

    # --- what clients say ---

    def stop(self) -> None:
        """End it, soon."""
        self._scope.cancel()

    def send(self, *said: Event) -> None:
        """Have the realtime server be told something; never waits. Raises TooFarBehind."""
        self._outbox.put(*said)

    def append_audio(self, data: str) -> None:
        """Pass on what somebody says. Raises TooFarBehind."""
        self.send(protocol.audio(self._version, data))

    def append_text(self, role: protocol.TextRole, text: str) -> None:
        """Tell the voice model what somebody wrote. Raises TooFarBehind."""
        self.send(protocol.text(self._version, role, text))

    def append_speech(self, text: str) -> None:
        """Have the voice model say something. Raises TooFarBehind."""
        self.send(answers.aloud(self._version, text))
        self._respond()

    # --- what the agent says ---

    def heard(self, event: events.Event) -> None:
        """Pass on what the agent says; never waits."""
        if not self._has_begun or not self._wish.answers.is_passed_on:
            return
        with self._behind_is_logged():
            match event:
                case events.ItemCompleted(item=AgentMessage() as message) if message.text:
                    self._say(message.text, is_final=message.phase != "commentary")
                case events.ItemCompleted(item=Reasoning(summary_text=summary)):
                    self._tell_thoughts(summary)
                case events.TurnEnded() if self._handoff is not None and self._handoff[0] == event.turn_id:
                    self._finish(event)
                case _:
                    pass

    @contextmanager
    def _behind_is_logged(self) -> Generator[None]:
        try:
            yield
        except TooFarBehind as error:
            _log.warning("thread %s: %s", self._live.id, error)

    def _say(self, text: str, *, is_final: bool) -> None:
        handoff_id = None if self._handoff is None else self._handoff[1].id
        self.send(self._wish.answers.said(self._version, text, handoff_id=handoff_id, is_final=is_final))

    def _tell_thoughts(self, summary: Sequence[str]) -> None:
        handoff_id = None if self._handoff is None else self._handoff[1].id
        for part in filter(None, summary):
            told = self._wish.answers.thought(self._version, part, handoff_id=handoff_id)
            if told is not None:
                self.send(told)

    def _finish(self, end: events.TurnEnded) -> None:
        assert self._handoff is not None
        handoff, self._handoff = self._handoff[1], None
        if end.status == "completed":
            said = words.FINISHED
        elif end.status == "failed" and end.failure is not None:
            said = words.FAILED.format(end.failure.message)
        else:
            said = words.STOPPED
        self._answer(handoff, said)

    def _answer(self, handoff: Handoff, said: str) -> None:
        form = self._wish.answers
        if not form.is_passed_on:
            return
        if handoff.is_call and form.as_items and said == words.FINISHED:
            # What came of it is in messages of their own: there is nothing more to say.
            self.send(protocol.output(handoff.id, ""))
        elif handoff.is_call:
            self.send(protocol.output(handoff.id, said))
            self._respond()
        elif said != words.FINISHED:
            self.send(form.said(self._version, said, handoff_id=handoff.id, is_final=True))

    def _respond(self) -> None:
        """Have the voice model say something, once it is not saying something else."""
        if self._version != "v2":
            return
        if self._is_responding:
            self._wants_response = True
            return
        self._is_responding = True
        self.send(protocol.respond())

    def _response_over(self) -> None:
        self._is_responding = False
        if self._wants_response:
            self._wants_response = False
            self._respond()

    # --- its life ---

    async def run(self) -> None:
        """Talk until it is stopped, the server ends it, or nobody hears it any more; then say so."""
        failure: RealtimeFailure | None = None
        ended_by_server = False
        try:
            with self._scope:
                failure = await self._attempt(self._talk)
                ended_by_server = failure is None
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _END_SECONDS):
                await self._end(failure, reason="transport_closed" if ended_by_server else "requested")

    async def _attempt(self, work: Callable[[], Awaitable[RealtimeFailure | None]]) -> RealtimeFailure | None:
        """Return what went wrong. A mistake in here ends the session, not its thread."""
        failure: RealtimeFailure | None = None
        try:
            failure = await work()
        except* Exception as mistakes:
            _log.error("thread %s: its voice session failed unexpectedly", self._live.id, exc_info=mistakes)
            failure = RealtimeFailure(words.MISTAKE)
        return failure

    async def _talk(self) -> RealtimeFailure | None:
        """Return what went wrong; None when the server ended it."""
        try:
            async with self._connected() as socket:
                if self._version != "v3" or not isinstance(self._wish.way, OverSocket):
                    await self._begin()
                return await self._go_on(socket)
        except RealtimeFailure as failure:
            return failure

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[RealtimeSocket]:
        plan, way = self._plan, self._wish.way
        call_id = way.call_id if isinstance(way, InCall) else None
        if isinstance(way, OverCall):
            offered = {**plan.session, "model": plan.model}
            self._sdp, call_id = await self._server.call(plan.version, way.sdp, offered, session_id=self._session_id)
        async with self._server.open(
            plan.version, session_id=self._session_id, model=plan.model, call_id=call_id
        ) as socket:
            # A call of v3 is what it was offered as, and one that the client is in already is what the client made it.
            if isinstance(way, OverSocket) or (isinstance(way, OverCall) and plan.version == "v1"):
                await socket.send(protocol.session_update(plan.session))
            yield socket

    async def _go_on(self, socket: RealtimeSocket) -> RealtimeFailure | None:
        failures: list[RealtimeFailure] = []

        async def part(work: Any, *arguments: Any) -> None:
            try:
                await work(*arguments)
            except RealtimeFailure as failure:
                failures.append(failure)
            except TooFarBehind as problem:
                failures.append(RealtimeFailure(str(problem)))
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(part, self._send_all, socket)
            nursery.start_soon(part, self._receive_all, socket, nursery)
            nursery.start_soon(part, socket.notice_silence, self._server.silence)
            nursery.start_soon(part, self._live.unfollowed, self._unfollowed_seconds)
            nursery.start_soon(part, self._watch_begin)
        return failures[0] if failures else None

    async def _watch_begin(self) -> None:
        """Raise RealtimeFailure when the server does not begin the session in time."""
        await trio.sleep(self._server.patience)
        if not self._has_begun:
            raise RealtimeFailure(f"the realtime server sent no `session.started` within {self._server.patience:g} s")
        await trio.sleep_forever()

    async def _send_all(self, socket: RealtimeSocket) -> None:
        while True:
            await socket.send_encoded(await self._outbox.take())

    async def _receive_all(self, socket: RealtimeSocket, nursery: trio.Nursery) -> None:
        while (raw := await socket.receive()) is not None:
            # A client that does not read has the server wait.
            await self._live.ready()
            said = protocol.read(self._version, raw)
            if said is None:
                _log.debug("thread %s: the realtime server said what means nothing here", self._live.id)
                continue
            await self._take(said, nursery)

    async def _take(self, said: protocol.Incoming, nursery: trio.Nursery) -> None:
        if not self._has_begun and not isinstance(said, protocol.SessionReady | protocol.ServerFailed):
            raise RealtimeFailure("the realtime server says something before `session.started`")
        match said:
            case protocol.SessionReady():
                if not self._has_begun:
                    await self._begin()
            case protocol.AudioSaid():
                self._tell(
                    VoiceAudio(
                        data=said.data, sample_rate=said.sample_rate, channels=said.channels, item_id=said.item_id
                    )
                )
            case protocol.WordsSaid():
                await self._tell_all(self._transcript.add(said.role, said.delta))
            case protocol.AllSaid():
                await self._tell_all(self._transcript.complete(said.role, said.text))
            case protocol.Shown():
                self._tell(VoiceRawItem(said.item))
            case protocol.ResponseBegan():
                self._is_responding = True
            case protocol.ResponseOver():
                if said.shown is not None:
                    self._tell(VoiceRawItem(said.shown))
                self._response_over()
            case protocol.Silence():
                self.send(protocol.output(said.call_id, ""))
            case protocol.Handoff():
                self._hand_off(said, nursery)
            case protocol.ServerFailed():
                raise RealtimeFailure(said.message)

    # --- what the agent is to do ---

    def _hand_off(self, handoff: Handoff, nursery: trio.Nursery) -> None:
        if len(handoff.prompt) > MAX_PROMPT:
            self._refuse(handoff, f"the wish has more than {MAX_PROMPT} characters")
        elif self._delegating.statistics().tasks_waiting >= MAX_HANDOFFS:
            self._refuse(handoff, f"{MAX_HANDOFFS} wishes wait already")
        else:
            self._show_handoff(handoff)
            nursery.start_soon(self._delegate, handoff, self._transcript.take(handoff.prompt))

    def _refuse(self, handoff: Handoff, why: str) -> None:
        self._tell(VoiceError(words.REFUSED.format(why)))
        self._answer(handoff, words.REFUSED.format(why))

    def _show_handoff(self, handoff: Handoff) -> None:
        said = [*self._transcript.said, *([("user", handoff.prompt)] if handoff.prompt else [])]
        self._tell(
            VoiceRawItem(
                {
                    "type": "handoff_request",
                    "handoff_id": handoff.id,
                    "item_id": handoff.item_id,
                    "input_transcript": handoff.prompt,
                    "active_transcript": [{"role": role, "text": text} for role, text in said],
                }
            )
        )

    async def _delegate(self, handoff: Handoff, transcript: Any) -> None:
        """Have the agent do something: what it is at takes it up, else a turn begins."""
        with self._behind_is_logged():
            async with self._delegating:
                await self._have_done(handoff, transcript)

    async def _have_done(self, handoff: Handoff, transcript: Any) -> None:
        try:
            await self._tell_agent()
            await self._ask_agent(handoff, words.delegation(handoff.prompt or words.said(transcript), transcript))
        except (RulesError, RolloutReadError, RolloutWriteError, ShuttingDown) as error:
            self._refuse(handoff, "the server is shutting down" if isinstance(error, ShuttingDown) else str(error))

    async def _ask_agent(self, handoff: Handoff, text: str) -> None:
        content: list[dict[str, Any]] = [{"type": "text", "text": text, "text_elements": []}]
        given = UserInput(content=content)
        live = self._live
        while True:
            if await self._steer(given):
                if handoff.is_call:
                    self._answer(handoff, words.STEERED)
                return
            await live.prepare_turn()
            request = TurnRequest(turn_id=uuid7(), input=given, trigger=TRIGGER)
            self._handoff, before = (request.turn_id, handoff), self._handoff
            try:
                live.launch_turn(request, TurnOverrides(), answer=None)
                return
            except TurnInProgress:
                self._handoff = before
                active = live.session.active
                if active is not None and not active.accepts_input:
                    # It takes no input any more, or never did.
                    await live.session.wait_for_turn()

    async def _steer(self, given: UserInput) -> bool:
        session, answered = self._live.session, trio.Event()
        answered.set()
        try:
            pending = session.add_input(given, answered)
        except TakesNoInput:
            await session.wait_for_turn()
            return False
        if pending is None:
            return False
        await session.store_input(pending)
        return True

    async def _tell_agent(self) -> None:
        if not self._agent_knows:
            self._agent_knows = True
            await self._live.inject([_note(agent_began(self._wish, self._live.config))])

    # --- what is told and kept ---

    async def _begin(self) -> None:
        observed = now_ms()
        began = SessionBegan(
            id=f"realtime-session-start:{self._session_id}", session_id=self._session_id, observed_at_ms=observed
        )
        self._has_begun = True
        await self._keep_and_tell(began)
        self._tell(VoiceStarted(session_id=self._session_id, version=self._version))
        if self._sdp is not None:
            self._tell(VoiceSdp(self._sdp))

    async def _end(self, failure: RealtimeFailure | None, *, reason: str) -> None:
        if self._has_begun:
            unkept = await self._attempt(self._keep_rest)
            failure = failure or unkept
        if failure is not None:
            self._tell(VoiceError(str(failure)))
            reason = "error"
        if self._has_begun:
            outcome: Outcome = "ended" if failure is None else "failed"
            await self._attempt(partial(self._keep_end, outcome))
        if self._has_begun or failure is None:
            self._tell(VoiceClosed(reason))
        if self._agent_knows or self._wish.tells_tail:
            await self._attempt(self._tell_agent_of_end)

    async def _keep_rest(self) -> None:
        await self._tell_all(self._transcript.finish())

    async def _keep_end(self, outcome: Outcome) -> None:
        ended = SessionEnded(id=uuid7(), session_id=self._session_id, observed_at_ms=now_ms(), outcome=outcome)
        await self._keep_and_tell(ended)

    async def _tell_agent_of_end(self) -> None:
        tail = self._transcript.take() if self._wish.tells_tail else ()
        told = [_note(self._wish.agent_ended or words.AGENT_ENDED)] if self._agent_knows else []
        if tail:
            told.append(message_item("user", [words.tail(tail)], item_id=uuid7()))
        try:
            if told:
                await self._live.inject(told)
        except (RolloutReadError, RolloutWriteError) as error:
            _log.warning("thread %s: that the voice session is over could not be stored: %s", self._live.id, error)

    async def _keep_and_tell(self, item: RealtimeItem) -> None:
        await self._keep(item)
        self._tell(VoiceItemStarted(item))
        self._tell(VoiceItemCompleted(item))

    async def _tell_all(self, news: Iterable[VoiceNews]) -> None:
        for one in news:
            if isinstance(one, VoiceItemCompleted):
                await self._keep(one.item)
            self._tell(one)

    async def _keep(self, item: RealtimeItem) -> None:
        try:
            await self._live.recorder.append([OtherPayload.of(LINE_TYPE, to_payload(item))])
        except RolloutWriteError as error:
            self._tell(VoiceError(f"what was said could not be stored: {error}"))

    def _tell(self, news: VoiceNews) -> None:
        self._clients.tell_voice(self._live.id, news, self._live.subscribers)


def _note(text: str) -> dict[str, Any]:
    return message_item("developer", [text], item_id=uuid7())


def not_running() -> events.ErrorReported:
    """Return what clients hear that say something where nobody listens."""
    failure = events.TurnFailure(message="conversation is not running", info=ErrorInfo("badRequest"))
    return events.ErrorReported(turn_id=uuid7(), failure=failure, will_retry=False)
