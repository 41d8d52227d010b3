"""Voice sessions without turns (v3), and how what the agent says reaches a voice model."""

import json
from typing import Any

import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import WAIT_SECONDS
from codex_trio.conformance.voice import KEY, SOUND, call_agent, received, talking
from codex_trio.testing.model_script import answer, message, reasoning
from codex_trio.testing.realtime_server import RealtimeSession


def delegated(number: int, *texts: str) -> dict[str, Any]:
    """Return how a v3 voice model gives something to the agent."""
    content = [{"type": "input_text", "text": text} for text in texts]
    item = {"id": f"d{number}", "type": "delegation", "target": "client", "content": content}
    return {"type": "delegation.created", "item": item}


def spoken(who: str, text: str) -> dict[str, Any]:
    return {"type": f"{who}_transcript.added", "item": {"text": text}}


async def test_a_session_without_turns(lab: Lab) -> None:
    lab.script(answer(message("All done.", phase="final_answer")).repeated())
    async with talking(lab) as voice:
        begins = [{"role": "user", "text": "a"}, {"role": "assistant", "text": "b"}]
        session = await voice.start(
            version="v3", initialItems=begins, delegationAckFiller=False, includeStartupContext=False
        )
        assert session.head.path == "/v1/live?model=gpt-live-1.1-codex"
        assert session.head.headers["openai-alpha"] == "quicksilver=v2"
        assert session.messages[0]["session"] == {
            "instructions": "Be nice.",
            "audio": {"output": {"voice": "marin"}},
            "delegation": {"type": "client", "ack_filler": False},
            "initial_items": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}]},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "b"}]},
            ],
        }
        await voice.ask("appendText", text="hi")
        typed = await received(session, "session.context.append")
        assert typed == {"type": "session.context.append", "content": [{"type": "input_text", "text": "hi"}]}
        await voice.ask("appendSpeech", text="say it")
        aloud = await received(session, "session.context.append")
        assert (aloud["channel"], aloud["content"][0]["text"]) == ("speakable", "say it")
        await voice.ask("appendAudio", audio=SOUND)
        assert (await received(session, "input_audio.append"))["audio"] == "AAAA"
        await session.send({"type": "output_audio.delta", "audio": "BBBB"})
        assert (await voice.heard("outputAudio/delta"))["audio"]["data"] == "BBBB"
        # What is not for this client, or is nothing, is passed over.
        await session.send(
            {"type": "delegation.created", "item": {"id": "x", "type": "delegation", "target": "server"}}
        )
        for who, text in (("input", "please "), ("input", "now"), ("output", "sure")):
            await session.send(spoken(who, text))
        await session.send(delegated(1, "do ", "it"))
        asked = (await voice.heard("itemAdded"))["item"]
        said = [{"role": "user", "text": "please now"}, {"role": "assistant", "text": "sure"}]
        assert asked == {
            "type": "handoff_request",
            "handoff_id": "d1",
            "item_id": "d1",
            "input_transcript": "do it",
            "active_transcript": [*said, {"role": "user", "text": "do it"}],
        }
        finished = await voice.probe.finish_turn((await voice.probe.until("turn/started"))["params"]["turn"]["id"])
        assert finished.items("userMessage")[0]["content"][0]["text"] == (
            "<realtime_delegation>\n  <input>do it</input>\n"
            "  <transcript_delta>user: please now\nassistant: sure\nuser: do it</transcript_delta>\n"
            "</realtime_delegation>"
        )
        assert (await received(session, "delegation.context.append")) == {
            "type": "delegation.context.append",
            "delegation_item_id": "d1",
            "content": [{"type": "input_text", "text": "All done."}],
        }
        await voice.ask("stop")
        await voice.heard("closed")
        entries = (await voice.probe.request("thread/timeline/list", {"threadId": voice.thread_id}))["data"]
        realtime = [entry["item"] for entry in entries if entry["type"] == "realtime"]
        assert [(item["type"], item.get("text")) for item in realtime] == [
            ("realtimeSessionStarted", None),
            ("transcriptSegment", "please now"),
            ("transcriptSegment", "sure"),
            ("realtimeSessionClosed", None),
        ]
        assert [entry["type"] for entry in entries[1:3]] == ["turnStarted", "item"]
    async with lab.run(env=KEY) as probe:
        assert (await probe.request("thread/timeline/list", {"threadId": voice.thread_id}))["data"] == entries
        first = await probe.request("thread/timeline/list", {"threadId": voice.thread_id, "limit": 3})
        rest = await probe.request(
            "thread/timeline/list", {"threadId": voice.thread_id, "cursor": first["nextCursor"], "limit": 100}
        )
        assert rest["data"] + first["data"] == entries


async def test_how_the_agents_answers_reach_a_voice_model(lab: Lab) -> None:
    lab.script(
        answer(
            reasoning(["hm"]),
            message("Working.", phase="commentary"),
            message("[ANALYSIS] Done.", item_id="msg_2", phase="final_answer"),
        )
    )
    async with talking(lab) as voice:
        form = {"codexResponseHandoffMode": "bemTags", "codexResponseHandoffChannelPrefixes": {"commentary": ["Work"]}}
        session = await voice.start(version="v3", backendReasoningStatus=True, **form)
        await session.send(delegated(1, "go"))
        heard = [await received(session, "delegation.context.append") for _ in range(3)]
        assert [(one["channel"], one["content"][0]["text"]) for one in heard] == [
            ("commentary", "[STATUS] hm"),
            ("commentary", "Working."),
            ("commentary", "[ANALYSIS] Done."),
        ]


async def test_answers_of_the_agent_as_messages_of_their_own(lab: Lab) -> None:
    lab.script(answer(message("Done.", phase="final_answer")).repeated())
    async with talking(lab) as voice:
        for version, kind, text in (
            ("v3", "session.context.append", "P:\n\nDone."),
            ("v2", "conversation.item.create", "P:\n\n[BACKEND] Done."),
            ("v1", "conversation.item.create", "P:\n\nDone."),
        ):
            session = await voice.start(version=version, codexResponsesAsItems=True, codexResponseItemPrefix="P:")
            await ask_agent(session, version)
            said = await received(session, kind)
            assert said.get("item", said)["content"] == [{"type": "input_text", "text": text}]
            if version == "v2":
                assert (await received(session, kind))["item"]["output"] == ""
            await voice.ask("stop")
            await voice.heard("closed")


async def ask_agent(session: RealtimeSession, version: str) -> None:
    if version == "v3":
        await session.send(delegated(1, "go"))
    elif version == "v2":
        await call_agent(session, 1, "go")
    else:
        event = {"type": "conversation.handoff.requested", "handoff_id": "h", "item_id": "i", "input_transcript": "go"}
        await session.send(event)


async def test_a_client_that_passes_answers_on_by_itself(lab: Lab) -> None:
    lab.script(answer(message("Done.", phase="final_answer")).repeated())
    async with talking(lab) as voice:
        session = await voice.start(clientManagedHandoffs=True)
        await call_agent(session, 1, "go")
        turn = await voice.probe.finish_turn((await voice.probe.until("turn/started"))["params"]["turn"]["id"])
        assert turn.status == "completed"
        await voice.ask("appendText", text="after it")
        item = (await received(session, "conversation.item.create"))["item"]
        assert item["content"][0]["text"] == "[USER] after it"


async def test_the_agent_is_told_what_was_said_last(lab: Lab) -> None:
    lab.script(answer(message("Done.", phase="final_answer")).repeated())
    async with talking(lab) as voice:
        session = await voice.start(version="v3", flushTranscriptTailOnSessionEnd=True)
        await session.send(delegated(1, "go"))
        await received(session, "delegation.context.append")
        await session.send(spoken("input", "thanks"))
        await voice.heard("transcript/delta")
        await voice.ask("stop")
        await voice.heard("closed")
        await voice.works()
        told = [text for text in lab.model.requests[-1].texts("user") if "<realtime_delegation>" in text]
        assert len(told) == 2
        assert "<source>transcript_tail_flush</source>" in told[1]
        assert "<transcript_delta>user: thanks</transcript_delta>" in told[1]


async def test_a_call_without_turns(lab: Lab) -> None:
    async with talking(lab) as voice:
        way = {"type": "webrtc", "sdp": "v=offer"}
        await voice.ask("start", outputModality="audio", prompt="p", version="v3", transport=way)
        assert (await voice.heard("started"))["version"] == "v3"
        assert (await voice.heard("sdp"))["sdp"] == "v=answer\r\n"
        [(head, body)] = voice.server.calls
        assert head.path == "/v1/live"
        assert json.loads(body.split(b"--codex-realtime-call-boundary")[2].partition(b"\r\n\r\n")[2])["model"]
        with trio.fail_after(WAIT_SECONDS):
            session = await voice.server.session()
        assert session.head.path == "/v1/live/rtc_1"
        await voice.ask("appendText", text="hi")
        await received(session, "session.context.append")
        assert [event["type"] for event in session.messages] == ["session.context.append"]
        call = {"type": "existingCall", "callId": "rtc_9"}
        for field, value in (("prompt", "p"), ("voice", "sol"), ("model", "m"), ("delegationAckFiller", True)):
            params = {"threadId": voice.thread_id, "outputModality": "audio", "transport": call, field: value}
            refusal = await voice.probe.refusal("thread/realtime/start", params)
            assert refusal.message == f"existingCall transport does not support {field}"


async def test_words_that_a_session_cannot_begin_with(lab: Lab) -> None:
    async with talking(lab) as voice:
        word = {"role": "user", "text": "x"}
        many = await voice.refused(version="v3", initialItems=[word] * 129)
        assert many == "initial realtime items must contain no more than 128 items"
        long = await voice.refused(version="v3", initialItems=[{**word, "text": "x" * 40_000}])
        assert long == "each initial realtime item must not exceed 8192 estimated tokens"
        text = {"version": "v3", "outputModality": "text"}
        assert await voice.refused(**text) == "text realtime output modality requires realtime v2"


async def test_settings_of_sessions(lab: Lab) -> None:
    async with talking(lab, extra='[realtime]\nversion = "v3"\nvoice = "sol"') as voice:
        await voice.ask("start", outputModality="audio", prompt="p")
        with trio.fail_after(WAIT_SECONDS):
            session = await voice.server.session()
        wanted = (await received(session, "session.update"))["session"]
        assert (session.head.path[:8], wanted["audio"]) == ("/v1/live", {"output": {"voice": "sol"}})
        await session.send({"type": "output_audio.delta", "audio": "AAAA"})
        assert "session.started" in (await voice.heard("error"))["message"]
