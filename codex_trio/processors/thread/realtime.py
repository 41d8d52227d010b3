"""Talking with a thread by voice.

Protocol source: `thread/realtime/*`, release 0.171.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_realtime as wire
from msgspec import UNSET

from codex_trio.config.schema import VOICES
from codex_trio.engine.realtime.answers import CHANNEL_PREFIXES, CHANNELS, AnswerForm
from codex_trio.engine.realtime.protocol import DEFAULT_VOICES, InitialText
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.threads.realtime.pages import RealtimeQuery, check, page_realtime
from codex_trio.threads.realtime.settings import InCall, OverCall, OverSocket, VoiceWish, Way
from codex_trio.threads.realtime.worker import VoiceWorker, appended_audio
from codex_trio.util.camel_case import camel_case
from codex_trio.wire.realtime import kept_item_to_wire

_MADE_BY_THE_CLIENT = (
    "model",
    "voice",
    "prompt",
    "include_startup_context",
    "initial_items",
    "delegation_ack_filler",
)
"""What a call that the client is in already has of its own (names of 0.171.0)."""


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadRealtimeProcessor(services)
    return {
        "thread/realtime/start": processor.start,
        "thread/realtime/appendAudio": processor.append_audio,
        "thread/realtime/appendText": processor.append_text,
        "thread/realtime/appendSpeech": processor.append_speech,
        "thread/realtime/stop": processor.stop,
        "thread/realtime/list": processor.list,
        "thread/realtime/listVoices": processor.list_voices,
    }


class ThreadRealtimeProcessor:
    """What comes of a request is told by notifications, after its answer."""

    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads

    def _worker(self, thread_id: str) -> VoiceWorker:
        return self._threads.voices.of(parse_thread_id(thread_id))

    async def start(
        self, params: wire.ThreadRealtimeStartParams, context: RequestContext
    ) -> wire.ThreadRealtimeStartResponse:
        """Begin to talk. A session that runs ends first."""
        worker = self._worker(params.thread_id)
        wish = _wish(params)
        context.after_response(lambda: worker.start(wish))
        return wire.ThreadRealtimeStartResponse()

    async def append_audio(
        self, params: wire.ThreadRealtimeAppendAudioParams, context: RequestContext
    ) -> wire.ThreadRealtimeAppendAudioResponse:
        """Pass on what the user says."""
        worker = self._worker(params.thread_id)
        context.after_response(worker.say(appended_audio(params.audio.data)))
        return wire.ThreadRealtimeAppendAudioResponse()

    async def append_text(
        self, params: wire.ThreadRealtimeAppendTextParams, context: RequestContext
    ) -> wire.ThreadRealtimeAppendTextResponse:
        """Pass on what was typed."""
        worker = self._worker(params.thread_id)
        context.after_response(worker.say(lambda session: session.append_text(params.role, params.text)))
        return wire.ThreadRealtimeAppendTextResponse()

    async def append_speech(
        self, params: wire.ThreadRealtimeAppendSpeechParams, context: RequestContext
    ) -> wire.ThreadRealtimeAppendSpeechResponse:
        """Have something be said aloud."""
        worker = self._worker(params.thread_id)
        context.after_response(worker.say(lambda session: session.append_speech(params.text)))
        return wire.ThreadRealtimeAppendSpeechResponse()

    async def stop(
        self, params: wire.ThreadRealtimeStopParams, context: RequestContext
    ) -> wire.ThreadRealtimeStopResponse:
        """End the session."""
        worker = self._worker(params.thread_id)
        context.after_response(worker.stop)
        return wire.ThreadRealtimeStopResponse()

    async def list(
        self, params: wire.ThreadRealtimeListParams, _context: RequestContext
    ) -> wire.ThreadRealtimeListResponse:
        """Return what was said. A thread that there is not has nothing."""
        thread_id = parse_thread_id(params.thread_id)
        query = RealtimeQuery(
            cursor=params.cursor,
            limit=params.limit,
            session_id=params.session_id,
            item_id=params.event_id,
            order=params.order or "observedAt",
            after_position=params.after_position,
            from_ms=params.from_observed_at_ms,
            to_ms=params.to_observed_at_ms,
            through_position=params.required_through_position,
            snapshot_end=params.snapshot_end,
        )
        check(query, thread_id)
        live = self._threads.loaded.find(thread_id)
        history = None if live is None or not live.is_stored else live.history
        if history is None:
            found = await self._threads.store.locate(thread_id)
            if found is None:
                return wire.ThreadRealtimeListResponse(
                    data=[], snapshot_end=0, projected_through_item_index=0, coverage="unsupported"
                )
            history = await self._threads.store.history(found)
        page = await page_realtime(history, query, thread_id=thread_id)
        return wire.ThreadRealtimeListResponse(
            data=[
                wire.ThreadRealtimeEntry(position=entry.position, item=kept_item_to_wire(entry.item))
                for entry in page.entries
            ],
            next_cursor=page.next_cursor,
            snapshot_end=page.snapshot_end,
            projected_through_item_index=page.known_to,
            coverage="ready" if page.is_complete else "pending",
        )

    async def list_voices(
        self, _params: wire.ThreadRealtimeListVoicesParams, _context: RequestContext
    ) -> wire.ThreadRealtimeListVoicesResponse:
        """Return the voices that models speak with."""
        return wire.ThreadRealtimeListVoicesResponse(
            voices=wire.RealtimeVoicesList(
                v1=[*VOICES["v1"]],
                v2=[*VOICES["v2"]],
                v3=[*VOICES["v3"]],
                default_v1=DEFAULT_VOICES["v1"],
                default_v2=DEFAULT_VOICES["v2"],
            )
        )


def _wish(params: wire.ThreadRealtimeStartParams) -> VoiceWish:
    way = _way(params.transport)
    if isinstance(way, InCall):
        for name in _MADE_BY_THE_CLIENT:
            if getattr(params, name) not in (None, UNSET, []):
                raise invalid_request(f"existingCall transport does not support {camel_case(name)}")
    return VoiceWish(
        way=way,
        modality=params.output_modality,
        session_id=params.realtime_session_id or params.voice_session_id,
        version=params.version,
        model=params.model,
        voice=params.voice,
        prompt=params.prompt,
        tells_where=params.include_startup_context is not False,
        agent_began=params.realtime_start_instructions,
        agent_ended=params.realtime_end_instructions,
        answers=_answers(params),
        acknowledges=params.delegation_ack_filler,
        tells_tail=bool(params.flush_transcript_tail_on_session_end),
        begins_with=[InitialText(item.role, item.text) for item in params.initial_items or ()],
    )


def _answers(params: wire.ThreadRealtimeStartParams) -> AnswerForm:
    prefixes = params.codex_response_handoff_channel_prefixes or {}
    for channel in prefixes:
        if channel not in CHANNELS:
            raise invalid_request(
                f"codexResponseHandoffChannelPrefixes: there is no channel `{channel}`; there are {', '.join(CHANNELS)}"
            )
    return AnswerForm(
        is_passed_on=not params.client_managed_handoffs,
        as_items=bool(params.codex_responses_as_items),
        item_prefix=params.codex_response_item_prefix,
        mode=params.codex_response_handoff_mode or "thinking",
        tells_reasoning=params.backend_reasoning_status,
        prefixes={**CHANNEL_PREFIXES, **prefixes},
    )


def _way(transport: wire.ThreadRealtimeStartTransport | None) -> Way:
    match transport:
        case wire.WebrtcThreadRealtimeStartTransport():
            return OverCall(transport.sdp)
        case wire.ExistingCallThreadRealtimeStartTransport():
            return InCall(transport.call_id)
        case _:
            return OverSocket()
