"""What ends a voice session besides its client: nobody who hears it, the end of the thread, a server that does not keep
up. What clients hear of sessions: the scenarios.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
import trio
from thread_lab import CLIENT, Lab, open_threads

from codex_trio.domain.realtime import Spoken, VoiceClosed, VoiceError, VoiceItemCompleted, VoiceStarted
from codex_trio.engine.realtime import words
from codex_trio.model.endpoint import Endpoint
from codex_trio.model.http import open_transport
from codex_trio.model.realtime import RealtimeFailure, RealtimeTarget
from codex_trio.state.history.realtime import realtime_entries
from codex_trio.testing.realtime_server import CallReply, RealtimeServer, RealtimeSession, open_realtime_server
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.realtime.outbox import MAX_WAITING, TooFarBehind, VoiceOutbox
from codex_trio.threads.realtime.session import MAX_PROMPT
from codex_trio.threads.realtime.settings import InCall, OverCall, OverSocket, VoiceWish, Way
from codex_trio.threads.realtime.worker import appended_audio

WISH = VoiceWish(way=OverSocket(), modality="audio", prompt="p")


@asynccontextmanager
async def open_voices(
    base: Path, *, unfollowed_seconds: float = 30.0, patience: float = 30.0, silence: float = 30.0
) -> AsyncGenerator[tuple[Lab, RealtimeServer]]:
    async with open_realtime_server() as server, open_transport({}) as transport:

        def connect(_config: Any, _provider: str, thread_id: str) -> RealtimeTarget:
            return RealtimeTarget(
                transport=transport,
                socket_base=server.url,
                call_base=server.url,
                endpoint=Endpoint(server.url, server.url, {}),
                headers={"thread-id": thread_id},
                patience=patience,
                silence=silence,
            )

        async with open_threads(base, connect=connect, unfollowed_seconds=unfollowed_seconds) as lab:
            yield lab, server


async def told(lab: Lab, kind: type, *, times: int = 1) -> list[Any]:
    """Return what clients heard of a kind, once it is that often."""
    while True:
        found = [news for news in lab.clients.of("voice") if isinstance(news, kind)]
        if len(found) >= times:
            return found
        await trio.lowlevel.checkpoint()


async def talk(lab: Lab, server: RealtimeServer) -> tuple[LiveThread, RealtimeSession]:
    live = await lab.start()
    lab.voices.of(live.id).start(WISH)
    await told(lab, VoiceStarted)
    return live, await server.session()


async def test_a_session_ends_with_its_thread_and_that_is_kept(tmp_path: Path) -> None:
    async with open_voices(tmp_path) as (lab, server):
        live, session = await talk(lab, server)
        await session.send({"type": "response.output_audio_transcript.delta", "delta": "cut "})
        await session.send({"type": "response.output_audio_transcript.delta", "delta": "off"})
        while len([news for news in lab.clients.of("voice") if "Delta" in type(news).__name__]) < 4:
            await trio.lowlevel.checkpoint()
        history = live.history
        assert history is not None
        await lab.host.unload(live)
        await session.left.wait()
        kept = [entry.item for entry in await trio.to_thread.run_sync(realtime_entries, history)]
        assert [type(item).__name__ for item in kept] == ["SessionBegan", "Spoken", "SessionEnded"]
        assert isinstance(kept[1], Spoken)
        assert kept[1].text == "cut off"
        with pytest.raises(ThreadError, match="thread not found"):
            lab.voices.of(live.id)


async def test_a_session_that_nobody_hears_ends(tmp_path: Path) -> None:
    async with open_voices(tmp_path, unfollowed_seconds=0.01) as (lab, server):
        live, session = await talk(lab, server)
        live.unsubscribe(CLIENT)
        await session.left.wait()
        assert await told(lab, VoiceClosed)


async def test_a_server_that_leaves_ends_the_session(tmp_path: Path) -> None:
    async with open_voices(tmp_path) as (lab, server):
        live, session = await talk(lab, server)
        await session.close()
        assert [news.reason for news in await told(lab, VoiceClosed)] == ["transport_closed"]
        # Another may follow, and one that is not to be had is no end of the thread.
        server.refuses_sockets = 503
        lab.voices.of(live.id).start(WISH)
        [error] = await told(lab, VoiceError)
        assert "503" in error.message
        server.refuses_sockets = None
        lab.voices.of(live.id).start(WISH)
        await told(lab, VoiceStarted, times=2)


async def test_what_a_server_does_not_take_is_refused_and_costs_bounded_memory(tmp_path: Path) -> None:
    async with open_voices(tmp_path) as (lab, _server):
        live = await lab.start()
        worker = lab.voices.of(live.id)
        worker.start(WISH)
        await told(lab, VoiceStarted)
        sound = appended_audio("A" * (1 << 20))
        # Nothing is sent meanwhile: nobody else runs.
        for _ in range((MAX_WAITING >> 20) - 1):
            worker.say(sound)
        with pytest.raises(ThreadError, match="does not keep up"):
            worker.say(sound)


async def test_what_was_said_is_kept_before_it_is_told(tmp_path: Path) -> None:
    async with open_voices(tmp_path) as (lab, server):
        live, session = await talk(lab, server)
        await session.send({"type": "response.output_audio_transcript.done", "transcript": "hello"})
        while not any(isinstance(news.item, Spoken) for news in await told(lab, VoiceItemCompleted)):
            await trio.lowlevel.checkpoint()
        history = live.history
        assert history is not None
        entries = realtime_entries(history)
        assert isinstance(entries[-1].item, Spoken)
        assert [entry.position for entry in entries] == [1, 2]


async def test_a_server_that_is_gone_without_a_word_ends_the_session(tmp_path: Path) -> None:
    async with open_voices(tmp_path, silence=0.01) as (lab, server):
        live = await lab.start()
        server.answers_pings = False
        lab.voices.of(live.id).start(WISH)
        [error] = await told(lab, VoiceError)
        assert "answers no ping" in error.message
        assert [news.reason for news in await told(lab, VoiceClosed)] == ["error"]


async def test_a_thread_without_a_realtime_server_says_so(tmp_path: Path) -> None:
    def connect(*_: object) -> RealtimeTarget:
        raise RealtimeFailure("there is no key")

    async with open_threads(tmp_path, connect=connect) as lab:
        live = await lab.start()
        lab.voices.of(live.id).start(WISH)
        assert [news.message for news in await told(lab, VoiceError)] == ["there is no key"]


async def test_half_a_character_costs_neither_the_session_nor_what_was_said(tmp_path: Path) -> None:
    async with open_voices(tmp_path) as (lab, server):
        live, session = await talk(lab, server)
        await session.send(b'{"type": "response.output_audio_transcript.delta", "delta": "a\\ud800"}')
        await session.send(b'{"type": "response.output_audio_transcript.done", "transcript": "a\\ud800"}')
        while not any(isinstance(news.item, Spoken) for news in await told(lab, VoiceItemCompleted)):
            await trio.lowlevel.checkpoint()
        history = live.history
        assert history is not None
        said = realtime_entries(history)[-1].item
        assert isinstance(said, Spoken)
        assert said.text == "a\ufffd"
        assert lab.clients.of("unloaded") == []


async def test_a_mistake_before_a_session_is_told_of_and_the_thread_goes_on(tmp_path: Path) -> None:
    async with open_threads(tmp_path, connect=mistaken) as lab:
        live = await lab.start()
        for times in (1, 2):
            lab.voices.of(live.id).start(WISH)
            assert [news.message for news in await told(lab, VoiceError, times=times)] == [words.MISTAKE] * times


def mistaken(*_: object) -> NoReturn:
    """Fail in a way that nobody expects."""
    raise KeyError("nobody expects this")


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"\x82\x01a", "sent a binary message, and only text says something"),
        (b"\x88\x0c\x03\xf0quota used", "closed the session: 1008 quota used"),
        (b"\x88\x02\x03\xf3", "closed the session: 1011"),
        (b"\x88\x01\x03", "a close frame has no valid code"),
        (b"\xf1\x01a", "reserved bits"),
    ],
)
async def test_what_a_server_may_not_send_ends_the_session_with_the_reason(
    tmp_path: Path, frame: bytes, why: str
) -> None:
    async with open_voices(tmp_path) as (lab, server):
        _live, session = await talk(lab, server)
        await session.send_frame(frame)
        [error] = await told(lab, VoiceError)
        assert why in error.message
        assert [news.reason for news in await told(lab, VoiceClosed)] == ["error"]


async def test_why_a_server_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    async with open_voices(tmp_path) as (lab, server):
        live = await lab.start()
        server.refuses_sockets, server.refusal = 429, b'{"error": {"message": "quota used"}}'
        lab.voices.of(live.id).start(WISH)
        [error] = await told(lab, VoiceError)
        assert error.message == "the realtime server gives no websocket: HTTP status 429 quota used"


async def test_a_server_that_never_begins_a_session_is_given_up(tmp_path: Path) -> None:
    async with open_voices(tmp_path, patience=0.2) as (lab, _server):
        live = await lab.start()
        lab.voices.of(live.id).start(msgspec.structs.replace(WISH, version="v3"))
        [error] = await told(lab, VoiceError)
        assert error.message.startswith(
            ("the realtime server sent no `session.started`", "the realtime server gives no")
        )


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"session_id": "a\r\nx: y"}, "realtimeSessionId"),
        ({"session_id": "\xe9"}, "realtimeSessionId"),
        ({"session_id": "x" * 2000}, "realtimeSessionId"),
        ({"model": "m" * 2000}, "model"),
        ({"way": OverCall(" ")}, "transport.sdp"),
        ({"way": OverCall("v=0\r\n--codex-realtime-call-boundary--")}, "transport.sdp"),
        ({"way": InCall("")}, "transport.callId"),
    ],
)
async def test_what_cannot_go_along_is_refused_by_its_name(tmp_path: Path, change: dict[str, Any], names: str) -> None:
    async with open_voices(tmp_path) as (lab, server):
        live = await lab.start()
        lab.voices.of(live.id).start(msgspec.structs.replace(WISH, **change))
        [error] = await told(lab, VoiceError)
        assert f"`{names}`" in error.message
        assert server.sessions == []
        assert server.calls == []


@pytest.mark.parametrize("sdp", [b"", b"\xff\xfe", b" \r\n"])
async def test_an_answer_that_is_no_sdp_is_told_of(tmp_path: Path, sdp: bytes) -> None:
    async with open_voices(tmp_path) as (lab, server):
        live = await lab.start()
        server.reply = CallReply(sdp=sdp)
        way: Way = OverCall("v=0")
        lab.voices.of(live.id).start(msgspec.structs.replace(WISH, way=way))
        [error] = await told(lab, VoiceError)
        assert error.message == "the realtime server took the call, but its answer is no SDP"


async def test_a_wish_of_a_voice_model_has_a_bound(tmp_path: Path) -> None:
    async with open_voices(tmp_path) as (lab, server):
        _live, session = await talk(lab, server)
        item = {"type": "function_call", "name": "background_agent", "call_id": "c", "id": "i"}
        arguments = json.dumps({"prompt": "x" * (MAX_PROMPT + 1)})
        await session.send({"type": "conversation.item.done", "item": {**item, "arguments": arguments}})
        answer = await session.receive("conversation.item.create")
        why = words.REFUSED.format(f"the wish has more than {MAX_PROMPT} characters")
        assert answer["item"] == {"type": "function_call_output", "call_id": "c", "output": why}
        assert [news.message for news in await told(lab, VoiceError)] == [why]
        assert lab.clients.of("unloaded") == []


def test_words_that_wait_to_be_sent_are_bounded_as_sound_is() -> None:
    outbox = VoiceOutbox()
    large = {"type": "conversation.item.create", "text": "x" * (MAX_WAITING // 2)}
    outbox.put(large)
    with pytest.raises(TooFarBehind, match="16 MiB"):
        outbox.put(large)
    outbox.put({"type": "response.create"})
