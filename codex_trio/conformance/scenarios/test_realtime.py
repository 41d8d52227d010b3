"""Talking with a thread by voice, over a websocket and by WebRTC; the realtime server is scripted."""

import json
from typing import Any

import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import WAIT_SECONDS, Message, Probe
from codex_trio.conformance.voice import SOUND, call_agent, received, talking
from codex_trio.testing.model_script import Gate, answer, message, message_of
from codex_trio.testing.realtime_server import CallReply

NOBODY = "01a22ada-de99-7622-a8f7-27d308bf814c"


def told(message: Message) -> str:
    return message["method"].removeprefix("thread/realtime/")


async def test_a_session_begins_says_what_it_is_and_ends(lab: Lab) -> None:
    async with talking(lab) as voice:
        voice.probe.log.skip()
        session = await voice.start(realtimeSessionId="mine", transport={"type": "websocket"})
        assert session.head.path == "/v1/realtime?model=gpt-realtime-1.5"
        assert session.head.headers["authorization"] == "Bearer sk-test"
        assert session.head.headers["x-session-id"] == "mine"
        wanted = session.messages[0]["session"]
        assert (wanted["type"], wanted["output_modalities"]) == ("realtime", ["audio"])
        assert wanted["instructions"].startswith("Be nice.")
        assert wanted["audio"]["output"] == {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin"}
        assert [tool["name"] for tool in wanted["tools"]] == ["background_agent", "remain_silent"]
        assert await voice.ask("stop") == {}
        await voice.heard("closed")
        news = [each for each in voice.probe.log.from_server if "realtime" in each.get("method", "")]
        assert [told(each) for each in news] == [
            "item/started",
            "item/completed",
            "started",
            "item/started",
            "item/completed",
            "closed",
        ]
        assert news[0]["params"]["item"]["id"] == "realtime-session-start:mine"
        assert news[2]["params"] == {"threadId": voice.thread_id, "realtimeSessionId": "mine", "version": "v2"}
        assert (news[4]["params"]["item"]["type"], news[4]["params"]["item"]["outcome"]) == (
            "realtimeSessionClosed",
            "ended",
        )
        assert news[5]["params"]["reason"] == "requested"
        with trio.fail_after(WAIT_SECONDS):
            await session.left.wait()


async def test_what_is_said_reaches_the_other_side(lab: Lab) -> None:
    async with talking(lab) as voice:
        session = await voice.start()
        await voice.ask("appendAudio", audio=SOUND)
        assert (await received(session, "input_audio_buffer.append"))["audio"] == "AAAA"
        for role, kind, text in (
            ("user", "input_text", "[USER] hi"),
            ("developer", "input_text", "hi"),
            ("assistant", "output_text", "hi"),
        ):
            await voice.ask("appendText", text="hi", role=role)
            item = (await received(session, "conversation.item.create"))["item"]
            assert item == {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
        await voice.ask("appendSpeech", text="say it")
        item = (await received(session, "conversation.item.create"))["item"]
        assert item["content"][0]["text"] == "[BACKEND] say it"
        await received(session, "response.create")
        await session.send({"type": "response.output_audio.delta", "delta": "BBBB", "item_id": "i"})
        heard = (await voice.heard("outputAudio/delta"))["audio"]
        assert (heard["data"], heard["sampleRate"], heard["numChannels"], heard["itemId"]) == ("BBBB", 24000, 1, "i")
        for delta in ("hel", "lo"):
            await session.send({"type": "response.output_audio_transcript.delta", "delta": delta})
            assert (await voice.heard("transcript/delta")) == {
                "threadId": voice.thread_id,
                "role": "assistant",
                "delta": delta,
            }
        await session.send({"type": "response.output_audio_transcript.done", "transcript": "hello"})
        item = (await voice.heard("item/completed"))["item"]
        assert (item["type"], item["role"], item["text"]) == ("transcriptSegment", "assistant", "hello")
        assert (await voice.heard("transcript/done"))["text"] == "hello"
        done = "conversation.item.input_audio_transcription.completed"
        await session.send({"type": done, "transcript": "user said"})
        assert (await voice.heard("item/transcript/delta"))["delta"] == "user said"
        assert (await voice.heard("transcript/done"))["role"] == "user"
        await session.send({"type": "input_audio_buffer.speech_started", "item_id": "i2"})
        assert (await voice.heard("itemAdded"))["item"] == {
            "type": "input_audio_buffer.speech_started",
            "item_id": "i2",
        }
        kept = (await voice.ask("list"))["data"]
        assert [entry["item"]["type"] for entry in kept] == ["realtimeSessionStarted", "frame", "frame"]
        assert [entry["item"]["channels"]["voice_transcript"] for entry in kept[1:]] == [
            {"role": "assistant", "text": "hello"},
            {"role": "user", "text": "user said"},
        ]


async def test_the_agent_does_what_the_voice_model_asks_and_tells_it(lab: Lab) -> None:
    gate = Gate()
    lab.script(answer(message_of(["Working", gate])), answer(message("All done.")).repeated())
    async with talking(lab) as voice:
        session = await voice.start()
        done = "conversation.item.input_audio_transcription.completed"
        await session.send({"type": done, "transcript": "well then"})
        await call_agent(session, 1, "do < it")
        asked = (await voice.heard("itemAdded"))["item"]
        assert asked == {
            "type": "handoff_request",
            "handoff_id": "call1",
            "item_id": "i1",
            "input_transcript": "do < it",
            "active_transcript": [{"role": "user", "text": "well then"}, {"role": "user", "text": "do < it"}],
        }
        turn = (await voice.probe.until("turn/started"))["params"]["turn"]["id"]
        with trio.fail_after(WAIT_SECONDS):
            await gate.reached.wait()
        # While it works, more is said to it.
        await call_agent(session, 2, "and that")
        output = (await received(session, "conversation.item.create"))["item"]
        assert (output["type"], output["call_id"]) == ("function_call_output", "call2")
        gate.open()
        finished = await voice.probe.finish_turn(turn)
        assert finished.status == "completed"
        said = (await received(session, "conversation.item.create"))["item"]
        assert said["content"] == [{"type": "input_text", "text": "[BACKEND] All done."}]
        output = (await received(session, "conversation.item.create"))["item"]
        assert (output["type"], output["call_id"]) == ("function_call_output", "call1")
        words = [part["text"] for item in finished.items("userMessage") for part in item["content"]]
        assert words[0].startswith("<realtime_delegation>\n  <input>do &lt; it</input>\n  <transcript_delta>user: well")
        assert "<input>and that</input>" in words[1]
        told_agent = "\n".join(lab.model.requests[-1].texts("developer"))
        assert "<realtime_conversation>" in told_agent


async def test_a_call_is_offered_answered_and_listened_to(lab: Lab) -> None:
    async with talking(lab) as voice:
        await voice.ask("start", outputModality="audio", prompt="p", transport={"type": "webrtc", "sdp": "v=offer"})
        assert (await voice.heard("started"))["version"] == "v1"
        assert (await voice.heard("sdp"))["sdp"] == "v=answer\r\n"
        [(head, body)] = voice.server.calls
        assert head.path == "/v1/realtime/calls?intent=quicksilver&architecture=avas"
        assert head.headers["content-type"] == "multipart/form-data; boundary=codex-realtime-call-boundary"
        sdp, session_part = body.split(b"--codex-realtime-call-boundary")[1:3]
        assert sdp == (
            b'\r\nContent-Disposition: form-data; name="sdp"\r\nContent-Type: application/sdp\r\n\r\nv=offer\r\n'
        )
        wanted = json.loads(session_part.partition(b"\r\n\r\n")[2])
        assert (wanted["type"], wanted["model"], wanted["audio"]["output"]["voice"]) == (
            "quicksilver",
            "gpt-realtime-1.5",
            "cove",
        )
        with trio.fail_after(WAIT_SECONDS):
            session = await voice.server.session()
        assert session.head.path == "/v1/realtime?intent=quicksilver&call_id=rtc_1"
        await session.send(
            {"type": "conversation.handoff.requested", "handoff_id": "h", "item_id": "i", "input_transcript": "x"}
        )
        assert (await voice.heard("itemAdded"))["item"]["handoff_id"] == "h"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (CallReply(location=None), ""),
        (CallReply(location="/v1/realtime/calls/other"), ""),
        (CallReply(status=400, sdp="bad offer"), "bad offer"),
    ],
    ids=["no place", "no call", "refused"],
)
async def test_a_call_that_cannot_be_says_why_and_the_thread_goes_on(lab: Lab, reply: CallReply, words: str) -> None:
    lab.script(answer(message("Fine.")))
    async with talking(lab) as voice:
        voice.server.reply = reply
        assert words in await voice.refused(transport={"type": "webrtc", "sdp": "v=offer"})
        await voice.works()


async def test_what_is_no_session_says_why_and_the_thread_goes_on(lab: Lab) -> None:
    lab.script(answer(message("Fine.")))
    async with talking(lab) as voice:
        assert "`cove` is not supported for v2" in await voice.refused(voice="cove")
        assert "v3" in await voice.refused(initialItems=[{"role": "user", "text": "x"}])
        assert await voice.refused(version="v2", transport={"type": "webrtc", "sdp": "v"})
        voice.server.refuses_sockets = 401
        assert "401" in await voice.refused()
        refusal = await voice.probe.refusal("thread/realtime/stop", {"threadId": NOBODY})
        assert (refusal.code, refusal.message) == (-32600, f"thread not found: {NOBODY}")
        await voice.works()


async def test_without_a_key_there_is_no_session(lab: Lab) -> None:
    async with talking(lab, env={}) as voice:
        assert await voice.refused() == "realtime conversation requires API key auth"


async def test_what_is_said_where_nobody_listens_is_an_error(lab: Lab) -> None:
    lab.script(answer(message("Fine.")))
    async with talking(lab) as voice:
        said: list[tuple[str, dict[str, Any]]] = [
            ("appendText", {"text": "x"}),
            ("appendAudio", {"audio": SOUND}),
            ("appendSpeech", {"text": "x"}),
        ]
        for method, params in said:
            assert await voice.ask(method, **params) == {}
            error = (await voice.probe.until("error"))["params"]["error"]
            assert (error["message"], error["codexErrorInfo"]) == ("conversation is not running", "badRequest")
        await voice.ask("stop")
        assert (await voice.heard("closed"))["reason"] == "requested"
        await voice.works()


async def test_a_second_session_takes_the_place_of_the_first(lab: Lab) -> None:
    async with talking(lab) as voice:
        first = await voice.start(realtimeSessionId="one")
        await voice.ask("start", outputModality="audio", realtimeSessionId="two")
        assert (await voice.heard("closed"))["reason"] == "requested"
        assert (await voice.heard("started"))["realtimeSessionId"] == "two"
        with trio.fail_after(WAIT_SECONDS):
            await first.left.wait()


async def test_a_server_that_fails_ends_the_session_and_not_the_thread(lab: Lab) -> None:
    lab.script(answer(message("Fine.")))
    async with talking(lab) as voice:
        session = await voice.start()
        # What cannot be read, or means nothing, is passed over.
        for garbage in (b"garbage{", b"[]", b"{}", b'{"type": 5}', b'{"type": "response.output_audio.delta"}'):
            await session.send(garbage)
        await session.send({"type": "error", "error": {"message": "bad thing"}})
        assert (await voice.heard("error"))["message"] == "bad thing"
        assert (await voice.heard("item/completed"))["item"]["outcome"] == "failed"
        assert (await voice.heard("closed"))["reason"] == "error"
        session = await voice.start()
        await session.cut()
        assert (await voice.heard("error"))["message"]
        assert (await voice.heard("closed"))["reason"] == "error"
        await voice.works()


async def test_sound_that_is_none_is_refused(lab: Lab) -> None:
    async with talking(lab) as voice:
        await voice.start()
        bad = {"threadId": voice.thread_id, "audio": {**SOUND, "data": "!!! not base64"}}
        refusal = await voice.probe.refusal("thread/realtime/appendAudio", bad)
        assert (refusal.code, "base64" in refusal.message) == (-32600, True)


async def test_pages_of_what_was_said(lab: Lab) -> None:
    async with talking(lab) as voice:
        session = await voice.start(realtimeSessionId="mine")
        for number in range(3):
            await session.send({"type": "response.output_audio_transcript.done", "transcript": f"t{number}"})
            await voice.heard("transcript/done")
        await voice.ask("stop")
        await voice.heard("closed")
        whole = await voice.ask("list")
        assert (len(whole["data"]), whole["nextCursor"], whole["coverage"]) == (5, None, "ready")
        assert whole["snapshotEnd"] == whole["projectedThroughItemIndex"]
        found: list[Any] = []
        cursor: str | None = None
        while True:
            page = await voice.ask("list", order="position", limit=2, cursor=cursor)
            found += page["data"]
            cursor = page["nextCursor"]
            if cursor is None:
                break
        assert found == whole["data"]
        assert (await voice.ask("list", sessionId="other"))["data"] == []
        assert (await voice.ask("list", afterPosition=found[3]["position"]))["data"] == found[4:]
        for limit in (0, 501):
            refusal = await voice.probe.refusal("thread/realtime/list", {"threadId": voice.thread_id, "limit": limit})
            assert refusal.message == "realtime page size must be between 1 and 500"
        refusal = await voice.probe.refusal("thread/realtime/list", {"threadId": voice.thread_id, "cursor": "x"})
        assert (refusal.code, refusal.message) == (-32600, "invalid realtime cursor")
        unknown = await voice.probe.request("thread/realtime/list", {"threadId": NOBODY})
        assert unknown == {
            "data": [],
            "nextCursor": None,
            "snapshotEnd": 0,
            "projectedThroughItemIndex": 0,
            "coverage": "unsupported",
        }


async def test_voices(lab: Lab, probe: Probe) -> None:
    voices = (await probe.request("thread/realtime/listVoices"))["voices"]
    assert (voices["defaultV1"], voices["defaultV2"]) == ("cove", "marin")
    assert "cove" in voices["v1"]
    assert "marin" in voices["v2"]
    assert len(voices["v3"]) == 26
