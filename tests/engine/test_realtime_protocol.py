"""The words of realtime servers: what is read from them, whatever they send, and what their sessions add up to."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from codex_trio.domain.realtime import (
    SessionBegan,
    SessionEnded,
    Spoken,
    VoiceItemCompleted,
    VoiceItemStarted,
    VoiceNews,
    from_payload,
    to_payload,
)
from codex_trio.engine.realtime import protocol, words
from codex_trio.engine.realtime.answers import AnswerForm
from codex_trio.engine.realtime.protocol import SessionWish
from codex_trio.engine.realtime.transcript import MAX_ITEM, MAX_SAID, VoiceTranscript


def read(version: Any, **event: Any) -> Any:
    return protocol.read(version, json.dumps(event).encode())


def call(name: str, arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "id": "i", "call_id": "c", "name": name, "arguments": arguments}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"garbage{",
        b"\xff\xfe",
        b"[]",
        b"1",
        b"{}",
        b'{"type": 1}',
        b'{"type": "unknown"}',
        b'{"type": "response.output_audio.delta"}',
        b'{"type": "response.output_audio.delta", "delta": 5}',
        b'{"type": "response.output_text.delta", "delta": null}',
        b'{"type": "conversation.item.added"}',
        b'{"type": "conversation.item.done", "item": []}',
        b'{"type": "conversation.item.done", "item": {"type": "function_call", "name": "background_agent"}}',
        b"[" * 10_000,
        b'{"type": "input_transcript.added", "item": {}}',
        b'{"type": "delegation.created", "item": {"id": "d", "type": "delegation", "target": "client"}}',
        b'{"type": "delegation.created", "item": {"id": "d", "type": "delegation", "content": []}}',
        b'{"type": "delegation.created", "item": {"type": "delegation", "target": "client", "content": []}}',
    ],
)
def test_what_means_nothing_is_nothing(raw: bytes) -> None:
    for version in ("v1", "v2", "v3"):
        assert protocol.read(version, raw) is None


def test_what_the_realtime_api_says() -> None:
    assert read("v2", type="response.output_audio.delta", delta="AA") == protocol.AudioSaid(data="AA")
    odd = read("v2", type="response.output_audio.delta", delta="AA", sample_rate=-1, channels="x")
    assert (odd.sample_rate, odd.channels) == (24_000, 1)
    assert read("v2", type="response.created") == protocol.ResponseBegan()
    assert read("v2", type="response.done") == protocol.ResponseOver()
    assert read("v2", type="conversation.item.done", item=call("remain_silent")) == protocol.Silence("c")
    assert read("v2", type="conversation.item.done", item=call("other")) is None
    for arguments, prompt in (('{"prompt": "p"}', "p"), ("p {", "p {"), ('{"x": 1}', '{"x": 1}'), ("[1]", "[1]")):
        handoff = read("v2", type="conversation.item.done", item=call("background_agent", arguments))
        assert handoff == protocol.Handoff(id="c", item_id="i", prompt=prompt, is_call=True)
    for event, said in (({"message": "m"}, "m"), ("e", "e"), (None, "the realtime server reports an error")):
        assert read("v2", type="error", error=event) == protocol.ServerFailed(said)
    assert read("v2", type="error", message="m") == protocol.ServerFailed("m")
    assert read("v2", type="conversation.handoff.requested", handoff_id="h") is None


HALF = "\ud83d"
"""JSON may name half of a character, which no text can hold."""


@pytest.mark.parametrize(
    ("version", "event"),
    [
        ("v2", {"type": "response.output_audio_transcript.delta", "delta": HALF}),
        ("v2", {"type": "conversation.item.input_audio_transcription.completed", "transcript": HALF}),
        ("v2", {"type": "response.output_audio.delta", "delta": "AA", "item_id": HALF}),
        ("v2", {"type": "error", "error": {"message": HALF}}),
        ("v2", {"type": "conversation.item.added", "item": {HALF: [{"text": HALF}]}}),
        ("v2", {"type": "input_audio_buffer.speech_started", "item_id": HALF}),
        ("v2", {"type": "response.cancelled", "response": {"id": HALF}}),
        ("v2", {"type": "conversation.item.done", "item": call("background_agent", json.dumps({"prompt": HALF}))}),
        ("v2", {"type": "conversation.item.done", "item": call("background_agent", HALF)}),
        ("v2", {"type": "conversation.item.done", "item": {**call("remain_silent"), "call_id": HALF}}),
        ("v1", {"type": "conversation.handoff.requested", "handoff_id": HALF, "input_transcript": HALF}),
    ],
)
def test_half_a_character_is_replaced_wherever_it_stands(version: Any, event: dict[str, Any]) -> None:
    said = read(version, **event)
    assert "\ufffd" in msgspec.json.encode(said).decode()


def test_a_whole_character_stays_what_it_is() -> None:
    raw = b'{"type": "response.output_text.delta", "delta": "\\ud83d\\ude00"}'
    assert protocol.read("v2", raw) == protocol.WordsSaid(role="assistant", delta="\U0001f600")


def test_what_the_generation_before_says() -> None:
    sound = read("v1", type="conversation.output_audio.delta", delta="AA", sample_rate=48_000, channels=2)
    assert (sound.sample_rate, sound.channels) == (48_000, 2)
    assert read("v1", type="response.output_audio.delta", delta="AA") is None
    assert read("v1", type="conversation.input_transcript.delta", delta="a").role == "user"
    handoff = read("v1", type="conversation.handoff.requested", handoff_id="h", item_id="i", input_transcript="do")
    assert handoff == protocol.Handoff(id="h", item_id="i", prompt="do", is_call=False)
    assert read("v1", type="conversation.item.done", item=call("background_agent")) is None


def test_what_the_generation_without_turns_says() -> None:
    assert read("v3", type="session.started", session={"id": "s"}) == protocol.SessionReady()
    assert read("v3", type="output_audio.delta", audio="AA") == protocol.AudioSaid(data="AA")
    assert read("v3", type="response.output_text.delta", delta="a") is None
    content = [{"type": "input_text", "text": "a"}, {"type": "text", "text": "b"}, 5, {"type": "input_text"}]
    item = {"id": "d", "type": "delegation", "target": "client", "content": content}
    handoff = protocol.Handoff(id="d", item_id="d", prompt="a", is_call=False)
    assert read("v3", type="delegation.created", item=item) == handoff
    assert read("v3", type="error", error={"message": "m"}) == protocol.ServerFailed("m")


def told(form: AnswerForm, text: str) -> tuple[str | None, str]:
    event = form.said("v3", text, handoff_id="d", is_final=True)
    assert event["delegation_item_id"] == "d"
    return event.get("channel"), event["content"][0]["text"]


def test_which_answers_are_said_aloud() -> None:
    quiet = "[COMMENTARY] x"
    assert told(AnswerForm(), quiet) == (None, quiet)
    assert told(AnswerForm(mode="commentary"), "x") == ("commentary", "x")
    assert told(AnswerForm(mode="bemTags"), "x") == ("speakable", "x")
    assert told(AnswerForm(mode="bemTags"), quiet) == ("commentary", quiet)
    assert told(AnswerForm(mode="bemTags", prefixes={"analysis": ["", "!"]}), quiet) == ("speakable", quiet)
    thinking = AnswerForm(tells_reasoning=True)
    assert thinking.thought("v3", "x", handoff_id=None) is None
    assert thinking.thought("v2", "x", handoff_id="d") is None
    assert AnswerForm().thought("v3", "x", handoff_id="d") is None


def test_a_session_that_only_writes_down_what_is_said() -> None:
    wish = SessionWish(instructions="p", voice="marin", modality="audio", only_transcribes=True)
    assert protocol.session_of("v2", wish) == {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {"model": "gpt-4o-mini-transcribe"},
            }
        },
    }


def whole(news: Iterable[VoiceNews]) -> list[str]:
    items = [one.item for one in news if isinstance(one, VoiceItemCompleted)]
    return [item.text for item in items if isinstance(item, Spoken)]


def test_each_time_that_somebody_speaks_is_an_item() -> None:
    transcript = VoiceTranscript("s")
    news = [*transcript.add("user", "a"), *transcript.add("assistant", "x"), *transcript.add("user", "b")]
    assert [type(one).__name__ for one in news].count("VoiceItemStarted") == 2
    completed = [*transcript.complete("user", "")]
    assert whole(completed) == ["ab"]
    assert [*transcript.complete("user", "")] == []
    # The server's last word counts.
    completed = [*transcript.complete("assistant", "xyz")]
    assert whole(completed) == ["xyz"]
    at_once = [*transcript.complete("user", "at once")]
    assert any(isinstance(one, VoiceItemStarted) for one in at_once)
    assert transcript.take("do it") == [("user", "ab"), ("assistant", "xyz"), ("user", "at once"), ("user", "do it")]
    assert transcript.take("again") == [("user", "again")]
    assert [*transcript.add("user", "cut off")]
    assert whole(transcript.finish()) == ["cut off"]


def test_what_was_said_before_the_agent_is_asked_is_bounded() -> None:
    transcript = VoiceTranscript("s")
    for _ in range(50):
        assert [*transcript.complete("user", "x" * 10_000)]
    assert sum(len(text) for _, text in transcript.said) <= MAX_SAID


def test_the_agent_is_told_everything_once() -> None:
    transcript = VoiceTranscript("s")
    assert [*transcript.add("user", "a"), *transcript.add("user", "b"), *transcript.add("assistant", "x")]
    assert transcript.take("go") == [("user", "ab"), ("assistant", "x"), ("user", "go")]
    assert [*transcript.add("user", "c"), *transcript.add("assistant", "y"), *transcript.add("user", "d")]
    assert transcript.take() == [("user", "c"), ("assistant", "y"), ("user", "d")]
    # What comes of an item whole is no news when the agent knows some of it.
    assert whole(transcript.complete("user", "")) == ["abcd"]
    assert transcript.take() == []


def test_what_the_agent_is_told() -> None:
    text = words.delegation("a < b & c", [("user", "hi"), ("assistant", "</input>")])
    assert text == (
        "<realtime_delegation>\n  <input>a &lt; b &amp; c</input>\n"
        "  <transcript_delta>user: hi\nassistant: &lt;/input&gt;</transcript_delta>\n</realtime_delegation>"
    )
    assert words.instructions(None, None) == ""
    assert words.instructions("p", None) == "p"


def test_items_come_back_from_rollouts_as_they_went_in() -> None:
    plain: dict[str, Any] = {"id": "i", "session_id": "s", "observed_at_ms": 5}
    for item in (
        SessionBegan(**plain),
        Spoken(**plain, role="user", text="hi ☃"),
        SessionEnded(**plain, outcome="failed"),
    ):
        assert from_payload(to_payload(item)) == item
    old = {"id": "i", "realtime_session_id": "s", "type": "transcript_segment", "role": "assistant", "text": "t"}
    assert from_payload(old) == Spoken(id="i", session_id="s", observed_at_ms=0, role="assistant", text="t")
    odd: list[dict[str, Any]] = [
        {},
        {"id": 1, "realtime_session_id": "s"},
        {**old, "role": "nobody"},
        {**old, "type": "new"},
        {**old, "type": "frame", "channels": []},
    ]
    assert [from_payload(payload) for payload in odd] == [None] * len(odd)


@pytest.mark.parametrize(
    ("data", "is_sound"), [("AAAA", True), ("", True), ("AA==", True), ("A", False), ("A A", False)]
)
def test_what_is_base64(data: str, *, is_sound: bool) -> None:
    assert protocol.is_base64(data) == is_sound
    assert not protocol.is_base64("☃☃☃☃")


def test_one_who_never_ends_says_several_items() -> None:
    transcript = VoiceTranscript("s")
    news = [one for _ in range(5) for one in transcript.add("assistant", "x" * (MAX_ITEM // 2))]
    items = [one.item for one in news if isinstance(one, VoiceItemCompleted)]
    assert [len(item.text) for item in items if isinstance(item, Spoken)] == [MAX_ITEM, MAX_ITEM]
    assert len({item.id for item in items}) == 2
    [(role, text)] = transcript.take()
    assert (role, len(text)) == ("assistant", MAX_ITEM // 2 if MAX_ITEM // 2 < MAX_SAID else MAX_SAID)
