"""Voice sessions in the words of the protocol: what clients hear, and what is kept.

Protocol source: `thread/realtime/*`, release 0.171.0.
"""

from __future__ import annotations

from typing import Any

from codex_trio_protocol.v2 import thread_realtime as wire

from codex_trio.domain import realtime as domain


def voice_news_to_wire(thread_id: str, news: domain.VoiceNews) -> tuple[str, Any]:
    """Return the notification that tells of it, below `thread/realtime/`."""
    match news:
        case domain.VoiceStarted():
            return "started", wire.ThreadRealtimeStartedNotification(
                thread_id=thread_id, realtime_session_id=news.session_id, version=news.version
            )
        case domain.VoiceSdp():
            return "sdp", wire.ThreadRealtimeSdpNotification(thread_id=thread_id, sdp=news.sdp)
        case domain.VoiceItemStarted():
            return "item/started", wire.ThreadRealtimeItemStartedNotification(
                thread_id=thread_id, item=realtime_item_to_wire(news.item)
            )
        case domain.VoiceItemCompleted():
            return "item/completed", wire.ThreadRealtimeItemCompletedNotification(
                thread_id=thread_id, item=realtime_item_to_wire(news.item)
            )
        case domain.VoiceItemDelta():
            return "item/transcript/delta", wire.ThreadRealtimeItemTranscriptDeltaNotification(
                thread_id=thread_id, item_id=news.item_id, delta=news.delta
            )
        case domain.VoiceRawItem():
            return "itemAdded", wire.ThreadRealtimeItemAddedNotification(thread_id=thread_id, item=news.item)
        case domain.VoiceTranscriptDelta():
            return "transcript/delta", wire.ThreadRealtimeTranscriptDeltaNotification(
                thread_id=thread_id, role=news.role, delta=news.delta
            )
        case domain.VoiceTranscriptDone():
            return "transcript/done", wire.ThreadRealtimeTranscriptDoneNotification(
                thread_id=thread_id, role=news.role, text=news.text
            )
        case domain.VoiceAudio():
            audio = wire.ThreadRealtimeAudioChunk(
                data=news.data, sample_rate=news.sample_rate, num_channels=news.channels, item_id=news.item_id
            )
            return "outputAudio/delta", wire.ThreadRealtimeOutputAudioDeltaNotification(
                thread_id=thread_id, audio=audio
            )
        case domain.VoiceError():
            return "error", wire.ThreadRealtimeErrorNotification(thread_id=thread_id, message=news.message)
        case domain.VoiceClosed():
            return "closed", wire.ThreadRealtimeClosedNotification(thread_id=thread_id, reason=news.reason)


def realtime_item_to_wire(item: domain.RealtimeItem) -> wire.ThreadRealtimeItem:
    """Return an item as clients hear of it."""
    known = (item.id, item.session_id, item.observed_at_ms)
    match item:
        case domain.SessionBegan():
            return wire.RealtimeSessionStartedThreadRealtimeItem(**_known(*known))
        case domain.Spoken():
            return wire.TranscriptSegmentThreadRealtimeItem(**_known(*known), role=item.role, text=item.text)
        case domain.SessionEnded():
            return wire.RealtimeSessionClosedThreadRealtimeItem(**_known(*known), outcome=item.outcome)


def kept_item_to_wire(item: domain.RealtimeItem) -> wire.ThreadRealtimeItem:
    """Return an item as lists of kept ones show it."""
    if not isinstance(item, domain.Spoken):
        return realtime_item_to_wire(item)
    said = wire.ThreadRealtimeVoiceTranscript(role=item.role, text=item.text)
    return wire.FrameThreadRealtimeItem(
        **_known(item.id, item.session_id, item.observed_at_ms),
        channels=wire.ThreadRealtimeFrameChannels(voice_transcript=said),
    )


def _known(item_id: str, session_id: str, observed_at_ms: int) -> dict[str, Any]:
    return {"id": item_id, "realtime_session_id": session_id, "observed_at_ms": observed_at_ms}
